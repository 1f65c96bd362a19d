"""Canonical deltas → stream of response events."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import orjson

from solvent.dialects.canonical import (
    Begin,
    ChoiceEnd,
    Delta,
    End,
    FinishWord,
    Part,
    Reasoning,
    Refusal,
    Text,
    TextDelta,
    ToolCall,
    ToolDelta,
)
from solvent.dialects.openai_responses.answer import envelope, write_item
from solvent.dialects.refusals import unshowable
from solvent.dialects.sse import write_event
from solvent.domain.call import Dialect, Json
from solvent.domain.usage import Usage

_EVENTS: Final[Mapping[str, tuple[str, str]]] = {
    "text": ("output_text", "text"),
    "refusal": ("refusal", "refusal"),
    "reasoning": ("reasoning_summary_text", "text"),
    "tool": ("function_call_arguments", "arguments"),
}
"""What the events of each kind of item are called, and the name of their text once it is whole."""

_MARKS: Final[Mapping[str, str]] = {"text": "msg", "refusal": "msg", "reasoning": "rs", "tool": "fc"}


@dataclass(slots=True)
class _Item:
    """An item being written."""

    kind: str
    place: int
    identity: str
    call_id: str = ""
    name: str = ""
    signature: str = ""
    texts: list[str] = field(default_factory=list)
    is_open: bool = True

    @property
    def text(self) -> str:
        """All that was written of it."""
        return "".join(self.texts)

    @property
    def id(self) -> str:
        """The id under which its events name it; ``write_item`` gives the item the same."""
        return f"{_MARKS[self.kind]}_{self.identity}"

    def part(self, text: str) -> Part:
        """Return the item as a canonical part that says *text*."""
        match self.kind:
            case "tool":
                return ToolCall(self.call_id, self.name, text)
            case "reasoning":
                return Reasoning(text, self.signature)
            case "refusal":
                return Refusal(text)
            case _:
                return Text(text)

    def written(self) -> Json:
        """Return the item as it stands when it is finished."""
        return write_item(self.identity, self.part(self.text or ("{}" if self.kind == "tool" else "")))


class ResponseEncoder:
    """Writes the deltas of one choice as events. Usage is always part of this dialect's last event."""

    __slots__ = ("_begin", "_finish", "_items", "_sequence", "_tools")

    def __init__(self) -> None:
        self._begin = Begin("", "")
        self._finish: FinishWord = "other"
        self._items: list[_Item] = []
        self._tools: dict[int, _Item] = {}
        self._sequence = 0

    def write(self, deltas: list[Delta]) -> bytes:
        """Return the events of *deltas*; see ``Encoder.write``.

        Raises:
            UsageContradictory: there is more than one choice, which this dialect has no form for.
        """
        return b"".join(event for delta in deltas for event in self._events(delta))

    def _events(self, delta: Delta) -> Iterator[bytes]:
        if not isinstance(delta, (Begin, End)) and delta.choice:
            raise unshowable("more than one choice", Dialect.OPENAI_RESPONSES)
        match delta:
            case Begin():
                self._begin = delta
                yield self._event("response.created", {"response": self._response()})
                yield self._event("response.in_progress", {"response": self._response()})
            case TextDelta():
                yield from self._text(delta)
            case ToolDelta():
                yield from self._tool(delta)
            case ChoiceEnd():
                self._finish = delta.finish
                yield from self._close(self._items)
            case End():
                response = self._response(self._finish, delta.usage)
                yield self._event(f"response.{response['status']}", {"response": response})

    def _response(self, finish: FinishWord | None = None, usage: Usage | None = None) -> Json:
        begin = self._begin
        output = [item.written() for item in self._items] if finish else []
        return envelope(begin.id, begin.model, begin.created_s, output=output, finish=finish, usage=usage)

    def _text(self, delta: TextDelta) -> Iterator[bytes]:
        last = self._items[-1] if self._items else None
        if last and last.kind == delta.kind and last.is_open:
            item = last
        else:
            yield from self._close(self._items, but="tool")
            item = self._add(delta.kind)
            yield from self._open(item)
        if delta.text:
            yield from self._grow(item, delta.text)
        if delta.signature:
            item.signature = delta.signature
            yield from self._close([item])

    def _tool(self, delta: ToolDelta) -> Iterator[bytes]:
        item = self._tools.get(delta.index)
        if item is None:
            yield from self._close(self._items, but="tool")
            item = self._tools[delta.index] = self._add("tool")
            item.call_id, item.name = delta.id, delta.name
            yield from self._open(item)
        if delta.arguments:
            yield from self._grow(item, delta.arguments)

    def _add(self, kind: str) -> _Item:
        place = len(self._items)
        self._items.append(_Item(kind, place, f"{self._begin.id}_{place}"))
        return self._items[-1]

    def _open(self, item: _Item) -> Iterator[bytes]:
        empty = write_item(item.identity, item.part(""), status="in_progress")
        if item.kind in ("text", "refusal"):
            empty["content"] = []
        yield self._event("response.output_item.added", {"output_index": item.place, "item": empty})
        if item.kind in ("text", "refusal"):
            yield self._event("response.content_part.added", self._at(item) | {"part": _piece(item, "")})
        elif item.kind == "reasoning":
            part = {"part": _piece(item, "")}
            yield self._event("response.reasoning_summary_part.added", self._at(item) | part)

    def _grow(self, item: _Item, text: str) -> Iterator[bytes]:
        item.texts.append(text)
        name, _ = _EVENTS[item.kind]
        logprobs: Json = {"logprobs": []} if item.kind == "text" else {}
        yield self._event(f"response.{name}.delta", self._at(item) | {"delta": text} | logprobs)

    def _close(self, items: list[_Item], but: str = "") -> Iterator[bytes]:
        """Finish the open *items*, save those of the kind *but*: tool calls may be written side by side."""
        for item in items:
            if item.is_open and item.kind != but:
                item.is_open = False
                yield from self._closing(item)

    def _closing(self, item: _Item) -> Iterator[bytes]:
        written = item.written()
        name, whole = _EVENTS[item.kind]
        said = {whole: written["arguments"] if item.kind == "tool" else item.text}
        if item.kind == "tool":
            said["name"] = item.name
        logprobs: Json = {"logprobs": []} if item.kind == "text" else {}
        yield self._event(f"response.{name}.done", self._at(item) | said | logprobs)
        if item.kind in ("text", "refusal"):
            part = {"part": _piece(item, item.text)}
            yield self._event("response.content_part.done", self._at(item) | part)
        elif item.kind == "reasoning":
            part = {"part": _piece(item, item.text)}
            yield self._event("response.reasoning_summary_part.done", self._at(item) | part)
        yield self._event("response.output_item.done", {"output_index": item.place, "item": written})

    def _at(self, item: _Item) -> Json:
        place: Json = {"item_id": item.id, "output_index": item.place}
        match item.kind:
            case "tool":
                return place
            case "reasoning":
                return place | {"summary_index": 0}
            case _:
                return place | {"content_index": 0}

    def _event(self, kind: str, said: Json) -> bytes:
        document = {"type": kind, "sequence_number": self._sequence} | said
        self._sequence += 1
        return write_event(orjson.dumps(document).decode(), kind)


def _piece(item: _Item, text: str) -> Json:
    match item.kind:
        case "refusal":
            return {"type": "refusal", "refusal": text}
        case "reasoning":
            return {"type": "summary_text", "text": text}
        case _:
            return {"type": "output_text", "text": text, "annotations": []}
