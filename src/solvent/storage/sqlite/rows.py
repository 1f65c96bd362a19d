"""Rows of the tables and the records they hold, both ways."""

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

import orjson

from solvent.domain.budget import Account, Balance, Budget
from solvent.domain.entry import Entry
from solvent.domain.period import Period, window
from solvent.domain.reservation import Hold, HoldState, Reservation, Settlement
from solvent.domain.waiting import Place
from solvent.storage.book import Record
from solvent.storage.codec import Row, entry_row, json_text, read_entry
from solvent.storage.sqlite.statements import VERBS

FOREVER_US: Final = 2**63 - 1
"""The end of a lifetime, as it is kept."""


def end_of(account: Account) -> int:
    """Return when the window of *account* ends, in microseconds."""
    end_us = window(account.period, account.time_zone, account.start_us).end_us
    return FOREVER_US if end_us is None else end_us


def counted(connection: sqlite3.Connection, account: Account) -> Balance:
    """Return what the book and the open holds say of *account*."""
    keys = {"scope": account.scope, "start_us": account.start_us, "end_us": end_of(account)}
    (spent,) = connection.execute(VERBS["spent_by_scope"], keys).fetchone()
    (held,) = connection.execute(VERBS["held_by_scope"], keys).fetchone()
    return Balance(spent, held)


def account_row(account: Account, balance: Balance) -> Row:
    """Return a row of ``put_account``."""
    window_of = (account.scope, account.period.value, account.time_zone, account.start_us, end_of(account))
    return (*window_of, balance.spent_nanos, balance.held_nanos)


def account_of(row: Sequence[Any]) -> tuple[Account, Balance]:
    """Return the account and balance of a row of ``accounts_of_scope``."""
    scope, period, time_zone, start_us, spent_nanos, held_nanos = row
    return Account(scope, Period(period), time_zone, start_us), Balance(spent_nanos, held_nanos)


def budget_row(budget: Budget) -> Row:
    """Return a row of ``put_budget``."""
    return (
        *(budget.scope, budget.period.value, budget.limit_nanos, budget.hard, budget.time_zone),
        *(budget.active, budget.raise_nanos, budget.raise_until_us),
    )


def budget_of(row: Sequence[Any]) -> Budget:
    """Return the budget of a row of ``budgets_of_scope``."""
    scope, period, limit_nanos, hard, time_zone, active, raise_nanos, raise_until_us = row
    return Budget(
        scope, Period(period), limit_nanos, bool(hard), time_zone, bool(active), raise_nanos, raise_until_us
    )


def place_row(place: Place) -> Row:
    """Return a row of ``put_place``."""
    accounts = [[a.scope, a.period.value, a.time_zone, a.start_us] for a in place.accounts]
    return (place.ask_id, place.queued_us, place.until_us, json_text(accounts))


def place_of(row: Sequence[Any]) -> Place:
    """Return the place of a row of ``waiting``."""
    ask_id, queued_us, until_us, text = row
    accounts = [Account(scope, Period(period), zone, us) for scope, period, zone, us in orjson.loads(text)]
    return Place(ask_id, queued_us, until_us, tuple(accounts))


def hold_row(record: Record) -> Row:
    """Return a row of ``write_hold``."""
    held = record.reservation
    return (
        *(held.id, held.bound_nanos, held.admitted_us, held.expires_us, held.owner, json_text(held.scopes)),
        *(held.remaining_nanos, record.asked, record.blank),
    )


def closing_row(record: Record) -> Row:
    """Return a row of ``write_closing``."""
    closed = record.settlement
    if closed is None:
        raise ValueError(f"{record.reservation.id} is open")
    return (
        *(closed.state.value, closed.charged_nanos, closed.late, closed.remaining_nanos),
        *(record.told, record.presumed_as, record.reservation.id),
    )


def booked_row(reservation_id: str, entry: Entry) -> Row:
    """Return a row of ``append_entry``."""
    return (reservation_id, *entry_row(entry))


def reservation_of(row: Sequence[Any]) -> Reservation:
    """Return the reservation of the first seven columns of ``find_reservation``."""
    reservation_id, bound_nanos, admitted_us, expires_us, owner, scopes, remaining_nanos = row
    return Reservation(
        id=reservation_id,
        bound_nanos=bound_nanos,
        admitted_us=admitted_us,
        expires_us=expires_us,
        owner=owner,
        scopes=tuple(orjson.loads(scopes)),
        remaining_nanos=remaining_nanos,
    )


def hold_of(row: Sequence[Any]) -> Hold:
    """Return the open hold of a row that ends with its blank entry."""
    *head, blank = row
    return Hold(reservation_of(head), read_entry(blank))


def record_of(row: Sequence[Any]) -> Record:
    """Return the record of a row of ``find_reservation``."""
    reservation = reservation_of(row[:7])
    asked, blank, state, charged_nanos, late, left_nanos, told, presumed_as = row[7:]
    settlement = None
    if state != HoldState.HELD.value:
        settlement = Settlement(
            id=reservation.id,
            state=HoldState(state),
            bound_nanos=reservation.bound_nanos,
            charged_nanos=charged_nanos,
            overrun_nanos=max(0, charged_nanos - reservation.bound_nanos),
            late=bool(late),
            remaining_nanos=left_nanos,
        )
    return Record(
        reservation=reservation,
        asked=asked,
        blank=blank,
        settlement=settlement,
        told=told,
        presumed_as=presumed_as,
    )
