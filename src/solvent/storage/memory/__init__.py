"""The memory backend: the reference model, plain dictionaries that end with the process.

Belongs here: the simplest code that keeps every promise of the ports, to be read beside the other backends.
Does not belong here: caching, threads, anything that makes it fast instead of plainly right.
"""
