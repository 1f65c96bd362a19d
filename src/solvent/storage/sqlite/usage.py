"""Usage queries: whole hours from the totals, the rest of an hour at either end from the entries.

A question that crosses two tags, or names one call, is answered from the entries it names.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from solvent.ports.storage import Filter, UsageRow
from solvent.storage import tally
from solvent.storage.book import HOUR_US
from solvent.storage.sqlite import entries
from solvent.storage.sqlite.rows import FOREVER_US
from solvent.storage.tally import Counters, Dimension, Group, Tally

_COUNTERS: Final = ", ".join(tally.COUNTERS)
_SUMS: Final = ", ".join(f"coalesce(sum({name}), 0)" for name in tally.COUNTERS)
_COLUMNS: Final = f"hour_us, tag, customer, agent, campaign, provider, model, {_COUNTERS}"
_EQUAL: Final = (
    ("provider", "provider"),
    ("model", "model"),
    ("customer", "customer_id"),
    ("agent", "agent_id"),
    ("campaign", "campaign_id"),
)
_BY: Final[Mapping[str, str]] = {
    "model": "model",
    "provider": "provider",
    "customer": "nullif(customer, '')",
    "agent": "nullif(agent, '')",
    "campaign": "nullif(campaign, '')",
    "tag": "substr(tag, instr(tag, '=') + 1)",
    "day": "strftime('%Y-%m-%d', hour_us / 1000000, 'unixepoch')",
    "hour": "strftime('%Y-%m-%dT%H:00:00Z', hour_us / 1000000, 'unixepoch')",
}


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Whole hours in the middle, and what is left of an hour before and after; each half-open, in µs."""

    hours: tuple[int, int]
    edges: tuple[tuple[int, int], tuple[int, int]]


def usage(connection: sqlite3.Connection, wanted: Filter, by: tuple[Dimension, ...]) -> tuple[UsageRow, ...]:
    """Return totals per group of the entries *wanted*, dearest first."""
    sums = Tally()
    keys = {dimension.key for dimension in by if dimension.name == "tag"}
    if wanted.tag is not None:
        keys.add(wanted.tag[0])
    if len(keys) > 1 or wanted.call_id is not None:
        for page in entries.pages(connection, wanted, newest_first=False):
            for entry in page:
                sums.add(tally.group_of(entry, by), tally.counters(entry))
        return sums.rows(whole=not by)
    if wanted.tag is None and keys:
        _add_by_tag(connection, wanted, by, sums)
    else:
        for group, counts in _sums(connection, wanted, by, "tag = :tag", {"tag": _tag_text(wanted)}):
            sums.add(group, counts)
    return sums.rows(whole=not by)


def _tag_text(wanted: Filter) -> str:
    """Return the tag of the rows of totals that *wanted* names: empty for those that count every entry."""
    return "=".join(wanted.tag) if wanted.tag is not None else ""


def _add_by_tag(
    connection: sqlite3.Connection, wanted: Filter, by: tuple[Dimension, ...], sums: Tally
) -> None:
    """Add the groups of one tag's values; what no value was given for is the total less those."""
    key = next(dimension.key for dimension in by if dimension.name == "tag")
    at = [place for place, dimension in enumerate(by) if dimension.name == "tag"]
    for group, counts in _sums(connection, wanted, by, "tag = :tag", {"tag": ""}):
        sums.add(_without(group, at), counts)
    span = {"first": f"{key}=", "last": f"{key}>"}
    for group, counts in tuple(_sums(connection, wanted, by, "tag >= :first AND tag < :last", span)):
        sums.add(group, counts)
        sums.take(_without(group, at), counts)


def _without(group: Group, at: Sequence[int]) -> Group:
    """Return *group* with no value for the dimensions *at* those places."""
    return tuple(None if place in at else value for place, value in enumerate(group))


def _sums(
    connection: sqlite3.Connection,
    wanted: Filter,
    by: tuple[Dimension, ...],
    which: str,
    keys: dict[str, Any],
) -> Iterator[tuple[Group, Counters]]:
    """Yield the sums per group of the rows of totals that have *which* tag."""
    terms = [which]
    for column, name in _EQUAL:
        value = getattr(wanted, name)
        if value is not None:
            terms.append(f"{column} = :{column}")
            keys[column] = value
    where = " AND ".join(terms)
    stretch = _stretch(wanted)
    keys |= {"hour_from": stretch.hours[0], "hour_to": stretch.hours[1]}
    arms = [_arm("usage_hours", f"hour_us >= :hour_from AND hour_us < :hour_to AND {where}")]
    for number, (first_us, last_us) in enumerate(stretch.edges):
        if first_us < last_us:
            keys |= {f"from_{number}": first_us, f"to_{number}": last_us}
            edge = f"admitted_us >= :from_{number} AND admitted_us < :to_{number}"
            arms.append(_arm("usage_lines", f"{edge} AND {where}"))
    groups = [_BY[dimension.name] for dimension in by]
    grouping = f"GROUP BY {', '.join(groups)}" if groups else ""
    query = f"SELECT {', '.join([*groups, _SUMS])} FROM ({' UNION ALL '.join(arms)}) {grouping}"  # noqa: S608 - as above
    for row in connection.execute(query, keys):
        yield row[: len(by)], row[len(by) :]


def _arm(source: str, where: str) -> str:
    return f"SELECT {_COLUMNS} FROM {source} WHERE {where}"  # noqa: S608 - names and keys, no value


def _stretch(wanted: Filter) -> _Stretch:
    """Cut the time *wanted* at the full hours."""
    from_us = 0 if wanted.from_us is None else max(0, wanted.from_us)
    to_us = FOREVER_US if wanted.to_us is None else max(from_us, wanted.to_us)
    first_hour = -(-from_us // HOUR_US) * HOUR_US
    last_hour = to_us // HOUR_US * HOUR_US if to_us != FOREVER_US else FOREVER_US
    if first_hour > last_hour:
        return _Stretch((0, 0), ((from_us, to_us), (0, 0)))
    return _Stretch((first_hour, last_hour), ((from_us, first_hour), (last_hour, to_us)))
