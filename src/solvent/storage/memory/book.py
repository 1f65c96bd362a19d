"""The book in memory: what was kept, and totals taken from it by looking at all of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from solvent.domain.budget import Account, Balance, Budget, applicable, lines
from solvent.domain.entry import Entry
from solvent.domain.period import Period, window
from solvent.domain.reservation import Hold
from solvent.domain.scope import default_of
from solvent.domain.waiting import Place
from solvent.storage.book import Record, Sheet
from solvent.storage.codec import read_entry
from solvent.storage.memory.risk import MemoryRisk


@dataclass(frozen=True, slots=True)
class Booked:
    """An entry, and the reservation under which it was made."""

    reservation_id: str
    entry: Entry


def holds_instant(account: Account, instant_us: int) -> bool:
    """Say whether the window of *account* holds *instant_us*."""
    end_us = window(account.period, account.time_zone, account.start_us).end_us
    return account.start_us <= instant_us and (end_us is None or instant_us < end_us)


class MemoryBook:
    """Everything a store keeps, as dictionaries. Each verb runs in one piece, since it never awaits."""

    def __init__(self) -> None:
        self.records: dict[str, Record] = {}
        self.booked: dict[str, Booked] = {}
        self.balances: dict[Account, Balance] = {}
        self.rules: dict[tuple[str, Period, bool], Budget] = {}
        self.places: dict[str, Place] = {}
        self.risk = MemoryRisk()

    @property
    def line(self) -> dict[Account, list[Place]]:
        """Who waits for which account."""
        waiting: dict[Account, list[Place]] = {}
        for place in self.places.values():
            for account in place.accounts:
                waiting.setdefault(account, []).append(place)
        return waiting

    def find(self, reservation_id: str) -> Record | None:
        """Return the reservation with this id."""
        return self.records.get(reservation_id)

    def entry(self, entry_id: str) -> Entry | None:
        """Return the entry with this id."""
        found = self.booked.get(entry_id)
        return found.entry if found else None

    def is_booked(self, entry_id: str) -> bool:
        """Say whether there is an entry with this id."""
        return entry_id in self.booked

    def open_holds(self) -> list[Hold]:
        """Return the reservations that are not closed."""
        return [
            Hold(record.reservation, read_entry(record.blank))
            for record in self.records.values()
            if record.settlement is None and record.blank is not None
        ]

    def sheet(self, scopes: tuple[str, ...], instant_us: int) -> Sheet:
        """Return what a call of *scopes* touches; accounts that a budget lacks are opened, filled."""
        by_scope: dict[str, list[Budget]] = {}
        for budget in self.rules.values():
            by_scope.setdefault(budget.scope, []).append(budget)
        met = lines(applicable(by_scope, scopes), instant_us)
        for entry in met:
            if entry.account not in self.balances:
                self.balances[entry.account] = self.counted(entry.account)
        counting = [a for a in self.balances if a.scope in scopes and holds_instant(a, instant_us)]
        return Sheet(met, tuple(counting))

    def counted(self, account: Account) -> Balance:
        """Return what the book and the open holds say of *account*."""
        spent = sum(
            found.entry.cost_nanos
            for found in self.booked.values()
            if account.scope in found.entry.scopes and holds_instant(account, found.entry.admitted_us)
        )
        held = sum(
            hold.reservation.bound_nanos
            for hold in self.open_holds()
            if account.scope in hold.reservation.scopes
            and holds_instant(account, hold.reservation.admitted_us)
        )
        return Balance(spent, held)

    def write(self, record: Record) -> None:
        """Keep *record*."""
        self.records[record.reservation.id] = record

    def append(self, reservation_id: str, entry: Entry) -> None:
        """Append *entry* to the book."""
        self.booked[entry.id] = Booked(reservation_id, entry)

    def move(self, accounts: Sequence[Account], *, spent_nanos: int, held_nanos: int) -> None:
        """Add to the balance of each account."""
        for account in accounts:
            old = self.balances[account]
            self.balances[account] = Balance(old.spent_nanos + spent_nanos, old.held_nanos + held_nanos)

    def stand(self, ask_id: str, place: Place | None, now_us: int) -> None:
        """Give the ask this place in line; leases that have ended are dropped."""
        self.places = {
            key: old for key, old in self.places.items() if old.until_us > now_us and key != ask_id
        }
        if place is not None:
            self.places[ask_id] = place

    def budget(self, key: tuple[str, Period, bool]) -> Budget | None:
        """Return the budget with this key."""
        return self.rules.get(key)

    def put_budget(self, budget: Budget) -> None:
        """Put *budget* in force."""
        self.rules[budget.key] = budget

    def drop_budget(self, key: tuple[str, Period, bool]) -> None:
        """Take the budget with this key out of force."""
        del self.rules[key]

    def spenders(self, default: str, since_us: int) -> list[str]:
        """Return the scopes of a default's kind that spent or hold anything from *since_us* on."""
        charged = [f.entry.scopes for f in self.booked.values() if f.entry.admitted_us >= since_us]
        held = [h.reservation.scopes for h in self.open_holds() if h.reservation.admitted_us >= since_us]
        return sorted(
            {scope for scopes in charged + held for scope in scopes if default_of(scope) == default}
        )
