"""Stream of response events → canonical deltas."""

from collections.abc import Iterator

from solvent.dialects.base import Facts
from solvent.dialects.canonical import Begin, ChoiceEnd, Delta, End, TextDelta, ToolDelta
from solvent.dialects.openai_lenient import object_of, text_of, whole_of
from solvent.dialects.openai_responses.answer import finish_word, signature_of
from solvent.dialects.openai_responses.stream import ENDS, ResponseProgress
from solvent.dialects.sse import Event, EventReader
from solvent.domain.call import Json
from solvent.domain.usage import NO_USAGE


class ResponseDecoder:
    """Reads one stream of events as the deltas of a single choice."""

    __slots__ = ("_begun", "_progress", "_reader", "_tools", "_written")

    def __init__(self) -> None:
        self._reader = EventReader()
        self._progress = ResponseProgress()
        self._begun = False
        self._tools: dict[int, int] = {}
        self._written: set[int] = set()

    def feed(self, chunk: bytes) -> list[Delta]:
        """Return the deltas that *chunk* completes; see ``Decoder.feed``."""
        return [delta for event in self._reader.feed(chunk) for delta in self._deltas(event)]

    def facts(self) -> Facts:
        """Return what the stream has said so far."""
        return self._progress.facts()

    def _deltas(self, event: Event) -> Iterator[Delta]:
        found = self._progress.take(event)
        if found is None:
            return
        said = found.object()
        kind = text_of(said, "type") or event.name
        response = object_of(said, "response")
        if response and not self._begun:
            self._begun = True
            created_s = whole_of(response, "created_at")
            yield Begin(text_of(response, "id"), text_of(response, "model"), created_s)
        if kind in ENDS:
            yield from self._end(response)
        else:
            yield from self._piece(kind, said)

    def _end(self, response: Json) -> Iterator[Delta]:
        facts = self._progress.facts()
        if facts.error is None:
            yield ChoiceEnd(0, finish_word(response))
            yield End(facts.usage or NO_USAGE)

    def _piece(self, kind: str, said: Json) -> Iterator[Delta]:
        text = text_of(said, "delta")
        match kind:
            case "response.output_text.delta":
                yield TextDelta(0, text)
            case "response.refusal.delta":
                yield TextDelta(0, text, "refusal")
            case "response.reasoning_text.delta" | "response.reasoning_summary_text.delta":
                self._written.add(whole_of(said, "output_index"))
                yield TextDelta(0, text, "reasoning")
            case "response.reasoning_summary_part.added" if whole_of(said, "summary_index"):
                yield TextDelta(0, "\n\n", "reasoning")
            case "response.function_call_arguments.delta":
                yield from self._arguments(said, text)
            case "response.output_item.added":
                yield from self._added(said, object_of(said, "item"))
            case "response.output_item.done":
                yield from self._done(said, object_of(said, "item"))

    def _added(self, said: Json, item: Json) -> Iterator[Delta]:
        if text_of(item, "type") == "function_call":
            index = self._tools.setdefault(whole_of(said, "output_index"), len(self._tools))
            yield ToolDelta(0, index, "", id=text_of(item, "call_id"), name=text_of(item, "name"))

    def _arguments(self, said: Json, text: str) -> Iterator[Delta]:
        place = whole_of(said, "output_index")
        if place in self._tools:
            self._written.add(place)
            yield ToolDelta(0, self._tools[place], text)

    def _done(self, said: Json, item: Json) -> Iterator[Delta]:
        """Read from a finished item what its pieces did not say: arguments that came whole, a thought's proof."""
        place = whole_of(said, "output_index")
        if place in self._tools and place not in self._written:
            yield ToolDelta(0, self._tools[place], text_of(item, "arguments"))
        proof = signature_of(item) if text_of(item, "type") == "reasoning" else ""
        if proof:
            yield TextDelta(0, "", "reasoning", proof)
