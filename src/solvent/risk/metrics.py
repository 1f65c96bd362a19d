"""Metrics: what a customer's history says as of a date, each row of the definitions once.

*Pending* invoices are open and not yet late: not counted; disputed ones stand apart and void ones nowhere. What is
observed is in ``observations``, how it becomes an estimate in ``estimates``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final

from solvent.risk.estimates import Estimate, Priors, estimate_days, estimate_rate
from solvent.risk.observations import Attempts, matured, observe, observe_attempts
from solvent.risk.records import Channel, History, Invoice, day_of
from solvent.risk.standing import Aging, Standing, age, standing

DEFAULT_PRIORS: Final = Priors()


@dataclass(frozen=True, slots=True)
class ChannelMetrics:
    """How one channel works for one customer.

    ``response``: answers in time / *delivered* attempts. ``reached``: delivered / attempts of known fate; bounced
    and failed ones are about the address, not about the customer. ``attempts`` counts all that were made.
    """

    channel: Channel
    response: Estimate
    reached: Estimate
    attempts: int


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
    behaviour = observe(history, seen, as_of, grace_days)
    overdue = (each.days_past_due for each in seen if not (each.closed or each.disputed))
    return Metrics(
        as_of=as_of,
        grace_days=grace_days,
        counts=_counts(known, seen, grace_days),
        late=estimate_rate(behaviour.late, priors.late, as_of),
        very_late=estimate_rate(behaviour.very_late, priors.very_late, as_of),
        days_to_pay=estimate_days(behaviour.days_to_pay, priors.days_to_pay, as_of),
        days_late=estimate_days(behaviour.days_late, priors.days_late, as_of),
        days_delinquent=estimate_days(behaviour.days_delinquent, priors.days_delinquent, as_of),
        promise_kept=estimate_rate(behaviour.promises_kept, priors.promise_kept, as_of),
        channels=tuple(
            _channel(attempts, priors, as_of) for attempts in observe_attempts(history.contacts, as_of)
        ),
        amounts=_amounts(seen),
        worst_days_past_due=max(0, max(overdue, default=0)),
        first_issued=min((invoice.issued for invoice in known), default=None),
        last_seen=max(_days_seen(history, as_of), default=None),
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


def _counts(known: Sequence[Invoice], seen: Sequence[Standing], grace_days: int) -> Counts:
    ripe = matured(seen, grace_days)
    disputed = sum(each.disputed for each in seen)
    late = sum(each.days_past_due > grace_days for each in ripe)
    open_late = sum(each.closed is None for each in ripe)
    return Counts(
        on_time=len(ripe) - late,
        late=late,
        pending=len(seen) - disputed - len(ripe),
        disputed=disputed,
        void=len(known) - len(seen),
        closed=len(ripe) - open_late,
        open_late=open_late,
    )


def _channel(attempts: Attempts, priors: Priors, as_of: date) -> ChannelMetrics:
    return ChannelMetrics(
        attempts.channel,
        response=estimate_rate(attempts.answered, priors.response, as_of),
        reached=estimate_rate(attempts.reached, priors.reached, as_of),
        attempts=attempts.made,
    )


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


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


def _weighted_days(closed: Sequence[Standing]) -> float | None:
    """Σ(amount × days) / Σ amount, exact until the last step; money paid too much weighs nothing."""
    weighted = sum(part_minor * days for each in closed for part_minor, days in _parts(each.invoice))
    whole_minor = sum(each.invoice.amount_minor for each in closed)
    return float(Fraction(weighted, whole_minor)) if whole_minor else None


def _parts(invoice: Invoice) -> Iterator[tuple[int, int]]:
    """What each payment of a closed invoice paid of it, and after how many days."""
    rest_minor = invoice.amount_minor
    for paid, amount_minor in sorted((each.paid, each.amount_minor) for each in invoice.payments):
        part_minor = min(amount_minor, rest_minor)
        yield part_minor, (paid - invoice.issued).days
        rest_minor -= part_minor


def _days_seen(history: History, as_of: date) -> Iterator[date]:
    """The day of every record by then."""
    for invoice in history.invoices:
        days = (invoice.issued, *(payment.paid for payment in invoice.payments))
        yield from (day for day in days if day <= as_of)
    yield from (day for day in (day_of(contact.at) for contact in history.contacts) if day <= as_of)
