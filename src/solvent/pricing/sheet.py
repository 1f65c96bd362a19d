"""Sheets: prices as exact fractions, while they are merged, scaled and completed, before they become a ``Rate``.

All prices here are in nano-dollars per unit; a class is a bucket of ``Usage``, or ``REQUESTS``.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Final

from solvent.domain.usage import BUCKETS
from solvent.pricing.models import Traits
from solvent.pricing.rate import Rate, Step

REQUESTS: Final = "requests"
CLASSES: Final = (*BUCKETS, REQUESTS)
ALWAYS: Final = -1
"""The threshold of the first step: every call has more tokens."""

_STAND_INS: Final = (
    ("input_image", "input"),
    ("input_video", "input"),
    ("cached_input", "input"),
    ("cached_audio", "input_audio"),
    ("reasoning", "output"),
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """Own prices by class from each threshold of input tokens on; the first threshold is ``ALWAYS``."""

    steps: tuple[tuple[int, Mapping[str, Fraction]], ...]

    def at(self, above_tokens: int) -> Mapping[str, Fraction]:
        """Return the prices of the last step whose threshold is at most *above_tokens*."""
        return next(prices for start, prices in reversed(self.steps) if start <= above_tokens)

    def times(self, factor: Fraction) -> "Sheet":
        """Return the sheet with every price multiplied."""
        return Sheet(
            tuple(
                (start, {name: price * factor for name, price in prices.items()})
                for start, prices in self.steps
            )
        )

    def under(self, top: "Sheet") -> "Sheet":
        """Return the sheet with the classes of *top* laid over its own."""
        starts = sorted({start for start, _ in (*self.steps, *top.steps)})
        return Sheet(tuple((start, {**self.at(start), **top.at(start)}) for start in starts))

    def compiled(self, name: str, source: str, context_tokens: int | None, traits: Traits) -> Rate:
        """Return the integer rate; *source* is the readable part of its version, at most 45 characters."""
        completed = [(start, complete(prices)) for start, prices in self.steps]
        scale = lcm(*(price.denominator for _, prices in completed for price in prices if price is not None))
        steps = tuple(_step(start, prices, scale) for start, prices in completed)
        version = f"{source} #{_digest(scale, steps)}"
        return Rate(name, version, scale, steps, context_tokens, traits)


EMPTY: Final = Sheet(((ALWAYS, {}),))


def complete(own: Mapping[str, Fraction]) -> tuple[Fraction | None, ...]:
    """Return a price for each of ``CLASSES``, or None where none can be said.

    Reasoning is output; images and video are input; what was read from a cache costs at most what it costs
    unread. Audio, cache writes, images written and searches have their own price or none. A request is free
    unless a fee is stated.
    """
    prices = dict(own)
    for missing, stand_in in _STAND_INS:
        if missing not in prices and stand_in in prices:
            prices[missing] = prices[stand_in]
    if "cached_image" not in prices and "input_image" in prices:
        prices["cached_image"] = prices["input_image" if "input_image" in own else "cached_input"]
    prices.setdefault(REQUESTS, Fraction(0))
    return tuple(prices.get(name) for name in CLASSES)


def _step(start: int, prices: tuple[Fraction | None, ...], scale: int) -> Step:
    whole = tuple(None if price is None else int(price * scale) for price in prices)
    return Step(start, whole[:-1], whole[-1] or 0)


def _digest(scale: int, steps: tuple[Step, ...]) -> str:
    text = repr((BUCKETS, scale, [(step.above_tokens, step.prices, step.per_request) for step in steps]))
    return hashlib.sha256(text.encode()).hexdigest()[:12]
