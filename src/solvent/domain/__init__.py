"""Floor 0: what a call, a budget, a price's usage and an entry are.

Belongs here: frozen records, pure functions, every rule about money. Standard library only, never awaits.
Does not belong here: I/O, wire formats, SQL, settings, anything that knows a provider by name.
"""
