"""The simulated provider's own accounts: integer prices, token counts and one line for each billed call."""

from dataclasses import asdict, dataclass
from typing import Any, Final

PER: Final = 1_000_000
"""Prices are for a million tokens."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Tokens of one call in disjoint classes."""

    input: int = 0
    cached_input: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """Nano-dollars for a million tokens of each class; None takes the price of plain input or output."""

    input_nanos: int
    output_nanos: int
    cached_input_nanos: int | None = None
    cache_write_nanos: int | None = None
    reasoning_nanos: int | None = None

    @classmethod
    def per_token(cls, input_nanos: int, output_nanos: int) -> "ModelPrice":
        """Return the price at which each token costs the given nano-dollars."""
        return cls(input_nanos * PER, output_nanos * PER)

    def cost_nanos(self, counts: Counts) -> int:
        """Return what *counts* cost in nano-dollars, rounded up once over the whole sum."""
        rates = (
            (counts.input, self.input_nanos),
            (counts.cached_input, self.cached_input_nanos),
            (counts.cache_write, self.cache_write_nanos),
            (counts.output, self.output_nanos),
            (counts.reasoning, self.reasoning_nanos),
        )
        fallback = (self.input_nanos,) * 3 + (self.output_nanos,) * 2
        total = sum(
            tokens * (usual if rate is None else rate)
            for (tokens, rate), usual in zip(rates, fallback, strict=True)
        )
        return -(-total // PER)


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """One billed call. ``complete`` is false where the client or the wire broke off; ``cost_nanos`` is charged."""

    id: str
    dialect: str
    model: str
    counts: Counts
    cost_nanos: int
    streamed: bool
    complete: bool


@dataclass(frozen=True, slots=True)
class Invoice:
    """What was billed so far, oldest line first."""

    lines: tuple[InvoiceLine, ...]

    @property
    def total_nanos(self) -> int:
        """The sum of all lines in nano-dollars."""
        return sum(line.cost_nanos for line in self.lines)

    def document(self) -> dict[str, Any]:
        """Return the invoice as the JSON object that ``GET /invoice`` gives."""
        return {
            "calls": len(self.lines),
            "total_nanos": self.total_nanos,
            "lines": [asdict(line) for line in self.lines],
        }
