"""Event streams: bytes → events and back, by the WHATWG rules (HTML standard, section 9.2.6).

Here are lines, fields and event boundaries only; what an event's data means is its dialect's business.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from solvent.errors import UsageContradictory

MAX_EVENT_BYTES: Final = 16 * 1024 * 1024
"""The longest event that is read unless a reader is told otherwise: room for an inline picture."""

_BOM: Final = b"\xef\xbb\xbf"
_LINE_END: Final = rb"(?>\r\n|\n|\r)"
_LINES: Final = re.compile(_LINE_END)
_EVENT_END: Final = re.compile(_LINE_END + _LINE_END)


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its ``raw`` bytes, blank line included, and what they say.

    ``data`` is None where the event has no data field (a comment, blank lines): a client is told nothing then.
    The raw bytes of all events of a stream, joined, are the stream.
    """

    raw: bytes = field(repr=False)
    name: str = ""
    data: str | None = field(default=None, repr=False)


class EventReader:
    """Cuts a stream into events, however its bytes are split; memory is bounded by *limit_bytes*."""

    __slots__ = ("_begun", "_held", "_limit_bytes", "_searched")

    def __init__(self, limit_bytes: int = MAX_EVENT_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._held = bytearray()
        self._searched = 0
        self._begun = False

    def feed(self, chunk: bytes) -> list[Event]:
        """Return the events that *chunk* completes.

        A carriage return at the very end waits for the next byte, which may be its line feed.

        Raises:
            UsageContradictory: an event is longer than the limit.
        """
        self._held += chunk
        events: list[Event] = []
        start = 0
        while found := _EVENT_END.search(self._held, max(start, self._searched)):
            end = found.end()
            if end == len(self._held) and self._held.endswith(b"\r"):
                break
            events.append(self._event(bytes(self._held[start:end])))
            start = self._searched = end
        del self._held[:start]
        self._searched = max(0, len(self._held) - 3)
        self._refuse_longer(len(self._held))
        return events

    def end(self) -> tuple[list[Event], bytes]:
        """Say that no more bytes come: return the event that only a last line feed held up, and the rest.

        The rest is an event without its blank line; by the rules a client never sees it.
        """
        rest = bytes(self._held)
        self._held.clear()
        self._searched = 0
        found = _EVENT_END.search(rest)
        if found and found.end() == len(rest):
            return [self._event(rest)], b""
        return [], rest

    def _event(self, raw: bytes) -> Event:
        self._refuse_longer(len(raw))
        told = raw
        if not self._begun:
            self._begun = True
            told = raw.removeprefix(_BOM)
        return _read(raw, told)

    def _refuse_longer(self, size_bytes: int) -> None:
        if size_bytes > self._limit_bytes:
            raise UsageContradictory(
                f"the provider sent an event of more than {self._limit_bytes} bytes; the stream was given up"
            )


def _read(raw: bytes, told: bytes) -> Event:
    name = ""
    data: list[str] = []
    for line in _LINES.split(told):
        key, _, value = line.partition(b":")
        if key == b"data":
            data.append(_text(value))
        elif key == b"event":
            name = _text(value)
    return Event(raw, name, "\n".join(data) if data else None)


def _text(value: bytes) -> str:
    return value.removeprefix(b" ").decode("utf-8", "replace")


def write_event(data: str, name: str = "") -> bytes:
    """Return the bytes of one event; line breaks in *data* become several data fields."""
    head = f"event: {name}\n" if name else ""
    lines = "".join(f"data: {line}\n" for line in re.split(r"\r\n|\n|\r", data))
    return f"{head}{lines}\n".encode()
