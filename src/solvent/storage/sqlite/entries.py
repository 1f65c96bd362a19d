"""Reading the book: which entries a filter names, in pages."""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, Final

from solvent.domain.entry import Entry
from solvent.ports.storage import Filter
from solvent.storage.codec import ENTRY_COLUMNS, entry_of

_PAGE: Final = 1000
_COLUMNS: Final = ", ".join(ENTRY_COLUMNS)
_EQUAL: Final = ("provider", "model", "customer_id", "agent_id", "campaign_id", "call_id")
_CARRIES: Final = "EXISTS (SELECT 1 FROM json_each(llm_usage_logs.tags) WHERE value = :tag)"


def condition(wanted: Filter) -> tuple[str, dict[str, Any]]:
    """Return the SQL condition that names the entries *wanted*, and its keys; no value is part of the text."""
    terms: list[str] = []
    keys: dict[str, Any] = {}
    if wanted.from_us is not None:
        terms.append("admitted_us >= :from_us")
        keys["from_us"] = wanted.from_us
    if wanted.to_us is not None:
        terms.append("admitted_us < :to_us")
        keys["to_us"] = wanted.to_us
    for name in _EQUAL:
        value = getattr(wanted, name)
        if value is not None:
            terms.append(f"{name} = :{name}")
            keys[name] = value
    if wanted.tag is not None:
        terms.append(_CARRIES)
        keys["tag"] = "=".join(wanted.tag)
    return " AND ".join(terms) or "TRUE", keys


def pages(connection: sqlite3.Connection, wanted: Filter, *, newest_first: bool) -> Iterator[Sequence[Entry]]:
    """Yield pages of the entries *wanted*, in the order they were booked; one statement, so one snapshot."""
    where, keys = condition(wanted)
    order = "DESC" if newest_first else "ASC"
    cursor = connection.execute(
        f"SELECT {_COLUMNS} FROM llm_usage_logs WHERE {where} ORDER BY number {order}",  # noqa: S608 - no value in it
        keys,
    )
    while page := cursor.fetchmany(_PAGE):
        yield [entry_of(row) for row in page]


def count(connection: sqlite3.Connection, wanted: Filter) -> int:
    """Return how many entries *wanted* names."""
    where, keys = condition(wanted)
    query = f"SELECT count(*) FROM llm_usage_logs WHERE {where}"  # noqa: S608 - no value in it
    (found,) = connection.execute(query, keys).fetchone()
    return int(found)
