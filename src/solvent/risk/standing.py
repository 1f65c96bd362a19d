"""Where one invoice stands as of a date: what had arrived by then, whether it was closed, how old its debt is.

Nothing after the date is seen: not a payment, a dispute or a withdrawal.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from solvent.risk.records import Invoice


@dataclass(frozen=True, slots=True)
class Standing:
    """How one invoice stands as of a date: what had arrived by then, and when it was closed.

    *told* is the day on which it last told something: its closing, or the date of the look while it is open.
    *days_past_due* are from the due date to that day, negative when early.
    """

    invoice: Invoice
    paid_minor: int
    closed: date | None
    disputed: bool
    told: date
    days_past_due: int

    @property
    def rest_minor(self) -> int:
        """What is still open; never below zero, though a customer may pay too much."""
        return max(0, self.invoice.amount_minor - self.paid_minor)


def standing(invoice: Invoice, as_of: date) -> Standing | None:
    """Return how *invoice* stands as of a date; None when it was not issued yet, or is void by then."""
    if invoice.issued > as_of or known_by(as_of, invoice.voided_on, happened=invoice.is_void):
        return None
    closed, paid_minor = None, 0
    for paid, amount_minor in sorted((each.paid, each.amount_minor) for each in invoice.payments):
        if paid > as_of:
            break
        paid_minor += amount_minor
        if closed is None and paid_minor >= invoice.amount_minor:
            closed = paid
    told = closed or as_of
    return Standing(
        invoice,
        paid_minor,
        closed,
        disputed=known_by(as_of, invoice.disputed_on, happened=invoice.disputed),
        told=told,
        days_past_due=(told - invoice.due).days,
    )


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
