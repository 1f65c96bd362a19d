"""Verification of the book in memory: balances and closings against entries."""

from solvent.domain.entry import EntryKind
from solvent.domain.money import Money
from solvent.domain.reservation import HoldState
from solvent.ports.storage import Finding
from solvent.storage.memory.book import MemoryBook


def findings(book: MemoryBook) -> tuple[Finding, ...]:
    """Return every promise that the book does not keep."""
    return (*_balances(book), *_corrections(book), *_closings(book))


def _balances(book: MemoryBook) -> list[Finding]:
    found = []
    for account, balance in book.balances.items():
        counted = book.counted(account)
        if counted != balance:
            found.append(Finding("9 balance", str(account), str(counted), str(balance)))
    return found


def _corrections(book: MemoryBook) -> list[Finding]:
    return [
        Finding("11 correction", kept.entry.id, "names an entry of the book", str(kept.entry.corrects))
        for kept in book.booked.values()
        if kept.entry.kind is EntryKind.ADJUSTMENT and kept.entry.corrects not in book.booked
    ]


def _closings(book: MemoryBook) -> list[Finding]:
    charged: dict[str, int] = dict.fromkeys(book.records, 0)
    for kept in book.booked.values():
        charged[kept.reservation_id] = charged.get(kept.reservation_id, 0) + kept.entry.cost_nanos
    found = []
    for reservation_id, nanos in charged.items():
        record = book.records.get(reservation_id)
        closed = record.settlement if record else None
        expected = closed.charged_nanos if closed else 0
        if expected != nanos:
            state = closed.state if closed else HoldState.HELD
            words = f"{state}: {Money.show(expected)}"
            found.append(Finding("3 closing", reservation_id, words, Money.show(nanos)))
    return found
