"""The ledger: what keeps the book right when processes die, and hands it out whole.

Belongs here: recovery from journals, the sweep of expired holds, services over entries that were booked.
Does not belong here: how entries are kept (``storage``), what they cost (``pricing``), who may spend (``domain``).
"""
