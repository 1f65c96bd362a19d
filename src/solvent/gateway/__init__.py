"""Floor 5: solvent over HTTP: the providers' own surfaces, management under /api, health.

Belongs here: reading requests, choosing the surface, statuses and error bodies, response headers.
Does not belong here: any rule about money or routing; a handler reads, calls a service, and writes.
"""
