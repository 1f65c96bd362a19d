"""Metrics: what a customer's history says as of a date, each row of the definitions once.

Nothing after the date is seen: not a payment, a dispute, a withdrawal or an answer. *Matured* invoices are
closed, or open and past due and grace; *pending* ones are not counted yet; disputed ones stand apart, void ones
nowhere.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import accumulate
from typing import Final

from solvent.risk.contacts import ChannelMetrics, measure_channels
from solvent.risk.estimates import Estimate, Observed, Priors, estimate_days, estimate_rate
from solvent.risk.records import History, Invoice, Promise, day_of

VERY_LATE_DAYS: Final = 30
"""More days late than this are *very late*."""
DEFAULT_PRIORS: Final = Priors()


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


@dataclass(frozen=True, slots=True)
class Amounts:
    """What is owed and how money came in, in one currency.

    ``weighted_days_to_pay`` is Σ(amount × days to pay) / Σ amount over closed invoices, by payment where one was
    paid in parts; None without a closed one. ``disputed_minor`` is open, and in no bucket.
    """

    currency: str
    aging: Aging
    disputed_minor: int
    weighted_days_to_pay: float | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many invoices are what, by the date.

    ``on_time``, ``late``, ``pending``, ``disputed`` and ``void`` add up to all that were issued.
    """

    on_time: int
    late: int
    pending: int
    disputed: int
    void: int
    closed: int
    open_late: int

    @property
    def matured(self) -> int:
        """Invoices that tell whether the customer pays on time."""
        return self.on_time + self.late


@dataclass(frozen=True, slots=True)
class Metrics:
    """Every metric of one customer as of one date.

    Rates and days are over the invoices of all currencies, amounts by currency; ``History.in_currency`` gives all
    of it for one. ``days_late`` counts open invoices by what they are late until now (*censored*: they will be
    later). ``worst_days_past_due`` is the oldest open debt's. ``channels`` holds those that were tried.
    """

    as_of: date
    grace_days: int
    counts: Counts
    late: Estimate
    very_late: Estimate
    days_to_pay: Estimate
    days_late: Estimate
    days_delinquent: Estimate
    promise_kept: Estimate
    channels: tuple[ChannelMetrics, ...]
    amounts: tuple[Amounts, ...]
    worst_days_past_due: int
    first_issued: date | None
    last_seen: date | None

    @property
    def on_time(self) -> Estimate:
        """The rate of matured invoices closed by their due date and grace; with ``late`` it makes 1."""
        return self.late.complement()

    @property
    def on_time_percent(self) -> float | None:
        """On-time share of the matured invoices, 0 to 100; None without one."""
        return _percent(self.counts.on_time, self.counts.matured)

    @property
    def late_percent(self) -> float | None:
        """Late share of the matured invoices: what is missing to 100; None without one."""
        on_time = self.on_time_percent
        return None if on_time is None else 100 - on_time

    def in_currency(self, currency: str) -> Amounts:
        """Return the amounts in *currency*; true zeros where nothing was ever owed in it."""
        found = (each for each in self.amounts if each.currency == currency)
        return next(found, Amounts(currency, Aging(), 0, None))


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
        return ((self.closed or self.as_of) - self.invoice.due).days


def standing(invoice: Invoice, as_of: date) -> Standing | None:
    """Return how *invoice* stands as of a date; None when it was not issued yet, or is void by then."""
    if invoice.issued > as_of or _since(as_of, invoice.voided_on, happened=invoice.is_void):
        return None
    arrived = sorted((p.paid, p.amount_minor) for p in invoice.payments if p.paid <= as_of)
    sums = accumulate(amount_minor for _, amount_minor in arrived)
    paid_after = zip((paid for paid, _ in arrived), sums, strict=True)
    closed = next((paid for paid, total_minor in paid_after if total_minor >= invoice.amount_minor), None)
    disputed = _since(as_of, invoice.disputed_on, happened=invoice.disputed)
    return Standing(invoice, as_of, sum(amount_minor for _, amount_minor in arrived), closed, disputed)


