"""What may be spent on a customer: a budget from what contacting them is worth, previewed, applied, undone.

Worth of the next contact = open amount × P(next invoice is late) × P(the best channel is answered): who pays in
time anyway need not be asked, and who never answers cannot be moved. The budget is a share of it, between a floor
and a cap; where the next contact is worth less than it costs, it is zero. Advisory until applied.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal, Protocol

from solvent.domain.budget import Budget
from solvent.domain.money import NANOS_PER_USD, Money
from solvent.domain.period import Period
from solvent.domain.scope import scope
from solvent.errors import CallInvalid, ConfigurationError
from solvent.risk.assess import RiskAssessment
from solvent.risk.currency import MINOR_DIGITS
from solvent.risk.estimates import Priors
from solvent.risk.metrics import Metrics

Decision = Literal["set", "stop", "left_out"]
Why = Literal[
    "worth", "floor", "cap", "worth_less_than_contact", "nothing_open", "no_exchange_rate", "id_unusable"
]

USD: Final = "USD"
_CENT_NANOS: Final = NANOS_PER_USD // 100


class Purse(Protocol):
    """Where budgets are kept; each verb is atomic and idempotent."""

    async def budgets(self) -> Sequence[Budget]:
        """Return all budgets."""
        ...

    async def define(self, budget: Budget) -> Budget | None:
        """Put *budget* in force and return the one it replaces."""
        ...

    async def remove(self, scope: str, period: Period, *, hard: bool) -> Budget | None:
        """Take a budget out of force and return it."""
        ...


@dataclass(frozen=True, slots=True)
class LimitRules:
    """How worth becomes a budget. ``rates`` are dollars for one unit of a currency; USD is always 1.

    ``contact_cost_nanos`` is what one contact costs in all; below it, the next contact does not pay.

    Raises:
        ConfigurationError: the floor lies above the cap.
    """

    share: Decimal
    floor_nanos: int
    cap_nanos: int
    contact_cost_nanos: int
    period: Period
    rates: Mapping[str, Decimal]

    def __post_init__(self) -> None:
        if self.floor_nanos > self.cap_nanos:
            floor, cap = Money.show(self.floor_nanos), Money.show(self.cap_nanos)
            raise ConfigurationError(f"the floor of proposed budgets, {floor}, lies above their cap, {cap}")


def checked_rates(rates: Mapping[str, Decimal]) -> Mapping[str, Decimal]:
    """Return *rates* when each is a positive number of dollars for a currency of ISO 4217.

    Raises:
        ConfigurationError: one is not.
    """
    for currency, rate in rates.items():
        if currency not in MINOR_DIGITS or not rate.is_finite() or rate <= 0:
            raise ConfigurationError(
                f"risk_rates: {currency} = {rate} is no rate; write dollars for one unit, such as EUR = 1.08"
            )
    return rates


@dataclass(frozen=True, slots=True)
class Exposure:
    """What is known of one customer, as far as limits need it; ``open_minor`` by currency, without disputes."""

    customer_id: str
    open_minor: tuple[tuple[str, int], ...]
    late_probability: float
    answer_probability: float


@dataclass(frozen=True, slots=True)
class LimitProposal:
    """The budget proposed for one customer. ``unvalued`` are currencies without a rate, which count nothing."""

    customer_id: str
    decision: Decision
    why: Why
    limit_nanos: int
    worth_nanos: int
    unvalued: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One budget before and after; None where there is none."""

    key: tuple[str, Period, bool]
    before: Budget | None
    after: Budget | None


@dataclass(frozen=True, slots=True)
class Moved:
    """What an application or its undoing did: budgets changed, and those that somebody else had changed since."""

    changed: tuple[str, ...]
    left_alone: tuple[str, ...]


