"""How records are written down: entries as flat rows, and short digests that tell a repeat from a change.

The order of the columns is part of every file that was written; new ones are only ever inserted by a
migration.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import orjson

from solvent.domain.entry import Certainty, Entry, EntryKind, Outcome
from solvent.domain.reservation import Ask
from solvent.domain.scope import Attribution
from solvent.domain.usage import BUCKETS, Usage
from solvent.errors import CallInvalid

Row: TypeAlias = tuple[Any, ...]

_HEAD: Final = (
    *("id", "call_id", "kind", "corrects", "scopes"),
    *("customer_id", "agent_id", "campaign_id", "key_id", "tags"),
    *("operation", "dialect", "provider", "deployment", "model_asked", "model"),
)
_TAIL: Final = (
    *("cost_nanos", "bound_nanos", "price_version", "certainty", "outcome", "detail", "status", "streamed"),
    *("provider_call_id", "admitted_us", "booked_us", "latency_ms", "first_byte_ms"),
)
ENTRY_COLUMNS: Final = (*_HEAD, *BUCKETS, *_TAIL)
_TIMINGS: Final = 3
_INSTANTS: Final = 4
_USAGE_FROM: Final = len(_HEAD)
_USAGE_TO: Final = len(_HEAD) + len(BUCKETS)


def entry_row(entry: Entry) -> Row:
    """Return *entry* as plain values in the order of ``ENTRY_COLUMNS``."""
    who = entry.attribution
    return (
        *(entry.id, entry.call_id, entry.kind.value, entry.corrects, json_text(entry.scopes)),
        *(who.customer_id, who.agent_id, who.campaign_id, who.key_id),
        json_text([f"{key}={value}" for key, value in who.tags]) if who.tags else "[]",
        *(entry.operation, entry.dialect, entry.provider, entry.deployment, entry.model_asked, entry.model),
        *entry.usage.counts(),
        *(entry.cost_nanos, entry.bound_nanos, entry.price_version),
        *(entry.certainty.value, entry.outcome.value, entry.detail, entry.status, int(entry.streamed)),
        *(entry.provider_call_id, entry.admitted_us, entry.booked_us, entry.latency_ms, entry.first_byte_ms),
    )


def entry_of(row: Sequence[Any]) -> Entry:
    """Return the entry that ``entry_row`` wrote as *row*."""
    head, counts, tail = row[:_USAGE_FROM], row[_USAGE_FROM:_USAGE_TO], row[_USAGE_TO:]
    return Entry(
        id=head[0],
        call_id=head[1],
        kind=EntryKind(head[2]),
        corrects=head[3],
        scopes=tuple(orjson.loads(head[4])),
        attribution=Attribution(head[5], head[6], head[7], head[8], _tags(head[9])),
        operation=head[10],
        dialect=head[11],
        provider=head[12],
        deployment=head[13],
        model_asked=head[14],
        model=head[15],
        usage=Usage(*counts),
        cost_nanos=tail[0],
        bound_nanos=tail[1],
        price_version=tail[2],
        certainty=Certainty(tail[3]),
        outcome=Outcome(tail[4]),
        detail=tail[5],
        status=tail[6],
        streamed=bool(tail[7]),
        provider_call_id=tail[8],
        admitted_us=tail[9],
        booked_us=tail[10],
        latency_ms=tail[11],
        first_byte_ms=tail[12],
    )


def _tags(text: str) -> tuple[tuple[str, str], ...]:
    pairs = (tag.partition("=") for tag in orjson.loads(text))
    return tuple((key, value) for key, _, value in pairs)


def json_text(value: Any) -> str:
    """Return *value* as compact JSON.

    Raises:
        CallInvalid: it holds a number beyond 64 bits or half a character, which no store can keep.
    """
    return json_bytes(value).decode()


def json_bytes(value: Any) -> bytes:
    """Return *value* as compact JSON in UTF-8, with the errors of ``json_text``."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError as error:
        raise CallInvalid(f"a record cannot be written down ({error}); nothing was changed") from error


def write_ask(ask: Ask) -> tuple[bytes, str]:
    """Return what identifies the content of *ask*, and its blank entry in words.

    The content is scopes, bound and blank; instants and the place in line are no part of it. The blank is
    written as of the instant of this ask, which is that of its admission.
    """
    row = entry_row(ask.blank)
    content = json_bytes(row[:-_INSTANTS])
    instants = json_bytes((ask.asked_us, *row[-_TIMINGS:]))
    return _digest(content), f"[{content.decode()},{instants.decode()}]"


def read_entry(text: str) -> Entry:
    """Return the entry that was written as *text*."""
    content, instants = orjson.loads(text)
    return entry_of([*content, *instants])


def entries_digest(entries: tuple[Entry, ...]) -> bytes:
    """Return what identifies the content of *entries*, in their order, without ``booked_us`` and timings."""
    return _digest(json_bytes([entry_row(entry)[:-_TIMINGS] for entry in entries]))


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()
