"""The memory backend's face: the ports of storage over ``MemoryBook``."""

from collections.abc import AsyncIterator, Sequence

from solvent.domain.budget import Account, Balance, Budget, Denied
from solvent.domain.clock import Clock
from solvent.domain.entry import Entry
from solvent.domain.period import Period
from solvent.domain.reservation import Ask, Hold, Reservation, Settlement
from solvent.errors import StorageUnavailable
from solvent.ports.risk import RiskStore
from solvent.ports.storage import Filter, Finding, UsageRow
from solvent.storage import tally, verbs
from solvent.storage.memory.book import MemoryBook, holds_instant
from solvent.storage.memory.verify import findings

PAGE = 1000


class MemoryStore:
    """A whole store that ends with the process; for trials, tests, and as the model of the other backends."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: MemoryBook | None = MemoryBook()

    @property
    def risk(self) -> RiskStore:
        """See ``Store.risk``."""
        return self._book.risk

    @property
    def _book(self) -> MemoryBook:
        if self._kept is None:
            raise StorageUnavailable("the store was closed; open it again to use it")
        return self._kept

    async def reserve(self, ask: Ask) -> Reservation | Denied:
        """See ``BudgetStore.reserve``."""
        return verbs.reserve(self._book, ask)

    async def leave_line(self, ask_id: str) -> None:
        """See ``BudgetStore.leave_line``."""
        verbs.leave_line(self._book, ask_id, self._clock.now_us())

    async def settle(self, reservation_id: str, entries: tuple[Entry, ...]) -> Settlement:
        """See ``BudgetStore.settle``."""
        return verbs.settle(self._book, reservation_id, entries, self._clock.now_us())

    async def release(self, reservation_id: str) -> Settlement:
        """See ``BudgetStore.release``."""
        return verbs.release(self._book, reservation_id)

    async def presume(self, reservation_id: str, detail: str) -> Settlement:
        """See ``BudgetStore.presume``."""
        return verbs.presume(self._book, reservation_id, detail, self._clock.now_us())

    async def holds(
        self, *, owner: str | None = None, expired_before_us: int | None = None
    ) -> Sequence[Hold]:
        """See ``BudgetStore.holds``."""
        found = [
            hold
            for hold in self._book.open_holds()
            if (owner is None or hold.reservation.owner == owner)
            and (expired_before_us is None or hold.reservation.expires_us < expired_before_us)
        ]
        return sorted(found, key=lambda hold: (hold.reservation.admitted_us, hold.reservation.id))

    async def define(self, budget: Budget) -> Budget | None:
        """See ``BudgetStore.define``."""
        return verbs.define(self._book, budget, self._clock.now_us())

    async def remove(self, key: tuple[str, Period, bool]) -> Budget | None:
        """See ``BudgetStore.remove``."""
        return verbs.remove(self._book, key, self._clock.now_us())

    async def budgets(self) -> Sequence[Budget]:
        """See ``BudgetStore.budgets``."""
        return sorted(self._book.rules.values(), key=lambda budget: budget.key)

    async def balances(self, accounts: Sequence[Account]) -> Sequence[Balance]:
        """See ``BudgetStore.balances``."""
        book = self._book
        return [book.balances.get(account) or book.counted(account) for account in accounts]

    async def accounts(self, *, at_us: int, scope: str | None = None) -> Sequence[tuple[Account, Balance]]:
        """See ``BudgetStore.accounts``."""
        found = [
            (account, balance)
            for account, balance in self._book.balances.items()
            if balance != Balance()
            and (scope is None or account.scope == scope)
            and holds_instant(account, at_us)
        ]
        return sorted(found, key=lambda pair: (pair[0].scope, pair[0].period, pair[0].time_zone))

    async def entries(self, wanted: Filter, *, newest_first: bool = False) -> AsyncIterator[Sequence[Entry]]:
        """See ``LedgerStore.entries``."""
        found = self._named(wanted)
        if newest_first:
            found.reverse()
        for first in range(0, len(found), PAGE):
            yield found[first : first + PAGE]

    async def count(self, wanted: Filter) -> int:
        """See ``LedgerStore.count``."""
        return len(self._named(wanted))

    async def usage(self, wanted: Filter, group_by: Sequence[str]) -> Sequence[UsageRow]:
        """See ``LedgerStore.usage``."""
        by = tally.dimensions(group_by)
        sums = tally.Tally()
        for entry in self._named(wanted):
            sums.add(tally.group_of(entry, by), tally.counters(entry))
        return sums.rows(whole=not by)

    async def verify(self) -> Sequence[Finding]:
        """See ``LedgerStore.verify``."""
        return findings(self._book)

    async def close(self) -> None:
        """Forget everything."""
        self._kept = None

    def _named(self, wanted: Filter) -> list[Entry]:
        return [kept.entry for kept in self._book.booked.values() if tally.names(wanted, kept.entry)]
