"""Features: the few figures of a customer that a card weighs, in units that people know.

Each is monotone by construction: one more late invoice moves none of them towards lower risk, one more on-time
invoice none towards higher. So they count and take the worst; they never average what a mild case could dilute,
but for the late rate itself, which every late invoice raises.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median
from types import MappingProxyType
from typing import Annotated, Final, Literal, Self

from pydantic import Field

from solvent.risk.estimates import recency
from solvent.risk.metrics import Metrics
from solvent.risk.observations import VERY_LATE_DAYS, matured
from solvent.risk.records import Count, History, Record
from solvent.risk.standing import Standing, standing

CALM_DAYS_MAX: Final = 720
"""The calm of who was never late; longer ago is the same."""
NO_TYPICAL: Final[Mapping[str, int]] = MappingProxyType({})

Rate = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Days = Annotated[float, Field(allow_inf_nan=False)]
Scale = Literal["plain", "log_odds", "log2"]
Direction = Literal["raises", "lowers"]


class Features(Record):
    """Everything that the numbers of an assessment are computed from; ``features_hash`` is over exactly this.

    Rates and days come as estimates drawn to their prior, with their 90 % interval. What cannot be known is None:
    *paid_on_time* without a typical volume of the portfolio, *credit_room* and *credit_use* without a credit
    limit, *broken_promises* without a promise that fell due, *unanswered* without an attempt that arrived.
    """

    as_of: date
    matured: Count
    late: Count
    pending: Count
    late_rate: Rate
    late_rate_low: Rate
    late_rate_high: Rate
    very_late_rate: Rate
    days_late: Days
    days_late_low: Days
    days_late_high: Days
    overdue_days: Count
    worst_days_late: Count
    severe_lates: Amount
    calm_days: Annotated[int, Field(ge=0, le=CALM_DAYS_MAX)]
    paid_on_time: Amount | None = None
    credit_room: Amount | None = None
    credit_use: Amount | None = None
    broken_promises: Rate | None = None
    unanswered: Rate | None = None

    @property
    def features_hash(self) -> str:
        """SHA-256 of the features as JSON, fields in their order."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Kind:
    """One figure that cards may weigh: what more of it does, the scale it acts on, and its words.

    *numbers* are the fields of ``Features`` that a reader needs to understand it.
    """

    id: str
    more: Direction
    scale: Scale
    words: str
    numbers: tuple[str, ...]

    def place(self, value: float) -> float:
        """Return where *value* lies on the scale that the card's points are straight on."""
        if self.scale == "log_odds":
            inside = min(max(value, 1e-6), 1 - 1e-6)
            return math.log(inside / (1 - inside))
        return math.log2(value + 2**-8) if self.scale == "log2" else value


KINDS: Final = (
    Kind("late_rate", "raises", "log_odds", "share of invoices paid late", ("late", "matured", "late_rate")),
    Kind("overdue_days", "raises", "plain", "age of the oldest overdue debt, in days", ("overdue_days",)),
    Kind("worst_days_late", "raises", "plain", "longest delay ever, in days", ("worst_days_late",)),
    Kind("severe_lates", "raises", "plain", "invoices over 30 days late, recent ones most", ("severe_lates",)),
    Kind("calm_days", "lowers", "plain", "days since an invoice was last late", ("calm_days",)),
    Kind("paid_on_time", "lowers", "log2", "money paid on time, in typical volumes", ("paid_on_time",)),
    Kind("credit_room", "lowers", "log2", "unused credit, in typical volumes", ("credit_room",)),
    Kind("credit_use", "raises", "plain", "open amount as a share of the credit limit", ("credit_use",)),
    Kind("broken_promises", "raises", "plain", "share of promises broken", ("broken_promises",)),
    Kind("unanswered", "raises", "plain", "share of contacts without an answer", ("unanswered",)),
)  # fmt: skip
KIND: Final[Mapping[str, Kind]] = MappingProxyType({kind.id: kind for kind in KINDS})


@dataclass(frozen=True, slots=True)
class Conduct:
    """What the matured invoices of one customer say beyond their rates."""

    worst_days_late: int
    severe_lates: float
    calm_days: int

    @classmethod
    def of(cls, ripe: Sequence[Standing], as_of: date, grace_days: int) -> Self:
        """Return the conduct that *ripe* invoices show; one that is open and late disturbs the calm today."""
        late = [each for each in ripe if each.days_past_due > grace_days]
        severe = (each for each in late if each.days_past_due > VERY_LATE_DAYS)
        return cls(
            worst_days_late=max((each.days_past_due for each in late), default=0),
            severe_lates=math.fsum(recency(each.told, as_of) for each in severe),
            calm_days=min(((as_of - each.told).days for each in late), default=CALM_DAYS_MAX),
        )


