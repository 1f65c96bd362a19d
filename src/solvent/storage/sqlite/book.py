"""The book within one transaction of the writer: what is remembered of the file, and what is yet to be written.

While a write transaction is open nobody else can write, so each account is read once, moved in memory, and
written once at the end. What was read stays good for the next transaction if no other connection has written
since; SQLite's ``data_version`` tells.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from solvent.domain.budget import Account, Balance, Budget, applicable, lines
from solvent.domain.entry import Entry
from solvent.domain.period import Period
from solvent.domain.scope import default_of
from solvent.domain.waiting import Place
from solvent.storage import tally
from solvent.storage.book import HOUR_US, SLOT_US, Record, Sheet
from solvent.storage.codec import Row, entry_of
from solvent.storage.sqlite import rows
from solvent.storage.sqlite.statements import ENTRIES, VERBS

_MOST_SHEETS: Final = 4096
_MOST_REMEMBERED: Final = 65536


class UsageKey(NamedTuple):
    """The key of a row of ``usage_hours``."""

    hour_us: int
    tag: str
    customer: str
    agent: str
    campaign: str
    provider: str
    model: str


class _Pending:
    """What the open transaction has yet to write."""

    def __init__(self) -> None:
        self.opened: dict[str, Record] = {}
        self.closed: dict[str, Record] = {}
        self.entries: dict[str, tuple[str, Entry]] = {}
        self.accounts: set[Account] = set()
        self.spending: dict[tuple[str, int], int] = {}
        self.usage: dict[UsageKey, tally.Counters] = {}
        self.places: dict[str, Place | None] = {}


class SqliteBook:
    """The book of one writer connection. Used by one thread, inside the transactions that it opens and ends."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._data_version = -1
        self._forget()

    def _forget(self) -> None:
        self._pending = _Pending()
        self._balances: dict[Account, Balance] = {}
        self._rules: dict[str, tuple[Budget, ...]] = {}
        self._sheets: dict[tuple[tuple[str, ...], int], Sheet] = {}
        self._records: dict[str, Record] = {}
        self._places: dict[str, Place] = {}
        self._line: dict[Account, list[Place]] = {}

    @property
    def connection(self) -> sqlite3.Connection:
        """The writer's connection, for records that are no money and so need nothing remembered."""
        return self._connection

    def begin(self) -> None:
        """Open a transaction that excludes every other writer, and forget what one of them has changed."""
        self._connection.execute("BEGIN IMMEDIATE")
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        crowded = len(self._balances) + len(self._records) + len(self._rules) > _MOST_REMEMBERED
        if version != self._data_version or crowded:
            self._forget()
            self._data_version = version
            for row in self._connection.execute(VERBS["waiting"]):
                self._enter(rows.place_of(row))

    def commit(self) -> None:
        """Write what is pending and end the transaction; on return it is on the disk."""
        self._flush()
        self._connection.execute("COMMIT")

    def abandon(self) -> None:
        """Undo a transaction that was not committed; without one, do nothing."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
            self._forget()
            self._data_version = -1

    @property
    def balances(self) -> Mapping[Account, Balance]:
        """Balances of the accounts of every sheet drawn."""
        return self._balances

    @property
    def line(self) -> Mapping[Account, Iterable[Place]]:
        """Who waits for which account."""
        return self._line

    def find(self, reservation_id: str) -> Record | None:
        """Return the reservation with this id."""
        known = self._records.get(reservation_id)
        if known is not None:
            return known
        row = self._connection.execute(VERBS["find_reservation"], (reservation_id,)).fetchone()
        return rows.record_of(row) if row else None

    def entry(self, entry_id: str) -> Entry | None:
        """Return the entry with this id."""
        pending = self._pending.entries.get(entry_id)
        if pending is not None:
            return pending[1]
        row = self._connection.execute(ENTRIES["find_entry"], (entry_id,)).fetchone()
        return entry_of(row) if row else None

    def is_booked(self, entry_id: str) -> bool:
        """Say whether there is an entry with this id."""
        if entry_id in self._pending.entries:
            return True
        return self._connection.execute(ENTRIES["is_booked"], (entry_id,)).fetchone() is not None

    def sheet(self, scopes: tuple[str, ...], instant_us: int) -> Sheet:
        """Return what a call of *scopes* touches.

        One sheet serves a quarter of an hour, if no limit changes in it.
        """
        slot_us = instant_us // SLOT_US
        known = self._sheets.get((scopes, slot_us))
        if known is not None:
            return known
        self._flush()
        met = applicable({text: self._rules_of(text) for text in _texts(scopes)}, scopes)
        drawn = lines(met, instant_us)
        counting = {account: None for scope in scopes for account in self._accounts_of(scope, instant_us)}
        for entry in drawn:
            if entry.account not in counting:
                counting[entry.account] = None
                self._open(entry.account)
        sheet = Sheet(drawn, tuple(counting))
        if not any((budget.raise_until_us or -1) // SLOT_US == slot_us for _, budget in met):
            if len(self._sheets) >= _MOST_SHEETS:
                self._sheets.clear()
            self._sheets[scopes, slot_us] = sheet
        return sheet

    def _rules_of(self, scope: str) -> tuple[Budget, ...]:
        if scope not in self._rules:
            found = self._connection.execute(VERBS["budgets_of_scope"], {"scope": scope})
            self._rules[scope] = tuple(map(rows.budget_of, found))
        return self._rules[scope]

    def _accounts_of(self, scope: str, instant_us: int) -> list[Account]:
        """Return the accounts that count *scope* at *instant_us*, their balances remembered."""
        found = self._connection.execute(
            VERBS["accounts_of_scope"], {"scope": scope, "instant_us": instant_us}
        )
        pairs = [rows.account_of(row) for row in found]
        for account, balance in pairs:
            self._balances.setdefault(account, balance)
        return [account for account, _ in pairs]

    def _open(self, account: Account) -> None:
        """Begin to count *account*, from what the book and the open holds say of it."""
        self._balances[account] = rows.counted(self._connection, account)
        self._pending.accounts.add(account)
        self._flush()
        self._sheets.clear()

    def write(self, record: Record) -> None:
        """Keep *record*."""
        self._records[record.reservation.id] = record
        kept = self._pending.opened if record.settlement is None else self._pending.closed
        kept[record.reservation.id] = record

    def append(self, reservation_id: str, entry: Entry) -> None:
        """Append *entry* to the book and add it to the totals of its scopes and of its hour."""
        pending = self._pending
        pending.entries[entry.id] = (reservation_id, entry)
        slot_us = entry.admitted_us // SLOT_US * SLOT_US
        for scope in entry.scopes:
            key = (scope, slot_us)
            pending.spending[key] = pending.spending.get(key, 0) + entry.cost_nanos
        counts = tally.counters(entry)
        for tag in ("", *(f"{name}={value}" for name, value in entry.attribution.tags)):
            usage_key = _usage_key(entry, tag)
            pending.usage[usage_key] = tally.added(pending.usage.get(usage_key, tally.NOTHING), counts)

    def move(self, accounts: Sequence[Account], *, spent_nanos: int, held_nanos: int) -> None:
        """Add to the balance of each account."""
        balances = self._balances
        for account in accounts:
            old = balances[account]
            balances[account] = Balance(old.spent_nanos + spent_nanos, old.held_nanos + held_nanos)
        self._pending.accounts.update(accounts)

    def stand(self, ask_id: str, place: Place | None, now_us: int) -> None:
        """Give the ask this place in line; leases that have ended are dropped when one is given."""
        if place == self._places.get(ask_id):
            return
        gone = [old for old in self._places.values() if old.until_us <= now_us] if place else []
        for old_id in {ask_id, *(old.ask_id for old in gone)}:
            self._leave(old_id)
        if place is not None:
            self._enter(place)
            self._pending.places[ask_id] = place

    def _enter(self, place: Place) -> None:
        self._places[place.ask_id] = place
        for account in place.accounts:
            self._line.setdefault(account, []).append(place)

    def _leave(self, ask_id: str) -> None:
        place = self._places.pop(ask_id, None)
        if place is None:
            return
        self._pending.places[ask_id] = None
        for account in place.accounts:
            self._line[account].remove(place)
            if not self._line[account]:
                del self._line[account]

    def budget(self, key: tuple[str, Period, bool]) -> Budget | None:
        """Return the budget with this key."""
        return next((budget for budget in self._rules_of(key[0]) if budget.key == key), None)

    def put_budget(self, budget: Budget) -> None:
        """Put *budget* in force."""
        self._connection.execute(VERBS["put_budget"], rows.budget_row(budget))
        self._rules.clear()
        self._sheets.clear()

    def drop_budget(self, key: tuple[str, Period, bool]) -> None:
        """Take the budget with this key out of force."""
        self._connection.execute(VERBS["drop_budget"], key)
        self._rules.clear()
        self._sheets.clear()

    def spenders(self, default: str, since_us: int) -> list[str]:
        """Return the scopes of a default's kind that spent or hold anything from *since_us* on."""
        self._flush()
        first = default.removesuffix("*")
        last = first[:-1] + chr(ord(first[-1]) + 1)
        keys = {"since_us": since_us, "first": first, "last": last}
        return [scope for (scope,) in self._connection.execute(VERBS["spenders"], keys)]

    def _flush(self) -> None:
        """Write down what is pending, in bulk."""
        pending, self._pending = self._pending, _Pending()
        many = self._connection.executemany
        many(VERBS["write_hold"], [rows.hold_row(record) for record in pending.opened.values()])
        many(VERBS["write_closing"], [rows.closing_row(record) for record in pending.closed.values()])
        many(ENTRIES["append_entry"], [rows.booked_row(*pair) for pair in pending.entries.values()])
        many(VERBS["put_account"], [self._account_row(account) for account in pending.accounts])
        many(VERBS["add_spending"], [(*key, nanos) for key, nanos in pending.spending.items()])
        many(ENTRIES["add_usage"], [(*key, *counts) for key, counts in pending.usage.items()])
        many(VERBS["drop_place"], [(ask_id,) for ask_id, place in pending.places.items() if place is None])
        many(VERBS["put_place"], [rows.place_row(place) for place in pending.places.values() if place])
        for reservation_id in pending.closed:
            del self._records[reservation_id]

    def _account_row(self, account: Account) -> Row:
        return rows.account_row(account, self._balances[account])


def _texts(scopes: tuple[str, ...]) -> Iterable[str]:
    """Return the scopes and the defaults that may hold for them."""
    return (text for scope in scopes for text in (scope, default_of(scope)) if text is not None)


def _usage_key(entry: Entry, tag: str) -> UsageKey:
    who = entry.attribution
    return UsageKey(
        entry.admitted_us // HOUR_US * HOUR_US,
        tag,
        who.customer_id or "",
        who.agent_id or "",
        who.campaign_id or "",
        entry.provider,
        entry.model,
    )
