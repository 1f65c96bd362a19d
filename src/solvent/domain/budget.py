"""Budgets: the rules, which of them a call meets, and the one function that admits or denies.

A budget is identified by (scope, period, hard or soft); a budget of an id takes the place of its kind's
default (``customer:*``) of the same period and kind, and an inactive one exempts that id from the default.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from solvent.domain.money import Money
from solvent.domain.period import Period, Window, window, zone
from solvent.domain.scope import default_of, parse_pattern
from solvent.errors import CallInvalid, LimitOutOfRange, Shortfall


@dataclass(frozen=True, slots=True)
class Budget:
    """A rule: at most ``limit_nanos`` for ``scope`` in each window of ``period``.

    A hard budget refuses; a soft one only counts. ``raise_nanos`` is added until ``raise_until_us``.
    """

    scope: str
    period: Period
    limit_nanos: int
    hard: bool = True
    time_zone: str = "UTC"
    active: bool = True
    raise_nanos: int = 0
    raise_until_us: int | None = None

    def checked(self) -> "Budget":
        """Return itself when every field can hold.

        Raises:
            CallInvalid: an unknown scope or time zone, or a raise without an end.
            LimitOutOfRange: an amount outside 0 … ``Money.MAX``.
        """
        parse_pattern(self.scope)
        zone(self.time_zone)
        Money.checked(self.limit_nanos)
        Money.checked(self.raise_nanos)
        Money.checked(self.limit_nanos + self.raise_nanos)
        if self.raise_nanos and self.raise_until_us is None:
            raise CallInvalid("a temporary raise needs the instant when it ends")
        return self

    @property
    def key(self) -> tuple[str, Period, bool]:
        """The budget's identity."""
        return (self.scope, self.period, self.hard)

    def limit_at(self, now_us: int) -> int:
        """Return the limit in force at *now_us*, a temporary raise included."""
        raised = self.raise_until_us is not None and now_us < self.raise_until_us
        return self.limit_nanos + (self.raise_nanos if raised else 0)


class Account(NamedTuple):
    """Where money is counted: one window of one scope. Budgets that differ only in limit share it.

    A tuple, since it is the key of maps that every call looks into dozens of times.
    """

    scope: str
    period: Period
    time_zone: str
    start_us: int


@dataclass(frozen=True, slots=True)
class Line:
    """A budget that a call meets: the account it is counted in and the limit in force."""

    account: Account
    window: Window
    limit_nanos: int
    hard: bool


class Balance(NamedTuple):
    """What an account holds: settled spending and the bounds of calls in flight."""

    spent_nanos: int = 0
    held_nanos: int = 0


NOTHING: Final = Balance()


def applicable(
    budgets: Mapping[str, Sequence[Budget]], scopes: Iterable[str]
) -> tuple[tuple[str, Budget], ...]:
    """Return the active budgets that hold for *scopes*, each with the scope it counts, in an order of their own.

    *budgets* maps the text of a scope or default to its budgets.
    """
    found: list[tuple[str, Budget]] = []
    for scope in scopes:
        own = {budget.key[1:]: budget for budget in budgets.get(scope, ())}
        pattern = default_of(scope)
        defaults = budgets.get(pattern, ()) if pattern else ()
        merged = {budget.key[1:]: budget for budget in defaults} | own
        found += [(scope, merged[kind]) for kind in sorted(merged) if merged[kind].active]
    return tuple(found)


def lines(met: Iterable[tuple[str, Budget]], now_us: int) -> tuple[Line, ...]:
    """Return a line for each budget met, with the window that holds *now_us*."""
    return tuple(line(scope, budget, now_us) for scope, budget in met)


def line(scope: str, budget: Budget, now_us: int) -> Line:
    """Return the line on which *scope* is counted against *budget* at *now_us*."""
    stretch = window(budget.period, budget.time_zone, now_us)
    account = Account(scope, budget.period, budget.time_zone, stretch.start_us)
    return Line(account, stretch, budget.limit_at(now_us), budget.hard)


@dataclass(frozen=True, slots=True)
class Denied:
    """Why a call was not admitted. ``busy``: it would fit if every call in flight settled at nothing."""

    shortfall: Shortfall
    busy: bool


def admit(
    met: Sequence[Line],
    balances: Mapping[Account, Balance],
    asked_nanos: int,
) -> Denied | None:
    """Decide whether *asked_nanos* may be held on every line: None admits, and then nothing may stop it.

    A hard line admits while spent + held + asked ≤ limit. Of several that do not, one that is spent comes
    before one that is only busy, then the one with the least left: what a caller must know first.

    Raises:
        LimitOutOfRange: an account would pass ``Money.MAX``.
    """
    worst: tuple[bool, int, Denied] | None = None
    for entry in met:
        balance = balances.get(entry.account, NOTHING)
        wanted = balance.spent_nanos + balance.held_nanos + asked_nanos
        if wanted > Money.MAX:
            raise LimitOutOfRange(f"{entry.account.scope} would pass {Money.show(Money.MAX)} in one window")
        if wanted <= entry.limit_nanos or not entry.hard:
            continue
        denied = denial(entry, balance, asked_nanos)
        rank = (denied.busy, denied.shortfall.available_nanos, denied)
        if worst is None or rank[:2] < worst[:2]:
            worst = rank
    return worst[2] if worst else None


def denial(met: Line, balance: Balance, asked_nanos: int) -> Denied:
    """Return the refusal of *asked_nanos* on one line, whatever the reason, with the figures of its account."""
    account = met.account
    shortfall = Shortfall(
        scope=account.scope,
        period=account.period.value,
        window_start_us=account.start_us,
        limit_nanos=met.limit_nanos,
        spent_nanos=balance.spent_nanos,
        held_nanos=balance.held_nanos,
        asked_nanos=asked_nanos,
        resets_at_us=met.window.end_us,
    )
    return Denied(shortfall, busy=balance.spent_nanos + asked_nanos <= met.limit_nanos)


def remaining(met: Iterable[Line], balances: Mapping[Account, Balance]) -> int | None:
    """Return the least that any hard line has left, in nano-dollars; None where no hard budget holds."""
    least: int | None = None
    for entry in met:
        if entry.hard:
            balance = balances.get(entry.account, NOTHING)
            left = entry.limit_nanos - balance.spent_nanos - balance.held_nanos
            if least is None or left < least:
                least = left
    return least if least is None else max(0, least)
