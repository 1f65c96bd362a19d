"""Totals of usage: what an entry counts as, how groups are named, and sums per group.

Pure. A backend that groups in SQL uses the same counters, names and order, so that all give equal rows.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from solvent.domain.clock import to_iso
from solvent.domain.entry import Certainty, Entry, EntryKind, Outcome
from solvent.domain.usage import BUCKETS, Usage
from solvent.errors import CallInvalid
from solvent.ports.storage import DIMENSIONS, Filter, UsageRow
from solvent.storage.book import HOUR_US

Counters: TypeAlias = tuple[int, ...]
Group: TypeAlias = tuple[str | None, ...]

COUNTERS: Final = ("calls", "failures", "cost_nanos", "presumed_nanos", "latency_ms", *BUCKETS)
NOTHING: Final[Counters] = (0,) * len(COUNTERS)
_DAY_CHARS: Final = len("2025-01-31")


@dataclass(frozen=True, slots=True)
class Dimension:
    """One thing to group by; ``key`` is the tag's, empty for the others."""

    name: str
    key: str = ""


def dimensions(group_by: Sequence[str]) -> tuple[Dimension, ...]:
    """Return what *group_by* names.

    Raises:
        CallInvalid: a name is not in ``DIMENSIONS``, or a tag has no key.
    """
    return tuple(_dimension(text) for text in group_by)


def _dimension(text: str) -> Dimension:
    name, _, key = text.partition(":")
    if name not in DIMENSIONS or (name == "tag") != bool(key):
        known = ", ".join(known if known != "tag" else "tag:KEY" for known in DIMENSIONS)
        raise CallInvalid(f"usage cannot be grouped by {text!r}; use {known}")
    return Dimension(name, key)


def counters(entry: Entry) -> Counters:
    """Return what *entry* adds to each of ``COUNTERS``."""
    attempt = entry.kind is EntryKind.ATTEMPT
    return (
        int(attempt),
        int(attempt and entry.outcome is not Outcome.OK),
        entry.cost_nanos,
        entry.cost_nanos if entry.certainty is Certainty.PRESUMED else 0,
        entry.latency_ms,
        *entry.usage.counts(),
    )


def added(left: Counters, right: Counters) -> Counters:
    """Return the sums, counter by counter."""
    return tuple(map(int.__add__, left, right))


def taken(left: Counters, right: Counters) -> Counters:
    """Return the differences, counter by counter."""
    return tuple(map(int.__sub__, left, right))


def hour_name(instant_us: int) -> str:
    """Return the UTC hour that holds *instant_us*, such as ``2025-01-31T17:00:00Z``."""
    return to_iso(instant_us // HOUR_US * HOUR_US)


def day_name(instant_us: int) -> str:
    """Return the UTC day that holds *instant_us*, such as ``2025-01-31``."""
    return to_iso(instant_us)[:_DAY_CHARS]


def names(wanted: Filter, entry: Entry) -> bool:
    """Say whether *wanted* names *entry*."""
    who = entry.attribution
    pairs = (
        (wanted.provider, entry.provider),
        (wanted.model, entry.model),
        (wanted.customer_id, who.customer_id),
        (wanted.agent_id, who.agent_id),
        (wanted.campaign_id, who.campaign_id),
        (wanted.call_id, entry.call_id),
    )
    return (
        (wanted.from_us is None or wanted.from_us <= entry.admitted_us)
        and (wanted.to_us is None or entry.admitted_us < wanted.to_us)
        and all(asked is None or asked == found for asked, found in pairs)
        and (wanted.tag is None or wanted.tag in who.tags)
    )


def group_of(entry: Entry, by: Iterable[Dimension]) -> Group:
    """Return the group of *entry*, a value per dimension."""
    return tuple(_value(entry, dimension) for dimension in by)


def _value(entry: Entry, dimension: Dimension) -> str | None:
    if dimension.name == "tag":
        return dict(entry.attribution.tags).get(dimension.key)
    return _VALUES[dimension.name](entry)


_VALUES: Final[Mapping[str, Callable[[Entry], str | None]]] = {
    "model": lambda entry: entry.model,
    "provider": lambda entry: entry.provider,
    "customer": lambda entry: entry.attribution.customer_id,
    "agent": lambda entry: entry.attribution.agent_id,
    "campaign": lambda entry: entry.attribution.campaign_id,
    "day": lambda entry: day_name(entry.admitted_us),
    "hour": lambda entry: hour_name(entry.admitted_us),
}


class Tally:
    """Sums of counters per group."""

    def __init__(self) -> None:
        self._groups: dict[Group, Counters] = {}

    def add(self, group: Group, counts: Counters) -> None:
        """Add *counts* to *group*."""
        self._groups[group] = added(self._groups.get(group, NOTHING), counts)

    def take(self, group: Group, counts: Counters) -> None:
        """Take *counts* away from *group*."""
        self._groups[group] = taken(self._groups.get(group, NOTHING), counts)

    def rows(self, *, whole: bool) -> tuple[UsageRow, ...]:
        """Return a row per group that counts anything, dearest first, then by name.

        *whole*: nothing was grouped, so there is one row, also when it counts nothing.
        """
        if whole:
            return (usage_row((), self._groups.get((), NOTHING)),)
        found = (usage_row(group, counts) for group, counts in self._groups.items() if any(counts))
        return tuple(sorted(found, key=_rank))


def _rank(row: UsageRow) -> tuple[int, tuple[tuple[bool, str], ...]]:
    return (-row.cost_nanos, tuple((value is not None, value or "") for value in row.group))


def usage_row(group: Group, counts: Counters) -> UsageRow:
    """Return the totals of *group*."""
    calls, failures, cost_nanos, presumed_nanos, latency_ms, *buckets = counts
    return UsageRow(
        group=group,
        calls=calls,
        failures=failures,
        usage=Usage(*buckets),
        cost_nanos=cost_nanos,
        presumed_nanos=presumed_nanos,
        latency_ms=latency_ms,
    )
