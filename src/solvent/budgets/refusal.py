"""The words of a refusal: which budget, how much is left, what was asked, and what to do."""

from solvent.domain.budget import Denied
from solvent.domain.clock import to_iso
from solvent.domain.money import Money
from solvent.errors import BudgetBusy, BudgetExceeded


def refusal(denied: Denied) -> BudgetExceeded:
    """Return the error for *denied*: ``BudgetBusy`` when calls in flight hold the rest, else final."""
    short = denied.shortfall
    resets = "never resets" if short.resets_at_us is None else f"resets {to_iso(short.resets_at_us)}"
    told = (
        f"the {short.period} budget of {short.scope} has {Money.show(short.available_nanos)} left of "
        f"{Money.show(short.limit_nanos)} (spent {Money.show(short.spent_nanos)}, held by calls in flight "
        f"{Money.show(short.held_nanos)}; {resets}) and this call may cost up to "
        f"{Money.show(short.asked_nanos)}"
    )
    if denied.busy:
        return BudgetBusy(f"{told}; try again when calls in flight have settled", short)
    return BudgetExceeded(f"{told}; ask for less output or raise the budget", short)
