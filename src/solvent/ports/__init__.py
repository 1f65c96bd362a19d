"""Floor 1: what services ask of the world, as protocols.

Belongs here: the ports to storage, to providers and to the journal, with the guarantees every backend keeps.
Does not belong here: any implementation, SQL, HTTP; whoever implements a port lives on floor 2.
"""
