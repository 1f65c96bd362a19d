"""The SQLite backend's face: verbs go to the writer, questions to the reader."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

from solvent.domain.budget import Account, Balance, Budget, Denied
from solvent.domain.clock import Clock
from solvent.domain.entry import Entry
from solvent.domain.period import Period
from solvent.domain.reservation import Ask, Hold, Reservation, Settlement
from solvent.ports.risk import RiskStore
from solvent.ports.storage import Filter, Finding, UsageRow
from solvent.storage import tally, verbs
from solvent.storage.sqlite import entries, rows, usage, verify
from solvent.storage.sqlite.reader import Reader
from solvent.storage.sqlite.risk import SqliteRisk
from solvent.storage.sqlite.statements import READS
from solvent.storage.sqlite.writer import Writer

ADMISSION_PATIENCE_S: Final = 0.2
"""How long a call waits for another process's lock before it is refused: the refusal must be quick."""

PATIENCE_S: Final = 5.0
"""How long every other verb waits: what was spent must be booked."""


class SqliteStore:
    """A whole store in one file, shared by any number of processes on one machine. Belongs to one event loop.

    Every verb is one transaction that is on the disk (``synchronous=FULL``) before it returns; verbs that come
    together share one.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._clock = clock
        self._writer = Writer(path, clock)
        self._reader = Reader(path)
        self._risk = SqliteRisk(self._writer, self._reader)

    @property
    def risk(self) -> RiskStore:
        """See ``Store.risk``."""
        return self._risk

    async def reserve(self, ask: Ask) -> Reservation | Denied:
        """See ``BudgetStore.reserve``."""
        return await self._writer.run(lambda book: verbs.reserve(book, ask), patience_s=ADMISSION_PATIENCE_S)

    async def leave_line(self, ask_id: str) -> None:
        """See ``BudgetStore.leave_line``."""
        now_us = self._clock.now_us()
        await self._writer.run(lambda book: verbs.leave_line(book, ask_id, now_us), patience_s=PATIENCE_S)

    async def settle(self, reservation_id: str, entries: tuple[Entry, ...]) -> Settlement:
        """See ``BudgetStore.settle``."""
        now_us = self._clock.now_us()
        return await self._writer.run(
            lambda book: verbs.settle(book, reservation_id, entries, now_us), patience_s=PATIENCE_S
        )

    async def release(self, reservation_id: str) -> Settlement:
        """See ``BudgetStore.release``."""
        return await self._writer.run(lambda book: verbs.release(book, reservation_id), patience_s=PATIENCE_S)

    async def presume(self, reservation_id: str, detail: str) -> Settlement:
        """See ``BudgetStore.presume``."""
        now_us = self._clock.now_us()
        return await self._writer.run(
            lambda book: verbs.presume(book, reservation_id, detail, now_us), patience_s=PATIENCE_S
        )

    async def holds(
        self, *, owner: str | None = None, expired_before_us: int | None = None
    ) -> Sequence[Hold]:
        """See ``BudgetStore.holds``."""
        keys = {"owner": owner, "expired_before_us": expired_before_us}
        return await self._reader.run(
            lambda connection: [rows.hold_of(row) for row in connection.execute(READS["holds"], keys)]
        )

    async def define(self, budget: Budget) -> Budget | None:
        """See ``BudgetStore.define``."""
        now_us = self._clock.now_us()
        return await self._writer.run(lambda book: verbs.define(book, budget, now_us), patience_s=PATIENCE_S)

    async def remove(self, key: tuple[str, Period, bool]) -> Budget | None:
        """See ``BudgetStore.remove``."""
        now_us = self._clock.now_us()
        return await self._writer.run(lambda book: verbs.remove(book, key, now_us), patience_s=PATIENCE_S)

    async def budgets(self) -> Sequence[Budget]:
        """See ``BudgetStore.budgets``."""
        return await self._reader.run(
            lambda connection: [rows.budget_of(row) for row in connection.execute(READS["budgets"])]
        )

    async def balances(self, accounts: Sequence[Account]) -> Sequence[Balance]:
        """See ``BudgetStore.balances``."""
        return await self._reader.run(lambda connection: _balances(connection, accounts))

    async def accounts(self, *, at_us: int, scope: str | None = None) -> Sequence[tuple[Account, Balance]]:
        """See ``BudgetStore.accounts``."""
        name = "accounts" if scope is None else "accounts_of_one"
        keys = {"at_us": at_us} if scope is None else {"at_us": at_us, "scope": scope}
        return await self._reader.run(
            lambda connection: [rows.account_of(row) for row in connection.execute(READS[name], keys)]
        )

    def entries(self, wanted: Filter, *, newest_first: bool = False) -> AsyncIterator[Sequence[Entry]]:
        """See ``LedgerStore.entries``."""
        return self._reader.pages(
            lambda connection: entries.pages(connection, wanted, newest_first=newest_first)
        )

    async def count(self, wanted: Filter) -> int:
        """See ``LedgerStore.count``."""
        return await self._reader.run(lambda connection: entries.count(connection, wanted))

    async def usage(self, wanted: Filter, group_by: Sequence[str]) -> Sequence[UsageRow]:
        """See ``LedgerStore.usage``."""
        by = tally.dimensions(group_by)
        return await self._reader.run(lambda connection: usage.usage(connection, wanted, by))

    async def verify(self) -> Sequence[Finding]:
        """See ``LedgerStore.verify``."""
        return await self._reader.apart(verify.findings)

    async def close(self) -> None:
        """Finish what was begun, then let go of the file; repeats do nothing."""
        await self._writer.close()
        await self._reader.close()


def _balances(connection: sqlite3.Connection, accounts: Sequence[Account]) -> list[Balance]:
    """Return the balance of each account in one snapshot; one that is not opened is counted from the book."""
    connection.execute("BEGIN")
    try:
        return [_balance(connection, account) for account in accounts]
    finally:
        connection.execute("ROLLBACK")


def _balance(connection: sqlite3.Connection, account: Account) -> Balance:
    keys = {
        "scope": account.scope,
        "end_us": rows.end_of(account),
        "period": account.period.value,
        "time_zone": account.time_zone,
        "start_us": account.start_us,
    }
    row = connection.execute(READS["balance"], keys).fetchone()
    return Balance(*row) if row else rows.counted(connection, account)
