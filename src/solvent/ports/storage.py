"""The ports of storage: live balances, and the book. A backend implements both or says so.

Every verb that moves money is one atomic step, idempotent by id for ever: the same id with the same content
returns the first result, with other content raises ``EntryMismatch``. If the process dies inside a verb, it
either took effect as a whole or not at all; the caller may repeat it.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from solvent.domain.budget import Account, Balance, Budget, Denied
from solvent.domain.entry import Entry
from solvent.domain.period import Period
from solvent.domain.reservation import Ask, Hold, Reservation, Settlement
from solvent.domain.usage import Usage
from solvent.ports.risk import RiskStore


class BudgetStore(Protocol):
    """Live balances and open holds."""

    async def reserve(self, ask: Ask) -> Reservation | Denied:
        """Hold the bound on every budget that meets the ask, or change nothing.

        Which budgets meet it, and whether they admit it, is decided by ``domain.budget`` inside the atomic
        step. A denial is not remembered: the same id may ask again, with another bound. While another call
        with an earlier ``queued_us`` waits in line for an account that this call would be held on, this call
        is denied as busy, so that nobody overtakes; a place in line is a lease until ``queue_until_us``.

        Raises:
            EntryMismatch: the id was admitted before with other content.
            StorageUnavailable: the state cannot be proven current.
        """
        ...

    async def leave_line(self, ask_id: str) -> None:
        """Give up the place in line of an ask that will not be repeated; unknown ids are no error."""
        ...

    async def settle(self, reservation_id: str, entries: tuple[Entry, ...]) -> Settlement:
        """Append *entries*, charge their cost to the accounts held, give back the hold: one step.

        Spending is booked in full, even above the bound or the limit. A reservation that was presumed before
        is corrected by adjustments that name the presumed entry, and the settlement says ``late``.

        Raises:
            EntryMismatch: it was settled with other entries, or released.
            ReservationUnknown: there is none with this id.
        """
        ...

    async def release(self, reservation_id: str) -> Settlement:
        """Give back a hold whose call was provably never sent; nothing is booked.

        Raises:
            EntryMismatch: it was settled or presumed before.
            ReservationUnknown: there is none with this id.
        """
        ...

    async def presume(self, reservation_id: str, detail: str) -> Settlement:
        """Charge a hold at its bound, as the entry that its ask left blank; *detail* says why.

        Repeats return the first settlement; a reservation that was closed otherwise returns that settlement.

        Raises:
            ReservationUnknown: there is none with this id.
        """
        ...

    async def holds(
        self, *, owner: str | None = None, expired_before_us: int | None = None
    ) -> Sequence[Hold]:
        """Return open reservations, oldest first: all, those of one owner, or those that expired."""
        ...

    async def define(self, budget: Budget) -> Budget | None:
        """Put *budget* in force and return the one it replaces; a repeat changes nothing.

        In the same step the current windows of all accounts that it opens are filled from the book and from
        open holds, so a budget counts what was spent in its window before it was defined.
        """
        ...

    async def remove(self, key: tuple[str, Period, bool]) -> Budget | None:
        """Take the budget with this (scope, period, hard) out of force and return it; None if there was none."""
        ...

    async def budgets(self) -> Sequence[Budget]:
        """Return all budgets, by scope, period and kind."""
        ...

    async def balances(self, accounts: Sequence[Account]) -> Sequence[Balance]:
        """Return the balance of each account, zero where nothing was counted yet."""
        ...

    async def accounts(self, *, at_us: int, scope: str | None = None) -> Sequence[tuple[Account, Balance]]:
        """Return the accounts whose window holds *at_us* and that count anything, by scope; or of one scope."""
        ...


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries: admitted in ``from_us`` ≤ instant < ``to_us``, with each field that is given equal."""

    from_us: int | None = None
    to_us: int | None = None
    provider: str | None = None
    model: str | None = None
    customer_id: str | None = None
    agent_id: str | None = None
    campaign_id: str | None = None
    tag: tuple[str, str] | None = None
    call_id: str | None = None


@dataclass(frozen=True, slots=True)
class UsageRow:
    """Totals of one group. ``group`` holds a value per dimension asked for, None where a call had none.

    ``calls`` counts attempts (adjustments add cost and no call), ``failures`` those without a whole answer.
    """

    group: tuple[str | None, ...]
    calls: int
    failures: int
    usage: Usage
    cost_nanos: int
    presumed_nanos: int
    latency_ms: int


@dataclass(frozen=True, slots=True)
class Finding:
    """A promise that does not hold: which, where, what the books say and what was found."""

    promise: str
    subject: str
    expected: str
    found: str


DIMENSIONS = ("model", "provider", "customer", "agent", "campaign", "tag", "day", "hour")
"""What usage may be grouped by. ``tag`` needs a key: ``tag:team``; ``day`` and ``hour`` are UTC, ISO 8601."""


class LedgerStore(Protocol):
    """The book: append-only entries and the roll-ups that were written with them."""

    def entries(self, wanted: Filter, *, newest_first: bool = False) -> AsyncIterator[Sequence[Entry]]:
        """Yield the entries that *wanted* names, in pages, in the order they were booked; reads one snapshot."""
        ...

    async def count(self, wanted: Filter) -> int:
        """Return how many entries *wanted* names."""
        ...

    async def usage(self, wanted: Filter, group_by: Sequence[str]) -> Sequence[UsageRow]:
        """Return totals per group, dearest first; one row for everything when *group_by* is empty.

        Raises:
            CallInvalid: *group_by* names something that is not in ``DIMENSIONS``.
        """
        ...

    async def verify(self) -> Sequence[Finding]:
        """Check promises on the stored books; empty means all hold. Reads one snapshot and changes nothing.

        Every balance equals its entries and open holds, roll-ups equal entries, every correction names an
        entry, every reservation is closed by exactly its entries, and the file is whole.
        """
        ...


class Store(BudgetStore, LedgerStore, Protocol):
    """A backend that serves both, keeps the records of payment risk beside them, and can be closed."""

    @property
    def risk(self) -> RiskStore:
        """The records of payment risk."""
        ...

    async def close(self) -> None:
        """Finish what was begun and let go of files and connections; repeats do nothing."""
        ...
