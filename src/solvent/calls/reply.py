"""What a program gets back from the face: replies, deltas, estimates, with the money they cost."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from solvent.domain.call import Json
from solvent.domain.entry import Certainty
from solvent.domain.money import NANOS_PER_USD
from solvent.domain.usage import Usage


@dataclass(frozen=True, slots=True)
class AskedTool:
    """A tool that the model wants called; *arguments* is the JSON text it wrote."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Priced:
    """The part that every answer shares. ``remaining_nanos`` is the least any hard budget has left.

    ``output_limit`` is the output limit that solvent sent where the caller named none or it was lowered
    (``clamped``); None where the caller's own stood.
    """

    call_id: str
    provider: str
    model: str
    usage: Usage
    cost_nanos: int
    certainty: Certainty
    remaining_nanos: int | None
    latency_ms: int
    cached: bool
    output_limit: int | None
    clamped: bool

    @property
    def cost(self) -> Decimal:
        """The cost in dollars, exact."""
        return Decimal(self.cost_nanos) / NANOS_PER_USD


@dataclass(frozen=True, slots=True)
class ChatReply(Priced):
    """A whole answer. ``parsed`` is the model instance where one was asked for; ``document`` the raw reply."""

    text: str
    finish: str
    tool_calls: tuple[AskedTool, ...] = ()
    parsed: Any = None
    document: Json = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class ChatDelta:
    """A piece of a streamed answer. The last one has ``finish`` and, when all is booked, ``reply``."""

    text: str = ""
    kind: Literal["text", "reasoning", "refusal", "tool", "end"] = "text"
    reply: Priced | None = None


@dataclass(frozen=True, slots=True)
class Embeddings(Priced):
    """Vectors in the order of the texts."""

    vectors: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class CostEstimate:
    """The most a call can cost, before it: what would be held. ``basis`` says how input was bounded."""

    provider: str
    model: str
    bound_nanos: int
    input_tokens: int
    output_tokens: int
    basis: str
    price_version: str

    @property
    def bound(self) -> Decimal:
        """The bound in dollars, exact."""
        return Decimal(self.bound_nanos) / NANOS_PER_USD
