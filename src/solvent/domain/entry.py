"""Ledger entries: one line for each attempt, appended once, never changed; a correction is a new line."""

from dataclasses import dataclass, replace
from enum import StrEnum

from solvent.domain.ids import adjustment_id
from solvent.domain.scope import Attribution
from solvent.domain.usage import NO_USAGE, Usage


class EntryKind(StrEnum):
    """An attempt at a provider, or the correction of an earlier entry."""

    ATTEMPT = "attempt"
    ADJUSTMENT = "adjustment"


class Certainty(StrEnum):
    """How the cost is known: the provider's numbers, solvent's own count, or charged at the bound."""

    EXACT = "exact"
    COUNTED = "counted"
    PRESUMED = "presumed"


class Outcome(StrEnum):
    """How an attempt ended, seen from the caller."""

    OK = "ok"
    ABORTED = "aborted"
    CUT = "cut"
    FAILED = "failed"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the book, keyed by ``id`` (the attempt's id).

    ``scopes`` are the scopes charged and ``admitted_us`` the instant that decides their windows, whenever the
    line is written (``booked_us``). ``cost_nanos`` is negative only in an adjustment. ``detail`` names an
    anomaly or the kind of failure; it never holds what was said.
    """

    id: str
    call_id: str
    kind: EntryKind
    corrects: str | None
    scopes: tuple[str, ...]
    attribution: Attribution
    admitted_us: int
    booked_us: int
    operation: str
    dialect: str
    provider: str
    deployment: str
    model_asked: str
    model: str
    usage: Usage
    cost_nanos: int
    bound_nanos: int
    price_version: str
    certainty: Certainty
    outcome: Outcome
    detail: str = ""
    status: int | None = None
    streamed: bool = False
    latency_ms: int = 0
    first_byte_ms: int | None = None
    provider_call_id: str = ""


def adjustment(
    old: Entry, new: Entry, booked_us: int, *, number: int = 1, charged_nanos: int | None = None
) -> Entry:
    """Return the line that turns the charge of *old* into that of *new*.

    ``charged_nanos`` is what *old* and its earlier adjustments charged so far, where that is not its own cost.
    """
    charged = old.cost_nanos if charged_nanos is None else charged_nanos
    return replace(
        new,
        id=adjustment_id(old.id, number),
        kind=EntryKind.ADJUSTMENT,
        corrects=old.id,
        scopes=old.scopes,
        admitted_us=old.admitted_us,
        booked_us=booked_us,
        cost_nanos=new.cost_nanos - charged,
        detail=new.detail or "late",
    )


def presumed(entry: Entry, *, booked_us: int, detail: str) -> Entry:
    """Return *entry* charged at its bound, its usage unknown."""
    return replace(
        entry,
        usage=NO_USAGE,
        cost_nanos=entry.bound_nanos,
        certainty=Certainty.PRESUMED,
        outcome=Outcome.LOST,
        booked_us=booked_us,
        detail=detail,
    )
