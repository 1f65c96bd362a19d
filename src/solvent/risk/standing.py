"""Where one invoice stands as of a date: what had arrived by then, whether it was closed, how old its debt is.

Nothing after the date is seen: not a payment, a dispute or a withdrawal.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import accumulate

from solvent.risk.records import Invoice


@dataclass(frozen=True, slots=True)
class Standing:
    """How one invoice stands as of a date: what had arrived by then, and when it was closed."""

    invoice: Invoice
    as_of: date
    paid_minor: int
    closed: date | None
    disputed: bool

    @property
    def rest_minor(self) -> int:
        """What is still open; never below zero, though a customer may pay too much."""
        return max(0, self.invoice.amount_minor - self.paid_minor)

    @property
    def days_past_due(self) -> int:
        """Days from the due date to the closing date, or to the date of the look; negative when early."""
        return (self.told - self.invoice.due).days

    @property
    def told(self) -> date:
        """The day on which the invoice last told something: its closing, or the date of the look while open."""
        return self.closed or self.as_of


def standing(invoice: Invoice, as_of: date) -> Standing | None:
    """Return how *invoice* stands as of a date; None when it was not issued yet, or is void by then."""
    if invoice.issued > as_of or known_by(as_of, invoice.voided_on, happened=invoice.is_void):
        return None
    arrived = sorted((p.paid, p.amount_minor) for p in invoice.payments if p.paid <= as_of)
    sums = accumulate(amount_minor for _, amount_minor in arrived)
    paid_after = zip((paid for paid, _ in arrived), sums, strict=True)
    closed = next((paid for paid, total_minor in paid_after if total_minor >= invoice.amount_minor), None)
    disputed = known_by(as_of, invoice.disputed_on, happened=invoice.disputed)
    return Standing(invoice, as_of, sum(amount_minor for _, amount_minor in arrived), closed, disputed)


@dataclass(frozen=True, slots=True)
class Aging:
    """Open, undisputed amounts by days past due, in minor units; they add up to what is open."""

    current_minor: int = 0
    days_1_30_minor: int = 0
    days_31_60_minor: int = 0
    days_61_90_minor: int = 0
    days_91_minor: int = 0

    @property
    def overdue_minor(self) -> int:
        """Everything past its due date."""
        return self.days_1_30_minor + self.days_31_60_minor + self.days_61_90_minor + self.days_91_minor

    @property
    def open_minor(self) -> int:
        """Everything open."""
        return self.current_minor + self.overdue_minor


def age(seen: Iterable[Standing]) -> Aging:
    """Return the open, undisputed amounts of *seen* (of one currency) by days past due."""
    buckets = [0] * 5
    for each in seen:
        if not each.closed and not each.disputed:
            buckets[min(4, max(0, math.ceil(each.days_past_due / 30)))] += each.rest_minor
    return Aging(*buckets)


def known_by(as_of: date, day: date | None, *, happened: bool) -> bool:
    """Whether what happened was known by then; without a day it is taken as known at every date."""
    return happened and (day is None or day <= as_of)
