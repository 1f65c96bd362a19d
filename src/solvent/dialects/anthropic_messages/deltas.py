"""Event streams between Anthropic's dialect and canonical deltas."""

from collections.abc import Iterator
from typing import Final

import orjson

from solvent.dialects.anthropic_messages.answer import (
    STOP_REASONS,
    foreign,
    thought,
    thought_block,
    write_usage,
)
from solvent.dialects.anthropic_messages.prompt_reader import REDACTED
from solvent.dialects.anthropic_messages.stream import Reading
from solvent.dialects.base import Facts, Finish
from solvent.dialects.canonical import (
    Begin,
    ChoiceEnd,
    Delta,
    End,
    FinishWord,
    Reasoning,
    TextDelta,
    ToolDelta,
)
from solvent.dialects.reading import Field
from solvent.dialects.signature import own_signature, read_signature, write_signature
from solvent.dialects.sse import EventReader, write_event
from solvent.domain.call import Dialect, Json
from solvent.domain.usage import NO_USAGE, Usage
from solvent.errors import UsageContradictory

_ME: Final = Dialect.ANTHROPIC_MESSAGES


class MessagesDecoder:
    """Reads one stream of Anthropic's dialect into canonical deltas."""

    __slots__ = ("_events", "_reading", "_silent", "_tools")

    def __init__(self) -> None:
        self._events = EventReader()
        self._reading = Reading()
        self._tools: dict[int, int] = {}
        self._silent: set[int] = set()

    def feed(self, chunk: bytes) -> list[Delta]:
        """Return the deltas that *chunk* completes; see ``Decoder.feed``.

        Raises:
            UsageContradictory: an event is not of the dialect, or only that dialect can say it.
        """
        deltas: list[Delta] = []
        for event in self._events.feed(chunk):
            told = self._reading.take(event)
            if told is not None:
                deltas += self._deltas(told)
        return deltas

    def facts(self) -> Facts:
        """Return what the stream has said so far."""
        return self._reading.facts()

    def _deltas(self, told: Field) -> Iterator[Delta]:
        match told.need("type").text():
            case "message_start":
                message = told.need("message")
                yield Begin(message.need("id").text(), message.need("model").text())
            case "content_block_start":
                yield from self._started(told.need("index").count(), told.need("content_block"))
            case "content_block_delta":
                yield from self._grown(told.need("index").count(), told.need("delta"))
            case "content_block_stop":
                yield from self._stopped(told.need("index").count())
            case "message_stop":
                yield from self._ended()

    def _started(self, index: int, block: Field) -> Iterator[Delta]:
        match block.need("type").text():
            case "text":
                yield TextDelta(0, block.need("text").text())
            case "thinking" | "redacted_thinking":
                found = thought(block)
                yield TextDelta(0, found.text, "reasoning", found.signature)
            case "tool_use":
                self._tools[index] = place = len(self._tools)
                held = block.get("input")
                given = held.dumped() if held is not None and held.value else ""
                if not given:
                    self._silent.add(index)
                yield ToolDelta(0, place, given, block.need("id").text(), block.need("name").text())
            case kind:
                raise foreign(block, kind)

    def _grown(self, index: int, delta: Field) -> Iterator[Delta]:
        match delta.need("type").text():
            case "text_delta":
                yield TextDelta(0, delta.need("text").text())
            case "thinking_delta":
                yield TextDelta(0, delta.need("thinking").text(), "reasoning")
            case "signature_delta":
                yield TextDelta(0, "", "reasoning", read_signature(_ME, delta.need("signature").text()))
            case "input_json_delta" if index in self._tools:
                piece = delta.need("partial_json").text()
                if piece:
                    self._silent.discard(index)
                    yield ToolDelta(0, self._tools[index], piece)
            case kind:
                raise foreign(delta, kind)

    def _stopped(self, index: int) -> Iterator[Delta]:
        """Yield the arguments of a tool call that has none: elsewhere they are an empty object."""
        if index in self._silent:
            self._silent.discard(index)
            yield ToolDelta(0, self._tools[index], "{}")

    def _ended(self) -> Iterator[Delta]:
        facts = self._reading.facts()
        if facts.complete:
            yield ChoiceEnd(0, (facts.finish or Finish.OTHER).value)
            yield End(facts.usage or NO_USAGE)


