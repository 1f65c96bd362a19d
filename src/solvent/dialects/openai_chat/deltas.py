"""Streams of chat completion chunks ↔ canonical deltas."""

from collections.abc import Iterator
from typing import Any

import orjson

from solvent.dialects.base import Facts
from solvent.dialects.canonical import Begin, ChoiceEnd, Delta, End, TextDelta, ToolDelta
from solvent.dialects.openai_chat.answer import FINISH_WORDS, detail, detail_of, finish_word, plain_thought
from solvent.dialects.openai_chat.reply import texts_of
from solvent.dialects.openai_chat.stream import DONE, ChatProgress
from solvent.dialects.openai_lenient import object_of, objects, text_of, whole_of
from solvent.dialects.openai_usage import CHAT, write_usage
from solvent.dialects.signature import read_signature
from solvent.dialects.sse import Event, EventReader, write_event
from solvent.domain.call import Dialect, Json
from solvent.domain.usage import NO_USAGE


class ChatDecoder:
    """Reads one stream of chunks as deltas."""

    __slots__ = ("_begun", "_calls", "_counts", "_ended", "_progress", "_reader")

    def __init__(self) -> None:
        self._reader = EventReader()
        self._progress = ChatProgress()
        self._begun = self._ended = False
        self._calls: dict[tuple[int, int], tuple[str, int]] = {}
        self._counts: dict[int, int] = {}

    def feed(self, chunk: bytes) -> list[Delta]:
        """Return the deltas that *chunk* completes; see ``Decoder.feed``."""
        return [delta for event in self._reader.feed(chunk) for delta in self._deltas(event)]

    def facts(self) -> Facts:
        """Return what the stream has said so far."""
        return self._progress.facts()

    def _deltas(self, event: Event) -> Iterator[Delta]:
        document = self._progress.read(event)
        choices = objects(document.get("choices")) if document is not None else []
        if document is not None and choices:
            yield from self._begin(document)
        for choice in choices:
            yield from self._choice(choice)
        if self._progress.complete and not self._ended:
            self._ended = True
            facts = self._progress.facts()
            if facts.error is None:
                yield End(facts.usage or NO_USAGE)

    def _begin(self, document: Json) -> Iterator[Delta]:
        if not self._begun:
            self._begun = True
            created_s = whole_of(document, "created")
            yield Begin(text_of(document, "id"), text_of(document, "model"), created_s)

    def _choice(self, choice: Json) -> Iterator[Delta]:
        number = whole_of(choice, "index")
        said = object_of(choice, "delta")
        yield from _thought_deltas(number, said)
        text = "".join(texts_of(said.get("content")))
        if text:
            yield TextDelta(number, text)
        refusal = text_of(said, "refusal")
        if refusal:
            yield TextDelta(number, refusal, "refusal")
        for call in objects(said.get("tool_calls")):
            yield self._tool(number, call)
        finish = text_of(choice, "finish_reason")
        if finish:
            yield ChoiceEnd(number, finish_word(finish))

    def _tool(self, choice: int, call: Json) -> ToolDelta:
        """Read a piece of a tool call. A new id is a new call, also from providers that number all alike."""
        identity, function = text_of(call, "id"), object_of(call, "function")
        place = (choice, whole_of(call, "index"))
        known, number = self._calls.get(place, ("", -1))
        if number < 0 or (identity and identity != known):
            number = self._counts[choice] = self._counts.get(choice, -1) + 1
            self._calls[place] = (identity, number)
        return ToolDelta(
            choice,
            number,
            text_of(function, "arguments"),
            id=identity,
            name=text_of(function, "name"),
        )


def _thought_deltas(number: int, said: Json) -> Iterator[Delta]:
    """Read the words of a thought once, though they may come under several names, and then its proof."""
    details = [detail_of(found) for found in objects(said.get("reasoning_details"))]
    text = plain_thought(said) or "".join(text for text, _ in details)
    if text:
        yield TextDelta(number, text, "reasoning")
    for _, proof in details:
        if proof:
            yield TextDelta(number, "", "reasoning", read_signature(Dialect.OPENAI_CHAT, proof))


class ChatEncoder:
    """Writes deltas as one stream of chunks; *usage* whether the client asked to see it there."""

    __slots__ = ("_head", "_seen", "_shows_usage", "_thoughts")

    def __init__(self, *, usage: bool) -> None:
        self._shows_usage = usage
        self._head: Json = {}
        self._seen: set[int] = set()
        self._thoughts: dict[int, int] = {}

    def write(self, deltas: list[Delta]) -> bytes:
        """Return the chunks of *deltas*; see ``Encoder.write``."""
        return b"".join(piece for delta in deltas for piece in self._pieces(delta))

    def _pieces(self, delta: Delta) -> Iterator[bytes]:
        match delta:
            case Begin():
                self._head = {
                    "id": delta.id,
                    "object": "chat.completion.chunk",
                    "created": delta.created_s,
                    "model": delta.model,
                }
                yield self._piece(0, {"content": ""})
            case TextDelta():
                yield self._piece(delta.choice, self._words(delta))
            case ToolDelta():
                yield self._piece(delta.choice, {"tool_calls": [_call(delta)]})
            case ChoiceEnd():
                yield self._piece(delta.choice, {}, FINISH_WORDS[delta.finish])
            case End():
                if self._shows_usage:
                    yield self._chunk([], {"usage": write_usage(delta.usage, CHAT)})
                yield write_event(DONE)

    def _words(self, delta: TextDelta) -> Json:
        match delta.kind:
            case "reasoning":
                number = self._thoughts.get(delta.choice, 0)
                if delta.signature:
                    self._thoughts[delta.choice] = number + 1
                words = {"reasoning_content": delta.text} if delta.text else {}
                return words | {"reasoning_details": [detail(number, delta.text, delta.signature)]}
            case "refusal":
                return {"refusal": delta.text}
            case _:
                return {"content": delta.text}

    def _piece(self, choice: int, said: Json, finish: str | None = None) -> bytes:
        role = {} if choice in self._seen else {"role": "assistant"}
        self._seen.add(choice)
        body = {"index": choice, "delta": role | said, "logprobs": None, "finish_reason": finish}
        return self._chunk([body], {"usage": None} if self._shows_usage else {})

    def _chunk(self, choices: list[Json], usage: Json) -> bytes:
        document: dict[str, Any] = self._head | {"choices": choices} | usage
        return write_event(orjson.dumps(document).decode())


def _call(delta: ToolDelta) -> Json:
    """Write a piece of a tool call; its first piece alone carries id and name."""
    first = {"id": delta.id, "type": "function"} if delta.id else {}
    name = {"name": delta.name} if delta.name else {}
    return {"index": delta.index} | first | {"function": name | {"arguments": delta.arguments}}
