"""Streams as Google writes them without ``alt=sse``: one JSON array that grows by an element a chunk."""

import re
from typing import Final

from solvent.dialects.sse import MAX_EVENT_BYTES, Event, EventReader
from solvent.errors import UsageContradictory

_OUTSIDE: Final = re.compile(rb'["{}\[\],]')
_INSIDE: Final = re.compile(rb'["\\]')


class ChunkReader:
    """Cuts a stream of either form into its chunks; the first byte that is not blank tells which it is."""

    __slots__ = ("_blanks", "_reader")

    def __init__(self) -> None:
        self._blanks = b""
        self._reader: EventReader | ArrayReader | None = None

    def feed(self, chunk: bytes) -> list[Event]:
        """Return the chunks that *chunk* completes.

        Raises:
            UsageContradictory: one of them is too long.
        """
        if self._reader is None:
            self._blanks += chunk
            told = self._blanks.lstrip(b" \t\r\n")
            if not told:
                return []
            self._reader = ArrayReader() if told.startswith(b"[") else EventReader()
            chunk, self._blanks = self._blanks, b""
        return self._reader.feed(chunk)

    def end(self) -> tuple[list[Event], bytes]:
        """Say that no more bytes come: return the events that only this completes, and the rest."""
        return self._reader.end() if self._reader is not None else ([], self._blanks)


class ArrayReader:
    """Cuts a JSON array into its elements; each is told when the comma or bracket after it has come.

    So the last element, which ends the reply, is told only once the whole array is there.
    """

    __slots__ = ("_at", "_depth", "_held", "_limit_bytes", "_quoted", "_start")

    def __init__(self, limit_bytes: int = MAX_EVENT_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._held = bytearray()
        self._at = 0
        self._start = 0
        self._depth = 0
        self._quoted = False

    def feed(self, chunk: bytes) -> list[Event]:
        """Return the elements that *chunk* completes.

        Raises:
            UsageContradictory: an element is longer than the limit.
        """
        self._held += chunk
        events: list[Event] = []
        while found := (_INSIDE if self._quoted else _OUTSIDE).search(self._held, self._at):
            self._at = found.end()
            if self._closes(found[0]):
                events += self._element(found.start())
                self._start = found.end()
        self._at = max(self._at, len(self._held))
        self._forget()
        return events

    def end(self) -> tuple[list[Event], bytes]:
        """Return what is left of an array that was cut."""
        rest = bytes(self._held)
        self._held.clear()
        return [], rest

    def _closes(self, mark: bytes) -> bool:
        """Follow *mark* and say whether an element of the outermost array lies between it and the last such."""
        if self._quoted:
            if mark == b"\\":
                self._at += 1
            else:
                self._quoted = False
            return False
        if mark == b'"':
            self._quoted = True
            return False
        if mark == b",":
            return self._depth == 1
        self._depth += 1 if mark in b"{[" else -1
        return self._depth == (1 if mark == b"[" else 0)

    def _element(self, end: int) -> list[Event]:
        raw = bytes(self._held[self._start : end])
        told = raw.strip()
        return [Event(raw, data=told.decode("utf-8", "replace"))] if told else []

    def _forget(self) -> None:
        del self._held[: self._start]
        self._at -= self._start
        self._start = 0
        if len(self._held) > self._limit_bytes:
            raise UsageContradictory(
                f"the provider sent a chunk of more than {self._limit_bytes} bytes; the stream was given up"
            )
