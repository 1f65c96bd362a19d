"""Floor 2: how solvent speaks to the companies that serve models.

Belongs here: the catalog of providers, credentials, the HTTP client, what a failure means, the simulated one.
Does not belong here: prices, budgets, wire formats of replies; a provider that differs only in data is a row.
"""