def measure(
    history: History, as_of: date, *, priors: Priors = DEFAULT_PRIORS, grace_days: int = 0
) -> Metrics:
    """Return every metric of *history* as of a date; an empty history gives the priors, None and true zeros.

    Pure, and independent of the order of records. An invoice is on time when closed within *grace_days* after its
    due date. An open late invoice counts with full weight; a closed one by the recency of its closing.

    Raises:
        ConfigurationError: the packages of the extra ``risk`` are missing.
    """
    known = [invoice for invoice in history.invoices if invoice.issued <= as_of]
    seen = [each for each in (standing(invoice, as_of) for invoice in known) if each]
    plain = [each for each in seen if not each.disputed]
    closed = [each for each in plain if each.closed]
    matured = [each for each in plain if each.closed or each.days_past_due > grace_days]
    overdue = [each for each in plain if not each.closed and each.days_past_due > 0]
    late = sum(each.days_past_due > grace_days for each in matured)
    counts = Counts(
        on_time=len(matured) - late,
        late=late,
        pending=len(plain) - len(matured),
        disputed=len(seen) - len(plain),
        void=len(known) - len(seen),
        closed=len(closed),
        open_late=len(matured) - len(closed),
    )
    return Metrics(
        as_of=as_of,
        grace_days=grace_days,
        counts=counts,
        late=estimate_rate(_beyond(matured, grace_days), priors.late, as_of),
        very_late=estimate_rate(_beyond(matured, VERY_LATE_DAYS), priors.very_late, as_of),
        days_to_pay=estimate_days(_days_to_pay(closed), priors.days_to_pay, as_of),
        days_late=estimate_days(_days_late(matured), priors.days_late, as_of),
        days_delinquent=estimate_days(_days_past_due(closed), priors.days_delinquent, as_of),
        promise_kept=estimate_rate(_promises(history, as_of, grace_days), priors.promise_kept, as_of),
        channels=measure_channels(history.contacts, as_of, priors),
        amounts=_amounts(seen),
        worst_days_past_due=max((each.days_past_due for each in overdue), default=0),
        first_issued=min((invoice.issued for invoice in known), default=None),
        last_seen=_last_seen(history, known, as_of),
    )


@dataclass(frozen=True, slots=True)
class LegacyView:
    """The plain numbers that the old system showed; 0.0 where nothing is known, which only this view may do."""

    average_days_to_pay: float
    on_time_percentage: float
    late_percentage: float
    response_rate: float
    commitment_kept_rate: float


def legacy_view(metrics: Metrics) -> LegacyView:
    """Return *metrics* as plain floats for code that cannot take None: raw figures, 0.0 when empty."""
    answered = sum(round((each.response.raw or 0) * each.response.n) for each in metrics.channels)
    attempts = sum(each.response.n for each in metrics.channels)
    return LegacyView(
        average_days_to_pay=metrics.days_to_pay.raw or 0.0,
        on_time_percentage=metrics.on_time_percent or 0.0,
        late_percentage=metrics.late_percent or 0.0,
        response_rate=_percent(answered, attempts) or 0.0,
        commitment_kept_rate=100 * (metrics.promise_kept.raw or 0.0),
    )


def _since(as_of: date, day: date | None, *, happened: bool) -> bool:
    """Whether what happened was known by then; without a day it is taken as known at every date."""
    return happened and (day is None or day <= as_of)


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def _told(each: Standing) -> date:
    """The day on which an invoice last told something: an open one still does."""
    return each.closed or each.as_of


def _beyond(matured: Sequence[Standing], days: int) -> Iterable[Observed]:
    return (Observed(each.days_past_due > days, _told(each)) for each in matured)


def _days_to_pay(closed: Sequence[Standing]) -> Iterable[Observed]:
    return (Observed((_told(each) - each.invoice.issued).days, _told(each)) for each in closed)


