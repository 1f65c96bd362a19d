"""Payment risk: whether a customer will pay, computed from payment and contact history by code.

Belongs here: records and their readers, estimates, metrics, the card, the assessment and the words about it.
Does not belong here: calls to a model (``calls``), how results are kept (``storage``), budgets (``budgets``).
"""
