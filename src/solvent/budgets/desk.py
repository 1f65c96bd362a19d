"""The desk: every hold is taken and every reservation is closed here.

A denial is decided in ``domain.budget`` inside the store; the desk waits, gives up, and finds the words.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from solvent.budgets.line import Place, WaitingLine, line_key
from solvent.domain.budget import Balance, Budget, Denied, applicable, lines
from solvent.domain.clock import US_PER_S, Clock
from solvent.domain.entry import Entry
from solvent.domain.period import Period, Window
from solvent.domain.reservation import Ask, Hold, Reservation, Settlement
from solvent.domain.scope import is_default, parse_pattern, parse_scope
from solvent.ports.storage import BudgetStore


@dataclass(frozen=True, slots=True)
class Standing:
    """A budget as it stands for one scope: its window and what the account holds."""

    scope: str
    budget: Budget
    window: Window
    limit_nanos: int
    balance: Balance

    @property
    def available_nanos(self) -> int:
        """What a call could still be held on it."""
        return max(0, self.limit_nanos - self.balance.spent_nanos - self.balance.held_nanos)


class Desk:
    """Holds and closes, over one store. *tick_s* is how often the first in line asks about other processes."""

    def __init__(self, store: BudgetStore, clock: Clock, *, tick_s: float) -> None:
        self._store = store
        self._clock = clock
        self._line = WaitingLine(tick_s)

    async def hold(self, ask: Ask, *, wait_s: float) -> Reservation | Denied:
        """Take the hold, waiting up to *wait_s* seconds, first come first served, while it is only busy.

        Returns the denial when the budget is spent, or still busy when patience ends; nothing is changed then.
        A cancelled wait leaves the line.
        """
        if wait_s <= 0:
            return await self._store.reserve(ask)
        arrived_us = ask.asked_us if ask.queued_us is None else ask.queued_us
        patient = replace(
            ask, queued_us=arrived_us, queue_until_us=self._clock.now_us() + round(wait_s * US_PER_S)
        )
        answer = await self._store.reserve(patient)
        if isinstance(answer, Reservation) or not answer.busy:
            return answer
        return await self._wait(patient, answer, self._clock.monotonic_s() + wait_s)

    async def _wait(self, ask: Ask, denied: Denied, until_s: float) -> Reservation | Denied:
        """Stand in line until admitted, spent, or out of patience; leave nothing behind either way."""
        place = Place(ask.queued_us or 0, ask.id)
        admitted = False
        try:
            while denied.busy and (patience_s := until_s - self._clock.monotonic_s()) > 0:
                self._line.stand(line_key(denied.shortfall), place)
                await self._line.turn_of(place, patience_s)
                answer = await self._store.reserve(_asked_at(ask, self._clock.now_us()))
                if isinstance(answer, Reservation):
                    admitted = True
                    return answer
                denied = answer
            return denied
        finally:
            self._line.leave(place)
            if not admitted:
                await asyncio.shield(self._store.leave_line(ask.id))

    async def settle(self, reservation_id: str, entries: tuple[Entry, ...]) -> Settlement:
        """Book *entries* and close the reservation; see ``BudgetStore.settle``."""
        settlement = await self._store.settle(reservation_id, entries)
        self._line.wake()
        return settlement

    async def release(self, reservation_id: str) -> Settlement:
        """Give back a hold whose call was never sent; see ``BudgetStore.release``."""
        settlement = await self._store.release(reservation_id)
        self._line.wake()
        return settlement

    async def define(self, budget: Budget) -> Budget | None:
        """Put *budget* in force and return the one it replaces.

        Raises:
            CallInvalid: a field cannot hold.
            LimitOutOfRange: an amount outside 0 … ``Money.MAX``.
        """
        replaced = await self._store.define(budget.checked())
        self._line.wake()
        return replaced

    async def remove(self, scope: str, period: Period, *, hard: bool) -> Budget | None:
        """Take a budget out of force and return it; None if there was none."""
        removed = await self._store.remove((parse_pattern(scope), period, hard))
        self._line.wake()
        return removed

    async def budgets(self) -> Sequence[Budget]:
        """Return the rules in force and those set aside (inactive)."""
        return await self._store.budgets()

    async def holds(self) -> Sequence[Hold]:
        """Return the calls in flight, oldest first."""
        return await self._store.holds()

    async def standing(self, scopes: Sequence[str]) -> tuple[Standing, ...]:
        """Return how every budget that meets *scopes* stands now, defaults included.

        Raises:
            CallInvalid: one is not a scope.
        """
        rules: dict[str, list[Budget]] = {}
        for budget in await self._store.budgets():
            rules.setdefault(budget.scope, []).append(budget)
        now_us = self._clock.now_us()
        met = applicable(rules, [parse_scope(scope) for scope in scopes])
        drawn = lines(met, now_us)
        balances = await self._store.balances([entry.account for entry in drawn])
        return tuple(
            Standing(scope, budget, entry.window, entry.limit_nanos, balance)
            for (scope, budget), entry, balance in zip(met, drawn, balances, strict=True)
        )

    async def standings(self, scope: str | None = None) -> tuple[Standing, ...]:
        """Return how each budget stands for everyone that it counts at present; or for one scope."""
        if scope is not None:
            return await self.standing([scope])
        now_us = self._clock.now_us()
        counted = await self._store.accounts(at_us=now_us)
        names = {budget.scope for budget in await self._store.budgets()}
        seen = {account.scope for account, _ in counted} | {name for name in names if not is_default(name)}
        return await self.standing(sorted(seen))


def _asked_at(ask: Ask, now_us: int) -> Ask:
    """Return *ask* made again at *now_us*, so that it meets the window of its admission."""
    return replace(ask, asked_us=now_us, blank=replace(ask.blank, admitted_us=now_us))
