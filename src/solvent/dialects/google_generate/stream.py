"""Streams in Google's dialect: what their chunks have said so far.

A chunk is a reply of its own. There is no end mark beside the chunks: a stream is complete when every candidate
that it began has ended, or the prompt was blocked.
"""

from dataclasses import dataclass, field, replace

from solvent.dialects.base import Facts, Finish
from solvent.dialects.google_generate.reply import (
    billed_searches,
    blocked,
    calls_function,
    candidate_finish,
    candidates,
    price_context,
    queries,
    read_usage,
    text,
    written,
)
from solvent.dialects.reading import Field, of_reply, parse_reply
from solvent.dialects.sse import Event
from solvent.domain.call import Json
from solvent.errors import UsageContradictory


@dataclass(slots=True)
class _Candidate:
    """How far one candidate has come."""

    called: bool = False
    finish: Finish | None = None
    written: list[str] = field(default_factory=list)


class Reading:
    """What the chunks of one stream have said so far.

    Counts grow from chunk to chunk and the last ones hold. Where Google's own tools take several steps a chunk
    may count its step alone, so of a stream that was cut the largest counts hold.
    """

    __slots__ = (
        "_blocked",
        "_candidates",
        "_doubt",
        "_error",
        "_largest",
        "_last",
        "_model",
        "_queries",
        "_reply_id",
    )

    def __init__(self) -> None:
        self._last: Field | None = None
        self._largest: tuple[int, Field] | None = None
        self._queries: set[str] = set()
        self._candidates: dict[int, _Candidate] = {}
        self._blocked = False
        self._doubt = ""
        self._model = ""
        self._reply_id = ""
        self._error = Json()

    def take(self, event: Event) -> Field | None:
        """Note what the chunk *event* says and return it; None for what says nothing.

        Raises:
            UsageContradictory: it is not of the dialect.
        """
        if event.data is None:
            return None
        chunk = of_reply(parse_reply(event.data))
        if chunk.get("error") is not None:
            self._error = chunk.object()
            return chunk
        self._model = text(chunk, "modelVersion", "model_version") or self._model
        self._reply_id = text(chunk, "responseId", "response_id") or self._reply_id
        self._blocked = self._blocked or blocked(chunk)
        self._count(chunk.get("usageMetadata", "usage_metadata"))
        for candidate in candidates(chunk):
            self._follow(candidate)
        return chunk

    def _follow(self, candidate: Field) -> None:
        state = self._candidates.setdefault(place(candidate), _Candidate())
        state.called = state.called or calls_function(candidate)
        state.finish = candidate_finish(candidate, called=state.called) or state.finish
        self._queries.update(queries(candidate))
        state.written += written(candidate)

    def _count(self, usage: Field | None) -> None:
        if usage is None:
            return
        try:
            size = usage.count_of("totalTokenCount", "total_token_count") or 0
        except UsageContradictory as doubt:
            self._doubt = doubt.message
            return
        self._last = usage
        if self._largest is None or size >= self._largest[0]:
            self._largest = (size, usage)

    @property
    def complete(self) -> bool:
        """Whether the stream has shown its end."""
        ended = bool(self._candidates) and all(state.finish for state in self._candidates.values())
        return not self._error and (self._blocked or ended)

    def finishes(self) -> tuple[tuple[int, Finish], ...]:
        """Return why each candidate ended; of a blocked prompt one that was refused."""
        if self._blocked:
            return ((0, Finish.REFUSED),)
        return tuple((index, state.finish) for index, state in self._candidates.items() if state.finish)

    def facts(self) -> Facts:
        """Return what was said so far."""
        told = Facts(
            model=self._model,
            reply_id=self._reply_id,
            finish=min(self.finishes(), default=(0, None))[1],
            complete=self.complete,
            error=self._error or None,
            written=tuple("".join(state.written) for state in self._candidates.values()),
            doubt=self._doubt,
        )
        return told if self._doubt else self._counted(told)

    def _counted(self, told: Facts) -> Facts:
        counts = self._last if told.complete or self._largest is None else self._largest[1]
        searches = billed_searches(self._model, self._queries)
        try:
            return replace(told, usage=read_usage(counts, searches), price_context=price_context(counts))
        except UsageContradictory as doubt:
            return replace(told, doubt=doubt.message)


def place(candidate: Field) -> int:
    """Return which candidate this is; the first where the provider does not say."""
    index = candidate.get("index")
    return index.count() if index is not None else 0
