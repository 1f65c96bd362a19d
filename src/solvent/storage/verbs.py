"""The verbs of ``BudgetStore``, written once over an open book; a backend makes each an atomic step.

Every verb checks all it must before its first change, so one that raises has changed nothing.
"""

from solvent.domain import closing
from solvent.domain.budget import Budget, Denied, remaining
from solvent.domain.closing import Closing
from solvent.domain.entry import Entry
from solvent.domain.period import Period, window
from solvent.domain.reservation import Ask, HoldState, Reservation, Settlement
from solvent.domain.scope import is_default
from solvent.domain.waiting import decide
from solvent.errors import EntryMismatch, ReservationUnknown
from solvent.storage.book import Book, Record
from solvent.storage.codec import entries_digest, read_entry, write_ask


def reserve(book: Book, ask: Ask) -> Reservation | Denied:
    """Hold the bound of *ask* on every account that counts it, or return why not; see ``BudgetStore.reserve``."""
    asked, blank = write_ask(ask.checked())
    known = book.find(ask.id)
    if known is not None:
        if known.asked != asked:
            raise EntryMismatch(
                f"{ask.id} was admitted before with other content; use a new id for another call"
            )
        return known.reservation
    sheet = book.sheet(ask.scopes, ask.asked_us)
    verdict = decide(ask, sheet.lines, book.balances, book.line)
    book.stand(ask.id, verdict.place, ask.asked_us)
    if verdict.denied is not None:
        return verdict.denied
    book.move(sheet.accounts, spent_nanos=0, held_nanos=ask.bound_nanos)
    reservation = Reservation(
        id=ask.id,
        bound_nanos=ask.bound_nanos,
        admitted_us=ask.asked_us,
        expires_us=ask.expires_us,
        owner=ask.owner,
        scopes=ask.scopes,
        remaining_nanos=remaining(sheet.lines, book.balances),
    )
    book.write(Record(reservation, asked, blank))
    return reservation


def leave_line(book: Book, ask_id: str, now_us: int) -> None:
    """Give up the place in line of an ask."""
    book.stand(ask_id, None, now_us)


def settle(book: Book, reservation_id: str, entries: tuple[Entry, ...], now_us: int) -> Settlement:
    """Book *entries* and close the reservation; see ``BudgetStore.settle``."""
    record = _known(book, reservation_id)
    told = entries_digest(entries)
    if record.settlement is None:
        close = closing.settle(record.reservation, entries)
    elif record.settlement.state is HoldState.PRESUMED:
        close = closing.correct(record.reservation, _presumption(book, record), entries, now_us)
    elif record.told == told:
        return record.settlement
    else:
        raise EntryMismatch(
            f"{reservation_id} was {record.settlement.state} before, otherwise than it is told now; "
            "what is booked stays, and a correction needs entries of its own"
        )
    return _close(book, record, close, told=told)


def release(book: Book, reservation_id: str) -> Settlement:
    """Give back the hold of a call that was never sent; see ``BudgetStore.release``."""
    record = _known(book, reservation_id)
    if record.settlement is None:
        return _close(book, record, closing.release(record.reservation))
    if record.settlement.state is HoldState.RELEASED:
        return record.settlement
    raise EntryMismatch(
        f"{reservation_id} was {record.settlement.state} before; it cannot be released any more"
    )


def presume(book: Book, reservation_id: str, detail: str, now_us: int) -> Settlement:
    """Charge a hold at its bound; see ``BudgetStore.presume``."""
    record = _known(book, reservation_id)
    if record.settlement is not None:
        return record.settlement
    blank = _blank(record)
    close = closing.presume(record.reservation, blank, now_us, detail)
    return _close(book, record, close, presumed_as=blank.id)


def _known(book: Book, reservation_id: str) -> Record:
    record = book.find(reservation_id)
    if record is None:
        raise ReservationUnknown(f"there is no reservation {reservation_id}; reserve before you close")
    return record


def _blank(record: Record) -> Entry:
    if record.blank is None:
        raise EntryMismatch(
            f"{record.reservation.id} is open but has lost its blank entry; run solvent verify"
        )
    return read_entry(record.blank)


def _presumption(book: Book, record: Record) -> Entry:
    """Return the entry that was booked while the fate of *record* was unknown."""
    found = book.entry(record.presumed_as) if record.presumed_as is not None else None
    if found is None:
        raise EntryMismatch(f"{record.reservation.id} was presumed without an entry; run solvent verify")
    return found


def _close(
    book: Book, record: Record, close: Closing, *, told: bytes | None = None, presumed_as: str | None = None
) -> Settlement:
    """Write down *close*: entries, balances and the reservation."""
    for line in close.lines:
        if book.is_booked(line.id):
            raise EntryMismatch(f"an entry {line.id} is booked already; an attempt has one entry, ever")
    reservation = record.reservation
    sheet = book.sheet(reservation.scopes, reservation.admitted_us)
    book.move(sheet.accounts, spent_nanos=close.spent_nanos, held_nanos=-close.freed_nanos)
    for line in close.lines:
        book.append(reservation.id, line)
    settlement = close.settlement(reservation, remaining(sheet.lines, book.balances))
    book.write(Record(reservation, record.asked, None, settlement, told, presumed_as or record.presumed_as))
    return settlement


def define(book: Book, budget: Budget, now_us: int) -> Budget | None:
    """Put *budget* in force and open the accounts that it counts; see ``BudgetStore.define``."""
    replaced = book.budget(budget.checked().key)
    if replaced != budget:
        book.put_budget(budget)
        _open(book, budget, now_us)
    return replaced


def remove(book: Book, key: tuple[str, Period, bool], now_us: int) -> Budget | None:
    """Take a budget out of force; accounts that a default now counts are opened."""
    removed = book.budget(key)
    if removed is not None:
        book.drop_budget(key)
        _open(book, removed, now_us)
    return removed


def _open(book: Book, changed: Budget, now_us: int) -> None:
    """Open the accounts that count scopes of a *changed* budget, so that they show what was spent before."""
    scopes = [changed.scope]
    if is_default(changed.scope):
        since_us = window(changed.period, changed.time_zone, now_us).start_us
        scopes = list(book.spenders(changed.scope, since_us))
    for scope in scopes:
        book.sheet((scope,), now_us)
