"""A tap for dialects whose streams pass through unchanged: it only listens."""

from collections.abc import Sequence
from typing import Protocol

from solvent.dialects.base import Facts
from solvent.dialects.reading import Field
from solvent.dialects.sse import Event


class Cutter(Protocol):
    """Cuts a stream into events, however its bytes are split."""

    def feed(self, chunk: bytes) -> Sequence[Event]:
        """Return the events that *chunk* completes."""
        ...

    def end(self) -> tuple[Sequence[Event], bytes]:
        """Return the events that only the end completes, and what is left."""
        ...


class Listener(Protocol):
    """Understands the events of one stream."""

    def take(self, event: Event) -> Field | None:
        """Note what *event* says and return it."""
        ...

    def facts(self) -> Facts:
        """Return what the stream has said so far."""
        ...


class PassingTap:
    """Lets a stream's bytes through as they come, and takes note of the events in them."""

    __slots__ = ("_cutter", "_listener")

    def __init__(self, cutter: Cutter, listener: Listener) -> None:
        self._cutter = cutter
        self._listener = listener

    def feed(self, chunk: bytes) -> bytes:
        """Return *chunk*, after taking note of the events that it completes.

        Raises:
            UsageContradictory: an event is not of the dialect, or too long.
        """
        for event in self._cutter.feed(chunk):
            self._listener.take(event)
        return chunk

    def end(self) -> bytes:
        """Take note of an event that only the end completes; no bytes were held back."""
        for event in self._cutter.end()[0]:
            self._listener.take(event)
        return b""

    def facts(self) -> Facts:
        """Return what the stream has said so far."""
        return self._listener.facts()
