"""Waiting for money that calls in flight hold: first come first served, and only the first asks the store.

The store keeps the order across processes (``Ask.queued_us``); this line keeps a crowd of one process from
asking all at once. A wake-up comes with each close in this process, and with each tick for the others.
"""

import asyncio
from bisect import insort
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeAlias

from solvent.errors import Shortfall

LineKey: TypeAlias = tuple[str, str, int]


@dataclass(order=True, slots=True)
class Place:
    """One waiting call; places of a line sort by arrival."""

    queued_us: int
    ask_id: str
    turn: asyncio.Event = field(default_factory=asyncio.Event, compare=False)
    key: LineKey | None = field(default=None, compare=False)


def line_key(shortfall: Shortfall) -> LineKey:
    """Return which line a call denied by *shortfall* waits in: that of the account."""
    return (shortfall.scope, shortfall.period, shortfall.window_start_us)


class WaitingLine:
    """The waiting calls of this process, by the account that each waits for."""

    def __init__(self, tick_s: float) -> None:
        self._tick_s = tick_s
        self._lines: dict[LineKey, list[Place]] = {}

    def stand(self, key: LineKey, place: Place) -> None:
        """Put *place* into the line of *key* by its arrival; one that stands there already keeps its place."""
        if place.key == key:
            return
        self.leave(place)
        insort(self._lines.setdefault(key, []), place)
        place.key = key

    def leave(self, place: Place) -> None:
        """Take *place* out of its line and let the next one try; a place in no line stays so."""
        if place.key is None:
            return
        line = self._lines[place.key]
        line.remove(place)
        if line:
            line[0].turn.set()
        else:
            del self._lines[place.key]
        place.key = None

    def wake(self) -> None:
        """Let the first of each line try again: something was settled, released or changed."""
        for line in self._lines.values():
            line[0].turn.set()

    async def turn_of(self, place: Place, patience_s: float) -> None:
        """Return when *place* is first and something may have changed, or when *patience_s* have passed."""
        first = place.key is not None and self._lines[place.key][0] is place
        with suppress(TimeoutError):
            await asyncio.wait_for(place.turn.wait(), min(self._tick_s, patience_s) if first else patience_s)
        place.turn.clear()
