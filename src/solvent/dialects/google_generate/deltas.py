"""Streams between Google's dialect and canonical deltas."""

from collections.abc import Iterator
from dataclasses import replace

import orjson

from solvent.dialects.base import Facts
from solvent.dialects.canonical import (
    Begin,
    ChoiceEnd,
    Delta,
    End,
    FinishWord,
    Reasoning,
    Text,
    TextDelta,
    ToolCall,
    ToolDelta,
)
from solvent.dialects.google_generate.answer import FINISH_REASONS, read_part, write_part, write_usage
from solvent.dialects.google_generate.array import ChunkReader
from solvent.dialects.google_generate.reply import candidate_parts, candidates
from solvent.dialects.google_generate.stream import Reading, place
from solvent.dialects.reading import Field
from solvent.dialects.sse import write_event
from solvent.domain.call import Json
from solvent.domain.usage import NO_USAGE


class ChunkDecoder:
    """Reads one stream of Google's dialect into canonical deltas."""

    __slots__ = ("_begun", "_calls", "_done", "_reader", "_reading")

    def __init__(self) -> None:
        self._reader = ChunkReader()
        self._reading = Reading()
        self._calls: dict[int, int] = {}
        self._begun = self._done = False

    def feed(self, chunk: bytes) -> list[Delta]:
        """Return the deltas that *chunk* completes; see ``Decoder.feed``.

        Raises:
            UsageContradictory: a chunk is not of the dialect, or only that dialect can say it.
        """
        deltas: list[Delta] = []
        for event in self._reader.feed(chunk):
            told = self._reading.take(event)
            if told is not None and not self._done and told.get("error") is None:
                deltas += self._deltas(told)
        return deltas

    def facts(self) -> Facts:
        """Return what the stream has said so far."""
        return self._reading.facts()

    def _deltas(self, told: Field) -> Iterator[Delta]:
        facts = self._reading.facts()
        if not self._begun:
            self._begun = True
            yield Begin(facts.reply_id, facts.model)
        for candidate in candidates(told):
            yield from self._candidate(place(candidate), candidate, facts.reply_id)
        if facts.complete:
            self._done = True
            yield from (ChoiceEnd(index, finish.value) for index, finish in self._reading.finishes())
            yield End(facts.usage or NO_USAGE)

    def _candidate(self, index: int, candidate: Field, identity: str) -> Iterator[Delta]:
        for part in candidate_parts(candidate):
            calls = self._calls.get(index, 0)
            for said in read_part(part, f"call_{identity}_{calls}"):
                match said:
                    case Text(words):
                        yield TextDelta(index, words)
                    case Reasoning(words, signature):
                        yield TextDelta(index, words, "reasoning", signature)
                    case ToolCall(call_id, name, made):
                        self._calls[index] = calls + 1
                        yield ToolDelta(index, calls, made, call_id, name)
                    case _:
                        raise part.invalid("holds media, which no translated stream carries; ask without")


class ChunkEncoder:
    """Writes canonical deltas as one stream of Google's dialect, as events.

    A function call is written whole, and so is the end: with the last chunk come the calls, why each candidate
    ended, and the usage.
    """

    __slots__ = ("_finishes", "_head", "_tools")

    def __init__(self) -> None:
        self._head: Json = {}
        self._tools: dict[tuple[int, int], ToolCall] = {}
        self._finishes: dict[int, FinishWord] = {}

    def write(self, deltas: list[Delta]) -> bytes:
        """Return the bytes of *deltas*; see ``Encoder.write``."""
        return b"".join(_event(self._head | chunk) for delta in deltas for chunk in self._chunks(delta))

    def _chunks(self, delta: Delta) -> Iterator[Json]:
        match delta:
            case Begin():
                self._head = {"modelVersion": delta.model, "responseId": delta.id}
            case TextDelta(kind="reasoning"):
                yield _chunk(delta.choice, Reasoning(delta.text, delta.signature))
            case TextDelta():
                yield _chunk(delta.choice, Text(delta.text))
            case ToolDelta():
                self._grow(delta)
            case ChoiceEnd():
                self._finishes[delta.choice] = delta.finish
            case End():
                yield {
                    "candidates": [self._ended(index, finish) for index, finish in self._finishes.items()],
                    "usageMetadata": write_usage(delta.usage),
                }

    def _grow(self, delta: ToolDelta) -> None:
        key = (delta.choice, delta.index)
        begun = self._tools.get(key) or ToolCall(delta.id, delta.name, "")
        self._tools[key] = replace(begun, arguments=begun.arguments + delta.arguments)

    def _ended(self, index: int, finish: FinishWord) -> Json:
        calls = [write_part(call) for (choice, _), call in self._tools.items() if choice == index]
        content = {"role": "model", "parts": calls or [{"text": ""}]}
        return {"content": content, "finishReason": FINISH_REASONS[finish], "index": index}


def _chunk(index: int, part: Text | Reasoning) -> Json:
    return {"candidates": [{"content": {"role": "model", "parts": [write_part(part)]}, "index": index}]}


def _event(chunk: Json) -> bytes:
    return write_event(orjson.dumps(chunk).decode())
