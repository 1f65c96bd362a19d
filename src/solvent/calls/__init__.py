"""Floor 3: the path of one call, from bytes to bytes, and the face of it that programs use.

Belongs here: the order of the steps, and each step: admit, route, reserve, send, stream, finish.
Does not belong here: what a step is made of (prices, dialects, storage, HTTP), settings, surfaces.
"""
