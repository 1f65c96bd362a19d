"""Storage: backends behind ``ports.storage``, and the journal behind ``ports.journal``.

Belongs here: how balances, holds and the book are kept, one package per backend, and which URL opens which.
Does not belong here: who may spend (``domain``), what a call costs (``pricing``), when to close (``calls``).
"""
