"""Floor 2: the desk where calls are paid: hold, wait in line, settle, release; and the rules that are in force.

Belongs here: what happens between a wish to spend and the store's answer, and words for a refusal.
Does not belong here: the decision itself (that is domain.budget), storage, prices, providers.
"""
