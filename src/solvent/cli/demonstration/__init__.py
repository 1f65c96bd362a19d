"""What ``solvent demo`` shows: an invented business, the real SDKs as its clients, a provider that is not real.

Belongs here: the scenery, the traffic, the clients, the report at the end.
Does not belong here: anything that a user's own calls need; every figure that is shown comes from the services.
"""
