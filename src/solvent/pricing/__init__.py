"""Prices: the dated catalog, what a call can cost at most before it, and what it cost exactly after.

Belongs here: price sources, compiled rates, bounds, counting tokens without a network.
Does not belong here: budgets, wire formats, HTTP to providers, who pays.
"""
