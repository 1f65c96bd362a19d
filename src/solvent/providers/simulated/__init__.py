"""A provider that is not real: three companies' wire formats over real HTTP, scripted by the prompt itself.

Belongs here: reading calls, inventing answers, faults, and an invoice of its own with prices of its own.
Does not belong here: anything of ``solvent.pricing``, whose figures this invoice exists to check.
"""
