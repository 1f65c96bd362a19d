"""The shapes of management: what may be sent, and what is answered. Amounts are nano-dollars and exact dollars."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from solvent.budgets.desk import Standing
from solvent.domain.budget import Budget
from solvent.domain.clock import from_datetime, to_iso
from solvent.domain.entry import Entry
from solvent.domain.money import Money
from solvent.domain.period import Period
from solvent.domain.reservation import Hold
from solvent.domain.usage import BUCKETS, Usage
from solvent.errors import CallInvalid
from solvent.ports.storage import UsageRow

_DIGITS = 40


def instant(name: str, moment: datetime) -> int:
    """Return *moment* in microseconds since the epoch.

    Raises:
        CallInvalid: in UTC it lies outside the calendar.
    """
    try:
        return from_datetime(moment)
    except OverflowError:
        raise CallInvalid(f"{name} lies outside the years 1 to 9999 of UTC") from None


class Amount(BaseModel):
    """An amount of money, twice: whole nano-dollars, and dollars as exact decimal text."""

    nanos: int
    usd: str

    @classmethod
    def of(cls, nanos: int) -> Self:
        """Show *nanos*."""
        return cls(nanos=nanos, usd=Money.plain(nanos))


class BudgetBody(BaseModel):
    """A budget to put in force. Amounts are dollars as text, such as ``"5.00"``."""

    model_config = ConfigDict(extra="forbid", strict=True)

    scope: str = Field(max_length=400, examples=["customer:*"])
    period: Period = Field(strict=False)
    limit_usd: str = Field(max_length=_DIGITS, examples=["5.00"])
    hard: bool = True
    time_zone: str = Field("UTC", max_length=100)
    active: bool = True
    raise_usd: str = Field("0", max_length=_DIGITS)
    raise_until: datetime | None = Field(None, strict=False)

    def budget(self) -> Budget:
        """Return the rule.

        Raises:
            CallInvalid, LimitOutOfRange: a field cannot hold.
        """
        if self.raise_until is not None and self.raise_until.tzinfo is None:
            raise CallInvalid("raise_until needs a time zone, such as 2026-12-01T00:00:00Z")
        return Budget(
            scope=self.scope,
            period=self.period,
            limit_nanos=Money.parse(self.limit_usd),
            hard=self.hard,
            time_zone=self.time_zone,
            active=self.active,
            raise_nanos=Money.parse(self.raise_usd),
            raise_until_us=None if self.raise_until is None else instant("raise_until", self.raise_until),
        ).checked()


class BudgetView(BaseModel):
    """A budget in force, or set aside."""

    scope: str
    period: Period
    limit: Amount
    hard: bool
    time_zone: str
    active: bool
    raised_by: Amount
    raised_until: str | None

    @classmethod
    def of(cls, budget: Budget) -> Self:
        """Show *budget*."""
        until_us = budget.raise_until_us
        return cls(
            scope=budget.scope,
            period=budget.period,
            limit=Amount.of(budget.limit_nanos),
            hard=budget.hard,
            time_zone=budget.time_zone,
            active=budget.active,
            raised_by=Amount.of(budget.raise_nanos),
            raised_until=None if until_us is None else to_iso(until_us),
        )


class StandingView(BaseModel):
    """How a budget stands for one spender in its current window."""

    scope: str
    period: Period
    hard: bool
    from_default: str | None
    window_start: str
    resets_at: str | None
    limit: Amount
    spent: Amount
    held: Amount
    available: Amount

    @classmethod
    def of(cls, standing: Standing) -> Self:
        """Show *standing*."""
        budget, window = standing.budget, standing.window
        return cls(
            scope=standing.scope,
            period=budget.period,
            hard=budget.hard,
            from_default=budget.scope if budget.scope != standing.scope else None,
            window_start=to_iso(window.start_us),
            resets_at=None if window.end_us is None else to_iso(window.end_us),
            limit=Amount.of(standing.limit_nanos),
            spent=Amount.of(standing.balance.spent_nanos),
            held=Amount.of(standing.balance.held_nanos),
            available=Amount.of(standing.available_nanos),
        )


class HoldView(BaseModel):
    """A call in flight and what it holds."""

    id: str
    scopes: list[str]
    model: str
    held: Amount
    admitted_at: str
    expires_at: str
    owner: str

    @classmethod
    def of(cls, hold: Hold) -> Self:
        """Show *hold*."""
        reservation = hold.reservation
        return cls(
            id=reservation.id,
            scopes=list(reservation.scopes),
            model=hold.blank.model,
            held=Amount.of(reservation.bound_nanos),
            admitted_at=to_iso(reservation.admitted_us),
            expires_at=to_iso(reservation.expires_us),
            owner=reservation.owner,
        )


def counts(usage: Usage) -> dict[str, int]:
    """Return the buckets that count anything, by name."""
    return {name: count for name, count in zip(BUCKETS, usage.counts(), strict=True) if count}


class UsageView(BaseModel):
    """Totals of one group."""

    group: dict[str, str | None]
    calls: int
    failures: int
    usage: dict[str, int]
    total_tokens: int
    cost: Amount
    presumed: Amount
    mean_latency_ms: int

    @classmethod
    def of(cls, names: tuple[str, ...], row: UsageRow) -> Self:
        """Show *row*, grouped by *names*."""
        return cls(
            group=dict(zip(names, row.group, strict=True)),
            calls=row.calls,
            failures=row.failures,
            usage=counts(row.usage),
            total_tokens=row.usage.total_tokens,
            cost=Amount.of(row.cost_nanos),
            presumed=Amount.of(row.presumed_nanos),
            mean_latency_ms=row.latency_ms // row.calls if row.calls else 0,
        )


class EntryView(BaseModel):
    """One line of the book."""

    id: str
    call_id: str
    kind: str
    corrects: str | None
    scopes: list[str]
    admitted_at: str
    booked_at: str
    provider: str
    deployment: str
    model_asked: str
    model: str
    operation: str
    usage: dict[str, int]
    cost: Amount
    bound: Amount
    price_version: str
    certainty: str
    outcome: str
    detail: str
    status: int | None
    streamed: bool
    latency_ms: int
    first_byte_ms: int | None

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """Show *entry*."""
        same = {
            name: getattr(entry, name)
            for name in cls.model_fields
            if name not in {"scopes", "admitted_at", "booked_at", "usage", "cost", "bound"}
        }
        return cls(
            **same,
            scopes=list(entry.scopes),
            admitted_at=to_iso(entry.admitted_us),
            booked_at=to_iso(entry.booked_us),
            usage=counts(entry.usage),
            cost=Amount.of(entry.cost_nanos),
            bound=Amount.of(entry.bound_nanos),
        )


class PriceView(BaseModel):
    """A model that the price list knows."""

    source: str
    model: str
    context_tokens: int | None