def read_features(
    history: History, metrics: Metrics, *, typical_minor: Mapping[str, int] = NO_TYPICAL
) -> Features:
    """Return the features of *history*, whose *metrics* give the date and the grace.

    Pure, and independent of the order of records. *typical_minor* is what ``typical_volume`` returns for the
    portfolio.
    """
    as_of, grace_days = metrics.as_of, metrics.grace_days
    stands = (standing(invoice, as_of) for invoice in history.invoices)
    ripe = matured([each for each in stands if each], grace_days)
    conduct = Conduct.of(ripe, as_of, grace_days)
    promises = metrics.promise_kept
    return Features(
        as_of=as_of,
        matured=metrics.counts.matured,
        late=metrics.counts.late,
        pending=metrics.counts.pending,
        late_rate=metrics.late.shrunk,
        late_rate_low=metrics.late.low,
        late_rate_high=metrics.late.high,
        very_late_rate=metrics.very_late.shrunk,
        days_late=metrics.days_late.shrunk,
        days_late_low=metrics.days_late.low,
        days_late_high=metrics.days_late.high,
        overdue_days=metrics.worst_days_past_due,
        worst_days_late=conduct.worst_days_late,
        severe_lates=conduct.severe_lates,
        calm_days=min(conduct.calm_days, CALM_DAYS_MAX),
        paid_on_time=_paid_on_time(ripe, as_of, grace_days, typical_minor),
        credit_room=_credit_room(history, metrics, typical_minor),
        credit_use=_credit_use(history, metrics),
        broken_promises=1 - promises.shrunk if promises.n else None,
        unanswered=_unanswered(metrics),
    )


def typical_volume(histories: Iterable[History], as_of: date, *, grace_days: int = 0) -> Mapping[str, int]:
    """Return what customers who pay on time typically pay, by currency, in minor units.

    The median over customers of the money they paid on time, recent money counting more; currencies in which
    nobody did are left out.
    """
    volumes: dict[str, list[float]] = {}
    for history in histories:
        stands = (standing(invoice, as_of) for invoice in history.invoices)
        ripe = matured([each for each in stands if each], grace_days)
        for currency, volume in _volumes(ripe, as_of, grace_days).items():
            volumes.setdefault(currency, []).append(volume)
    return {currency: max(1, round(median(found))) for currency, found in sorted(volumes.items())}


def _volumes(ripe: Sequence[Standing], as_of: date, grace_days: int) -> dict[str, float]:
    """Money of invoices that were closed on time, weighed by recency: an indicator, not a sum to account for."""
    parts: dict[str, list[float]] = {}
    for each in ripe:
        if each.days_past_due <= grace_days:
            weighted = each.invoice.amount_minor * recency(each.told, as_of)
            parts.setdefault(each.invoice.currency, []).append(weighted)
    return {currency: math.fsum(found) for currency, found in parts.items()}


def _paid_on_time(
    ripe: Sequence[Standing], as_of: date, grace_days: int, typical_minor: Mapping[str, int]
) -> float | None:
    if not typical_minor:
        return None
    volumes = _volumes(ripe, as_of, grace_days)
    return math.fsum(volumes[each] / typical_minor[each] for each in volumes if each in typical_minor)


def _credit_room(history: History, metrics: Metrics, typical_minor: Mapping[str, int]) -> float | None:
    limit = _credit_limit(history)
    if limit is None or limit.currency not in typical_minor:
        return None
    open_minor = metrics.in_currency(limit.currency).aging.open_minor
    return max(0, limit.amount_minor - open_minor) / typical_minor[limit.currency]


def _credit_use(history: History, metrics: Metrics) -> float | None:
    limit = _credit_limit(history)
    if limit is None:
        return None
    return metrics.in_currency(limit.currency).aging.open_minor / limit.amount_minor


@dataclass(frozen=True, slots=True)
class _Limit:
    amount_minor: int
    currency: str


def _credit_limit(history: History) -> _Limit | None:
    """The credit limit that somebody granted; one of nothing grants nothing and measures nothing."""
    business = history.business
    if business is None or not business.credit_limit_minor or business.currency is None:
        return None
    return _Limit(business.credit_limit_minor, business.currency)


def _unanswered(metrics: Metrics) -> float | None:
    """Over all channels, each with the weight of its attempts that arrived."""
    told = sum(channel.response.n for channel in metrics.channels)
    if not told:
        return None
    answered = math.fsum(channel.response.shrunk * channel.response.n for channel in metrics.channels)
    return min(1.0, max(0.0, 1 - answered / told))