class MessagesEncoder:
    """Writes canonical deltas as one stream of Anthropic's dialect."""

    __slots__ = ("_blocks", "_finish", "_open", "_tools")

    def __init__(self) -> None:
        self._blocks = 0
        self._open = ""
        self._tools: dict[int, int] = {}
        self._finish: FinishWord = "other"

    def write(self, deltas: list[Delta]) -> bytes:
        """Return the bytes of *deltas*; ``message_stop`` comes with the delta that ends the reply.

        Raises:
            UsageContradictory: they tell of a second answer, where a message has one.
        """
        return b"".join(_event(event) for delta in deltas for event in self._events(delta))

    def _events(self, delta: Delta) -> Iterator[Json]:
        if isinstance(delta, (TextDelta, ToolDelta, ChoiceEnd)) and delta.choice != 0:
            raise UsageContradictory(
                f"the provider streams answer {delta.choice + 1} where a message has one"
            )
        match delta:
            case Begin():
                yield {"type": "message_start", "message": _message(delta)}
            case TextDelta(kind="reasoning"):
                yield from self._thought(delta)
            case TextDelta():
                yield from self._text(delta)
            case ToolDelta():
                yield from self._tool(delta)
            case ChoiceEnd():
                yield from self._closed()
                yield from ({"type": "content_block_stop", "index": index} for index in self._tools.values())
                self._finish = delta.finish
            case End():
                yield _message_delta(self._finish, delta.usage)
                yield {"type": "message_stop"}

    def _text(self, delta: TextDelta) -> Iterator[Json]:
        if delta.text:
            yield from self._opened("text", {"type": "text", "text": ""})
            yield self._grown({"type": "text_delta", "text": delta.text})

    def _thought(self, delta: TextDelta) -> Iterator[Json]:
        if own_signature(_ME, delta.signature).startswith(REDACTED):
            yield from self._opened("redacted", thought_block(Reasoning("", delta.signature)))
            yield from self._closed()
            return
        if delta.text or delta.signature:
            yield from self._opened("thinking", {"type": "thinking", "thinking": "", "signature": ""})
        if delta.text:
            yield self._grown({"type": "thinking_delta", "thinking": delta.text})
        if delta.signature:
            yield self._grown({"type": "signature_delta", "signature": write_signature(_ME, delta.signature)})
            yield from self._closed()

    def _tool(self, delta: ToolDelta) -> Iterator[Json]:
        """Yield a piece of a tool call; its block stays open, since calls may grow side by side."""
        if delta.index not in self._tools:
            yield from self._closed()
            self._tools[delta.index] = self._blocks
            block = {"type": "tool_use", "id": delta.id, "name": delta.name, "input": {}}
            yield {"type": "content_block_start", "index": self._blocks, "content_block": block}
            self._blocks += 1
        if delta.arguments:
            piece = {"type": "input_json_delta", "partial_json": delta.arguments}
            yield {"type": "content_block_delta", "index": self._tools[delta.index], "delta": piece}

    def _opened(self, kind: str, block: Json) -> Iterator[Json]:
        if self._open == kind:
            return
        yield from self._closed()
        self._open = kind
        yield {"type": "content_block_start", "index": self._blocks, "content_block": block}

    def _grown(self, delta: Json) -> Json:
        return {"type": "content_block_delta", "index": self._blocks, "delta": delta}

    def _closed(self) -> Iterator[Json]:
        if self._open:
            self._open = ""
            yield {"type": "content_block_stop", "index": self._blocks}
            self._blocks += 1


def _event(event: Json) -> bytes:
    return write_event(orjson.dumps(event).decode(), event["type"])


def _message(begin: Begin) -> Json:
    return {
        "id": begin.id,
        "type": "message",
        "role": "assistant",
        "model": begin.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": write_usage(NO_USAGE),
    }


def _message_delta(finish: FinishWord, usage: Usage) -> Json:
    return {
        "type": "message_delta",
        "delta": {"stop_reason": STOP_REASONS[finish], "stop_sequence": None},
        "usage": write_usage(usage),
    }
