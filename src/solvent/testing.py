"""For the tests of programs that use solvent: a provider that costs nothing, a clock and ids under control."""

import random

from solvent.domain.clock import US_PER_S
from solvent.domain.ids import encode
from solvent.providers.simulated.behavior import Behavior
from solvent.providers.simulated.invoice import Counts, Invoice, InvoiceLine, ModelPrice
from solvent.providers.simulated.server import SimulatedProvider

__all__ = [
    "Behavior",
    "Counts",
    "Invoice",
    "InvoiceLine",
    "ManualClock",
    "ModelPrice",
    "SeededIds",
    "SimulatedProvider",
]


class ManualClock:
    """A clock that stands still until it is told to move; both of its readings move together."""

    def __init__(self, now_us: int = 1_767_225_600 * US_PER_S) -> None:
        self._now_us = now_us
        self._passed_us = 0

    def now_us(self) -> int:
        """Return the instant in microseconds since the epoch; it begins at 2026-01-01 unless told otherwise."""
        return self._now_us

    def monotonic_s(self) -> float:
        """Return the seconds that ``advance`` has let pass."""
        return self._passed_us / US_PER_S

    def advance(self, us: int) -> None:
        """Let *us* microseconds pass.

        Raises:
            ValueError: *us* is negative; use ``set`` to step the calendar back.
        """
        if us < 0:
            raise ValueError(f"time passes forwards; got {us} µs")
        self._now_us += us
        self._passed_us += us

    def set(self, now_us: int) -> None:
        """Set the calendar to *now_us*, forwards or back, as an operator sets a host's clock; no time passes."""
        self._now_us = now_us


class SeededIds:
    """Ids that are the same in every run of the same *seed*; unique within one source."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose, these ids guard nothing

    def new(self, kind: str, now_us: int) -> str:
        """Return ``kind_`` followed by 26 sortable characters."""
        return f"{kind}_{encode(now_us // 1000, self._random.getrandbits(80))}"
