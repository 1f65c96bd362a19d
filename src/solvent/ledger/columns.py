"""The columns of an exported entry: their names, their kinds, and where each is found."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from solvent.domain.entry import Entry
from solvent.domain.money import Money
from solvent.domain.usage import BUCKETS

Kind = Literal["text", "amount", "whole", "flag", "instant", "tags"]
"""An ``amount`` is dollars as exact text, an ``instant`` microseconds since the epoch, ``tags`` a mapping."""

_NOT_TOKENS: Final = ("web_searches", "file_searches")


@dataclass(frozen=True, slots=True)
class Column:
    """One column; ``optional`` says that it is empty where the entry does not tell."""

    name: str
    kind: Kind
    read: Callable[[Entry], Any]
    optional: bool = False


def _field(name: str, kind: Kind = "text", *, optional: bool = False) -> Column:
    return Column(name, kind, lambda entry: getattr(entry, name), optional)


def _whom(name: str) -> Column:
    return Column(name, "text", lambda entry: getattr(entry.attribution, name), optional=True)


def _bucket(name: str) -> Column:
    shown = name if name in _NOT_TOKENS else f"{name}_tokens"
    return Column(shown, "whole", lambda entry: getattr(entry.usage, name))


COLUMNS: Final = (
    _field("id"),
    _field("call_id"),
    _field("kind"),
    _field("corrects", optional=True),
    Column("admitted_at", "instant", lambda entry: entry.admitted_us),
    Column("booked_at", "instant", lambda entry: entry.booked_us),
    *map(_whom, ("customer_id", "agent_id", "campaign_id", "key_id")),
    Column("tags", "tags", lambda entry: dict(entry.attribution.tags)),
    *map(_field, ("operation", "dialect", "provider", "deployment", "model_asked", "model")),
    *map(_bucket, BUCKETS),
    Column("total_tokens", "whole", lambda entry: entry.usage.total_tokens),
    _field("cost_nanos", "whole"),
    Column("cost_usd", "amount", lambda entry: Money.plain(entry.cost_nanos)),
    _field("bound_nanos", "whole"),
    *map(_field, ("price_version", "certainty", "outcome", "detail")),
    _field("status", "whole", optional=True),
    _field("streamed", "flag"),
    _field("latency_ms", "whole"),
    _field("first_byte_ms", "whole", optional=True),
    _field("provider_call_id"),
)