def exposure(assessment: RiskAssessment, metrics: Metrics, priors: Priors) -> Exposure:
    """Return what limits need of an assessment; an untried channel is believed to answer as the priors say."""
    tried = [channel.reached.shrunk * channel.response.shrunk for channel in metrics.channels]
    return Exposure(
        customer_id=assessment.customer_id,
        open_minor=tuple(
            (each.currency, each.aging.open_minor) for each in metrics.amounts if each.aging.open_minor
        ),
        late_probability=assessment.late.value,
        answer_probability=max(tried, default=priors.reached.mean * priors.response.mean),
    )


def propose(known: Exposure, rules: LimitRules) -> LimitProposal:
    """Return the budget that *known* is worth; pure, in whole cents, rounded down."""
    rates = {**rules.rates, USD: Decimal(1)}
    unvalued = tuple(currency for currency, _ in known.open_minor if currency not in rates)
    open_nanos = sum(
        Fraction(amount_minor, 10 ** MINOR_DIGITS[currency]) * Fraction(rates[currency]) * NANOS_PER_USD
        for currency, amount_minor in known.open_minor
        if currency in rates
    )
    chance = Fraction(known.late_probability) * Fraction(known.answer_probability)
    worth_nanos = _cents(open_nanos * chance)
    decision, why, limit_nanos = _decided(worth_nanos, rules)
    if not open_nanos:
        decision, why, limit_nanos = "left_out", "no_exchange_rate" if unvalued else "nothing_open", 0
    elif unvalued and decision == "stop":
        decision, why, limit_nanos = "left_out", "no_exchange_rate", 0
    if not _can_pay(known.customer_id):
        decision, why, limit_nanos = "left_out", "id_unusable", 0
    return LimitProposal(known.customer_id, decision, why, limit_nanos, worth_nanos, unvalued)


def _can_pay(customer_id: str) -> bool:
    """Say whether budgets can name this customer; a ledger may hold ids that they cannot."""
    try:
        scope("customer", customer_id)
    except CallInvalid:
        return False
    return True


def _decided(worth_nanos: int, rules: LimitRules) -> tuple[Decision, Why, int]:
    if worth_nanos < rules.contact_cost_nanos:
        return "stop", "worth_less_than_contact", 0
    share_nanos = _cents(Fraction(rules.share) * worth_nanos)
    if share_nanos < rules.floor_nanos:
        return "set", "floor", rules.floor_nanos
    if share_nanos > rules.cap_nanos:
        return "set", "cap", rules.cap_nanos
    return "set", "worth", share_nanos


def _cents(amount_nanos: Fraction | int) -> int:
    """Return *amount_nanos* rounded down to whole cents: an estimate has no finer digits to show."""
    return int(amount_nanos // _CENT_NANOS) * _CENT_NANOS


async def changes(proposals: Sequence[LimitProposal], period: Period, purse: Purse) -> tuple[Change, ...]:
    """Return what *proposals* would change in the budgets in force; nothing is written."""
    found = {budget.key: budget for budget in await purse.budgets()}
    wanted = [
        Budget(scope("customer", each.customer_id), period, Money.checked(each.limit_nanos))
        for each in proposals
        if each.decision != "left_out"
    ]
    pairs = [Change(budget.key, found.get(budget.key), budget) for budget in wanted]
    return tuple(change for change in pairs if change.before != change.after)


async def move(wanted: Sequence[Change], purse: Purse) -> Moved:
    """Make the budgets those of ``after``; one that is neither before nor after is somebody's, and left alone.

    A repeat finishes what a dead process began, and changes nothing that is done.
    """
    found = {budget.key: budget for budget in await purse.budgets()}
    changed: list[str] = []
    alone: list[str] = []
    for change in wanted:
        now = found.get(change.key)
        if now == change.after:
            continue
        if now != change.before:
            alone.append(change.key[0])
            continue
        if change.after is not None:
            await purse.define(change.after)
        else:
            name, period, hard = change.key
            await purse.remove(name, period, hard=hard)
        changed.append(change.key[0])
    return Moved(tuple(changed), tuple(alone))


def undone(wanted: Sequence[Change]) -> tuple[Change, ...]:
    """Return the changes that take *wanted* back."""
    return tuple(Change(change.key, change.after, change.before) for change in wanted)