def _days_late(matured: Sequence[Standing]) -> Iterable[Observed]:
    return (Observed(max(0, each.days_past_due), _told(each)) for each in matured)


def _days_past_due(closed: Sequence[Standing]) -> Iterable[Observed]:
    return (Observed(each.days_past_due, _told(each)) for each in closed)


def _amounts(seen: Sequence[Standing]) -> tuple[Amounts, ...]:
    currencies = sorted({each.invoice.currency for each in seen})
    return tuple(
        _amounts_in(currency, [each for each in seen if each.invoice.currency == currency])
        for currency in currencies
    )


def _amounts_in(currency: str, seen: Sequence[Standing]) -> Amounts:
    return Amounts(
        currency,
        aging=age(seen),
        disputed_minor=sum(each.rest_minor for each in seen if each.disputed),
        weighted_days_to_pay=_weighted_days([each for each in seen if each.closed and not each.disputed]),
    )


def age(seen: Iterable[Standing]) -> Aging:
    """Return the open, undisputed amounts of *seen* (of one currency) by days past due."""
    buckets = [0] * 5
    for each in seen:
        if not each.closed and not each.disputed:
            buckets[min(4, max(0, math.ceil(each.days_past_due / 30)))] += each.rest_minor
    return Aging(*buckets)


def _weighted_days(closed: Sequence[Standing]) -> float | None:
    """Σ(amount × days) / Σ amount, exact until the last step; money paid too much weighs nothing."""
    weighted, whole_minor = 0, 0
    for each in closed:
        rest_minor = each.invoice.amount_minor
        whole_minor += rest_minor
        for paid, amount_minor in sorted((p.paid, p.amount_minor) for p in each.invoice.payments):
            part_minor = min(amount_minor, rest_minor)
            weighted += part_minor * (paid - each.invoice.issued).days
            rest_minor -= part_minor
    return float(Fraction(weighted, whole_minor)) if whole_minor else None


def _promises(history: History, as_of: date, grace_days: int) -> Iterable[Observed]:
    """Every promise that fell due: once its day and the grace are over."""
    by_id = {invoice.id: invoice for invoice in history.invoices}
    made = [(promise, [invoice]) for invoice in history.invoices for promise in invoice.promises]
    for contact in history.contacts:
        promise = contact.promise
        if promise and promise.invoice_id in by_id:
            made.append((promise, [by_id[promise.invoice_id]]))
        elif promise:
            same = [each for each in history.invoices if each.currency == promise.currency]
            made.append((promise, same))
    for promise, invoices in made:
        fell_due = promise.due + timedelta(days=grace_days)
        if fell_due < as_of and not _withdrawn(invoices, as_of):
            yield Observed(_kept(promise, invoices, fell_due), promise.due)


def _withdrawn(invoices: Sequence[Invoice], as_of: date) -> bool:
    """Whether a promise has lost its object: every invoice that it was about is void."""
    return bool(invoices) and all(
        _since(as_of, invoice.voided_on, happened=invoice.is_void) for invoice in invoices
    )


def _kept(promise: Promise, invoices: Sequence[Invoice], until: date) -> bool:
    if promise.kept is not None:
        return promise.kept
    if promise.amount_minor is None:
        stands = [standing(invoice, until) for invoice in invoices]
        return bool(stands) and all(each is not None and each.closed is not None for each in stands)
    arrived = (
        payment.amount_minor
        for invoice in invoices
        for payment in invoice.payments
        if promise.made <= payment.paid <= until
    )
    return sum(arrived) >= promise.amount_minor


def _last_seen(history: History, known: Sequence[Invoice], as_of: date) -> date | None:
    """The latest day of any record by then."""
    days = [
        day
        for invoice in known
        for day in (invoice.issued, *(payment.paid for payment in invoice.payments))
        if day <= as_of
    ]
    days += [day_of(contact.at) for contact in history.contacts if day_of(contact.at) <= as_of]
    return max(days, default=None)
