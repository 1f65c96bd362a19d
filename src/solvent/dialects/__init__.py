"""Floor 1: wire formats, as pure functions over parsed JSON and bytes.

Belongs here: reading a call's demand, a reply's facts and a stream's events; writing one dialect in another.
Does not belong here: HTTP, prices, which provider speaks what (that is the catalog), status codes of solvent.
"""
