"""Verification: the stored books against each other, in one snapshot, nothing changed."""

import sqlite3
from collections.abc import Iterator
from typing import Final

from solvent.ports.storage import Finding
from solvent.storage import tally
from solvent.storage.sqlite.statements import VERIFY

_KEY: Final = "hour_us, tag, customer, agent, campaign, provider, model"
_SUMS: Final = ", ".join(f"sum({name})" for name in tally.COUNTERS)
_LINES: Final = f"SELECT {_KEY}, {_SUMS} FROM usage_lines GROUP BY {_KEY}"  # noqa: S608 - column names only
_HOURS: Final = f"SELECT {_KEY}, {', '.join(tally.COUNTERS)} FROM usage_hours"  # noqa: S608 - as above
_KEY_LENGTH: Final = len(_KEY.split(", "))
_FAULTS_NAMED: Final = 10


def findings(connection: sqlite3.Connection) -> tuple[Finding, ...]:
    """Return every promise that the file does not keep; a damaged file is reported as such and read no further."""
    connection.execute("BEGIN")
    try:
        damage = tuple(_damage(connection))
        return damage or (*_named(connection), *_totals(connection))
    finally:
        connection.execute("ROLLBACK")


def _damage(connection: sqlite3.Connection) -> Iterator[Finding]:
    for (fault,) in connection.execute(f"PRAGMA integrity_check({_FAULTS_NAMED})"):
        if fault != "ok":
            yield Finding("the file is whole", "file", "ok", fault)


def _named(connection: sqlite3.Connection) -> Iterator[Finding]:
    for statement in VERIFY.values():
        for row in connection.execute(statement):
            yield Finding(*map(str, row))


def _totals(connection: sqlite3.Connection) -> Iterator[Finding]:
    """Yield hours whose totals are not the sums of their entries, either way round."""
    for row in connection.execute(f"{_LINES} EXCEPT {_HOURS}"):
        yield Finding("9 totals", _subject(row), _counters(row), "other totals, or none")
    for row in connection.execute(f"{_HOURS} EXCEPT {_LINES}"):
        yield Finding("9 totals", _subject(row), "what the entries add up to", _counters(row))


def _subject(row: tuple[object, ...]) -> str:
    return " ".join(str(part) for part in row[:_KEY_LENGTH] if part != "")


def _counters(row: tuple[object, ...]) -> str:
    pairs = zip(tally.COUNTERS, row[_KEY_LENGTH:], strict=True)
    return ", ".join(f"{name} {count}" for name, count in pairs if count)
