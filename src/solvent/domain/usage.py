"""Usage: what a provider counted, in disjoint buckets whose token sum equals the provider's total."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Final

from solvent.errors import UsageContradictory


@dataclass(frozen=True, slots=True)
class Usage:
    """Disjoint counts of one attempt: tokens by bucket, then units that are not tokens.

    ``input`` and ``output`` hold what no other bucket does; ``reasoning`` is not part of ``output``.
    """

    input: int = 0
    input_audio: int = 0
    input_image: int = 0
    input_video: int = 0
    cached_input: int = 0
    cached_audio: int = 0
    cached_image: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output: int = 0
    reasoning: int = 0
    output_audio: int = 0
    output_image: int = 0
    web_searches: int = 0
    file_searches: int = 0

    def checked(self) -> "Usage":
        """Return itself when every count is a whole number ≥ 0 and plausible (below 10¹²).

        Raises:
            UsageContradictory: one is not.
        """
        for name in BUCKETS:
            count = getattr(self, name)
            if type(count) is not int or not 0 <= count < MAX_COUNT:
                raise UsageContradictory(f"usage says {name} = {count!r}, which is not a count")
        return self

    @property
    def input_tokens(self) -> int:
        """Every token read, cached or not: what decides a price tier."""
        return (
            self.input
            + self.input_audio
            + self.input_image
            + self.input_video
            + self.cached_input
            + self.cached_audio
            + self.cached_image
            + self.cache_write_5m
            + self.cache_write_1h
        )

    @property
    def output_tokens(self) -> int:
        """Every token written, reasoning included."""
        return self.output + self.reasoning + self.output_audio + self.output_image

    @property
    def total_tokens(self) -> int:
        """All tokens, read and written."""
        return self.input_tokens + self.output_tokens

    def counts(self) -> tuple[int, ...]:
        """Return the counts in the order of ``BUCKETS``."""
        return _counts(self)

    def __add__(self, other: "Usage") -> "Usage":
        """Return the sum, bucket by bucket."""
        return Usage(*(a + b for a, b in zip(self.counts(), other.counts(), strict=True)))


BUCKETS: Final = tuple(field.name for field in fields(Usage))
_counts: Final[Callable[[Usage], tuple[int, ...]]] = attrgetter(*BUCKETS)
MAX_COUNT: Final = 10**12
NO_USAGE: Final = Usage()
