"""The desk: every hold is taken and every reservation is closed here.

A denial is decided in ``domain.budget`` inside the store; the desk waits, gives up, and finds the words.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final, Protocol

from solvent.budgets.line import Place, WaitingLine, line_key
from solvent.domain.budget import Balance, Budget, Denied, applicable, lines
from solvent.domain.clock import US_PER_S, Clock
from solvent.domain.entry import Entry
from solvent.domain.period import Period, Window
from solvent.domain.reservation import Ask, Hold, Reservation, Settlement
from solvent.domain.scope import is_default, parse_pattern, parse_scope
from solvent.errors import EntryMismatch, LedgerError, ReservationUnknown, Shortfall, StorageError
from solvent.ports.storage import BudgetStore

log: Final = logging.getLogger("solvent")

LEASE_S: Final = 6.0
RENEW_S: Final = 2.0
"""A place in line is taken for so long and taken again so often: one who died holds up the others no longer."""


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


class Offers(Protocol):
    """What a call would accept: the hold it wants, and smaller ones it could live with."""

    def first(self) -> Ask:
        """Return the largest ask."""
        ...

    def smaller(self, than: Ask, shortfall: Shortfall) -> Ask | None:
        """Return an ask with a smaller bound than the one just denied by *shortfall*; None when there is none."""
        ...


@dataclass(frozen=True, slots=True)
class _Terms:
    """The terms on which a call waits."""

    queued_us: int
    until_us: int

    def put(self, ask: Ask) -> Ask:
        lease_us = ask.asked_us + round(LEASE_S * US_PER_S)
        return replace(ask, queued_us=self.queued_us, queue_until_us=min(self.until_us, lease_us))


class Desk:
    """Holds and closes, over one store. *tick_s* is how often the first in line asks about other processes."""

    def __init__(self, store: BudgetStore, clock: Clock, *, tick_s: float) -> None:
        self._store = store
        self._clock = clock
        self._line = WaitingLine(tick_s)
        self._owed: dict[str, tuple[Entry, ...]] = {}

    async def hold(self, offers: Offers, *, wait_s: float) -> Reservation | Denied:
        """Take the largest hold on offer, waiting up to *wait_s* while the smallest is only busy.

        Waiting is first come first served. Returns the denial of the smallest offer when its budget is spent,
        or still busy when patience ends; nothing is changed then. Who is cancelled meanwhile leaves the line
        and no hold.
        """
        first = offers.first()
        if wait_s <= 0:
            return await self._ask(offers, first)
        until_us = self._clock.now_us() + round(wait_s * US_PER_S)
        terms = _Terms(first.asked_us, until_us)
        answer = await self._ask(offers, terms.put(first))
        if isinstance(answer, Reservation) or not answer.busy:
            return answer
        return await self._wait(offers, terms, answer, self._clock.monotonic_s() + wait_s)

    async def _ask(self, offers: Offers, ask: Ask) -> Reservation | Denied:
        """Ask the store for one offer after the other, each smaller, until one is admitted or none is left."""
        answer = await self._reserve(ask)
        while isinstance(answer, Denied):
            smaller = offers.smaller(ask, answer.shortfall)
            if smaller is None or smaller.bound_nanos >= ask.bound_nanos:
                return answer
            ask = _in_place_of(ask, smaller)
            answer = await self._reserve(ask)
        return answer

    async def _reserve(self, ask: Ask) -> Reservation | Denied:
        """Ask the store; what it admits when nobody waits for the answer any more is given back."""
        try:
            return await self._store.reserve(ask)
        except asyncio.CancelledError:
            await asyncio.shield(self._give_up(ask.id))
            raise

    async def _give_up(self, ask_id: str) -> None:
        with suppress(ReservationUnknown):
            await self.release(ask_id)

    async def _wait(
        self, offers: Offers, terms: _Terms, denied: Denied, until_s: float
    ) -> Reservation | Denied:
        """Stand in line until admitted, spent, or out of patience; leave nothing behind either way."""
        ask_id = offers.first().id
        place = Place(terms.queued_us, ask_id)
        admitted = False
        try:
            while denied.busy and (patience_s := until_s - self._clock.monotonic_s()) > 0:
                self._line.stand(line_key(denied.shortfall), place)
                await self._line.turn_of(place, min(patience_s, RENEW_S))
                answer = await self._ask(offers, terms.put(_asked_at(offers.first(), self._clock.now_us())))
                if isinstance(answer, Reservation):
                    admitted = True
                    return answer
                denied = answer
            return denied
        finally:
            self._line.leave(place)
            if not admitted:
                with suppress(StorageError):  # a place is a lease, which ends by itself
                    await asyncio.shield(self._store.leave_line(ask_id))

    async def settle(self, reservation_id: str, entries: tuple[Entry, ...]) -> Settlement | None:
        """Book *entries* and close the reservation; see ``BudgetStore.settle``.

        Returns None when the store cannot take them now: they are owed, and ``pay_owed`` tries again. Should the
        process die first, its journal tells its successor.
        """
        return await self._closed(reservation_id, entries)

    async def release(self, reservation_id: str) -> Settlement | None:
        """Give back a hold whose call was never sent, None as for ``settle``.

        One that was charged at its bound meanwhile, because it had expired, is corrected to nothing.
        """
        return await self._closed(reservation_id, ())

    async def _closed(self, reservation_id: str, entries: tuple[Entry, ...]) -> Settlement | None:
        try:
            if entries:
                settlement = await self._store.settle(reservation_id, entries)
            else:
                settlement = await self._given_back(reservation_id)
        except StorageError:
            self._owed[reservation_id] = entries
            return None
        self._owed.pop(reservation_id, None)
        self._line.wake()
        return settlement

    async def _given_back(self, reservation_id: str) -> Settlement:
        try:
            return await self._store.release(reservation_id)
        except EntryMismatch:
            return await self._store.settle(reservation_id, ())

    async def pay_owed(self) -> tuple[str, ...]:
        """Close what the store could not close before, up to the first that fails; return those reservations.

        One that the store has closed otherwise, or never had, is owed no longer: what is booked stays.
        """
        paid: list[str] = []
        for reservation_id, entries in tuple(self._owed.items()):
            try:
                if await self._closed(reservation_id, entries) is None:
                    break
            except LedgerError as error:
                log.warning("what was owed is not taken: %s", error.message)
                del self._owed[reservation_id]
            paid.append(reservation_id)
        return tuple(paid)

    @property
    def owed(self) -> int:
        """How many closings wait for the store; at most the calls that were in flight when it failed."""
        return len(self._owed)

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


def _in_place_of(denied: Ask, smaller: Ask) -> Ask:
    """Return *smaller* made at the instant and from the place of the ask that was *denied*."""
    placed = replace(smaller, queued_us=denied.queued_us, queue_until_us=denied.queue_until_us)
    return _asked_at(placed, denied.asked_us)
