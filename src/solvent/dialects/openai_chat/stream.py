"""A stream of chat completion chunks: what it has said so far, and the tap that lets it pass."""

import re
from typing import TYPE_CHECKING, Any, Final

import orjson

from solvent.dialects.base import Facts
from solvent.dialects.openai_chat.reply import (
    error_of,
    finish_of,
    price_context,
    usage_of,
    written,
)
from solvent.dialects.openai_lenient import object_of, objects, text_of
from solvent.dialects.reading import parse_reply
from solvent.dialects.sse import Event, EventReader, write_event
from solvent.domain.call import Json
from solvent.errors import UsageContradictory

if TYPE_CHECKING:
    from solvent.domain.usage import Usage

DONE: Final = "[DONE]"
_NULL_USAGE: Final = re.compile(rb',\s*"usage"\s*:\s*null(?=\s*[,}])|"usage"\s*:\s*null\s*,\s*')
_USAGE_CHUNK: Final = frozenset(
    {"id", "object", "created", "model", "provider", "service_tier", "system_fingerprint"}
    | {"choices", "usage", "obfuscation", "x_groq"}
)


class ChatProgress:
    """What the chunks of one stream have said so far."""

    __slots__ = (
        "_done",
        "_doubt",
        "_error",
        "_finish",
        "_finished",
        "_id",
        "_model",
        "_texts",
        "_tier",
        "_usage",
    )

    def __init__(self) -> None:
        self._id = self._model = self._finish = self._doubt = ""
        self._usage: Usage | None = None
        self._error: Json | None = None
        self._finished: dict[Any, bool] = {}
        self._texts: dict[tuple[Any, str], list[str]] = {}
        self._tier: tuple[tuple[str, str], ...] = ()
        self._done = False

    def read(self, event: Event) -> Json | None:
        """Take in one event and return its chunk; None where it has none.

        Raises:
            UsageContradictory: its data is no JSON object.
        """
        if event.data is None or self._done or not event.data.strip():
            return None
        if event.data.strip() == DONE:
            self._done = True
            return None
        chunk = parse_reply(event.data)
        if event.name == "error" and not error_of(chunk):
            chunk = {"error": chunk}
        self._take(chunk)
        return chunk

    def _take(self, chunk: Json) -> None:
        self._id = self._id or text_of(chunk, "id")
        self._model = text_of(chunk, "model") or self._model
        self._error = self._error or error_of(chunk)
        self._tier = price_context(chunk) or self._tier
        for choice in objects(chunk.get("choices")):
            self._take_choice(choice)
        try:
            self._usage = usage_of(chunk) or self._usage
        except UsageContradictory as doubt:
            self._doubt = doubt.message

    def _take_choice(self, choice: Json) -> None:
        number = str(choice.get("index", 0))
        finish = text_of(choice, "finish_reason")
        self._finish = self._finish or finish
        self._finished[number] = self._finished.get(number, False) or bool(finish)
        for channel, text in written(object_of(choice, "delta")):
            if text:
                self._texts.setdefault((number, channel), []).append(text)

    @property
    def complete(self) -> bool:
        """Whether every choice that began has said why it stopped, and the end mark came."""
        return self._done and bool(self._finished) and all(self._finished.values())

    def facts(self) -> Facts:
        """Return what has been said."""
        return Facts(
            usage=None if self._doubt else self._usage,
            model=self._model,
            reply_id=self._id,
            finish=finish_of(self._finish),
            complete=self.complete,
            error=self._error,
            written=tuple("".join(texts) for texts in self._texts.values()),
            doubt=self._doubt,
            price_context=self._tier,
        )


class ChatTap:
    """Lets a stream pass and reads it; *hide_usage* takes out what only solvent asked for."""

    __slots__ = ("_hide_usage", "_progress", "_reader")

    def __init__(self, *, hide_usage: bool) -> None:
        self._hide_usage = hide_usage
        self._reader = EventReader()
        self._progress = ChatProgress()

    def feed(self, chunk: bytes) -> bytes:
        """Return what the client may see now; see ``Tap.feed``."""
        shown = self._read(self._reader.feed(chunk))
        return b"".join(shown) if self._hide_usage else chunk

    def end(self) -> bytes:
        """Return what was held back, but never an event that was cut; see ``Tap.end``."""
        events, _ = self._reader.end()
        shown = self._read(events)
        return b"".join(shown) if self._hide_usage else b""

    def _read(self, events: list[Event]) -> list[bytes]:
        read = [(event, self._progress.read(event)) for event in events]
        return [_without_usage(event, chunk) for event, chunk in read] if self._hide_usage else []

    def facts(self) -> Facts:
        """Return what the stream has said so far."""
        return self._progress.facts()


def _without_usage(event: Event, chunk: Json | None) -> bytes:
    """Return the event's bytes, byte for byte but for the usage; nothing for a chunk that is only usage.

    Usage that comes with a choice is what the provider always sends there, so it stays.
    """
    if chunk is None or "usage" not in chunk:
        return event.raw
    if chunk["usage"] is None:
        return _without_null(event, chunk)
    only_usage = chunk.get("choices") == [] and chunk.keys() <= _USAGE_CHUNK
    return b"" if only_usage else event.raw


def _without_null(event: Event, chunk: Json) -> bytes:
    if len(_NULL_USAGE.findall(event.raw)) == 1:
        return _NULL_USAGE.sub(b"", event.raw)
    rest = {name: value for name, value in chunk.items() if name != "usage"}
    return write_event(orjson.dumps(rest).decode(), event.name)
