"""A stream of response events: what it has said so far. Its bytes always pass unchanged."""

from typing import TYPE_CHECKING, Any, Final

from solvent.dialects.base import Facts, Finish
from solvent.dialects.openai_lenient import object_of, text_of
from solvent.dialects.openai_responses.reply import error_of, finish_of, price_context, usage_of
from solvent.dialects.reading import Field, of_reply, parse_reply
from solvent.dialects.sse import Event
from solvent.domain.call import Json
from solvent.errors import UsageContradictory

if TYPE_CHECKING:
    from solvent.domain.usage import Usage

ENDS: Final = frozenset({"response.completed", "response.incomplete", "response.failed"})
"""The events that end a stream and carry the whole response."""

_BINARY: Final = "response.audio.delta"


class ResponseProgress:
    """What the events of one stream have said so far."""

    __slots__ = ("_doubt", "_ended", "_error", "_finish", "_id", "_model", "_texts", "_tier", "_usage")

    def __init__(self) -> None:
        self._id = self._model = self._doubt = ""
        self._usage: Usage | None = None
        self._finish: Finish | None = None
        self._error: Json | None = None
        self._tier: tuple[tuple[str, str], ...] = ()
        self._texts: dict[tuple[Any, ...], list[str]] = {}
        self._ended = False

    def take(self, event: Event) -> Field | None:
        """Take in one event and return what it says; None where it has no document.

        Raises:
            UsageContradictory: its data is no JSON object.
        """
        if event.data is None or self._ended or event.data.strip() in ("", "[DONE]"):
            return None
        said = parse_reply(event.data)
        kind = text_of(said, "type") or event.name
        response = object_of(said, "response")
        if response:
            self._take_response(response, ended=kind in ENDS)
        elif kind == "error":
            self._error = self._error or {"error": said.get("error") or said}
        elif kind.endswith(".delta") and kind != _BINARY:
            place = (kind, str(said.get("output_index")), str(said.get("content_index")))
            self._texts.setdefault(place, []).append(text_of(said, "delta"))
        return of_reply(said)

    def _take_response(self, response: Json, *, ended: bool) -> None:
        self._id = text_of(response, "id") or self._id
        self._model = text_of(response, "model") or self._model
        self._tier = price_context(response) or self._tier
        self._error = self._error or error_of(response)
        if not ended:
            return
        self._ended = True
        self._finish = finish_of(response)
        try:
            self._usage = usage_of(response)
        except UsageContradictory as doubt:
            self._doubt = doubt.message

    def facts(self) -> Facts:
        """Return what has been said."""
        return Facts(
            usage=self._usage,
            model=self._model,
            reply_id=self._id,
            finish=self._finish,
            complete=self._ended,
            error=self._error,
            written=tuple(text for texts in self._texts.values() if (text := "".join(texts))),
            doubt=self._doubt,
            price_context=self._tier,
        )
