"""Event streams in Anthropic's dialect: what they have said so far. Usage comes unasked, nothing is hidden."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from solvent.dialects.anthropic_messages.reply import block_texts, finish, price_context, read_usage
from solvent.dialects.base import Facts, Finish
from solvent.dialects.reading import Field, of_reply, parse_reply
from solvent.dialects.sse import Event
from solvent.domain.call import Json
from solvent.errors import UsageContradictory

_WRITTEN: Final[Mapping[str, str]] = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "input_json_delta": "partial_json",
}


class Reading:
    """What the events of one stream have said so far."""

    __slots__ = ("_doubt", "_error", "_finish", "_model", "_reply_id", "_stopped", "_usage", "_written")

    def __init__(self) -> None:
        self._usage = Json()
        self._doubt = ""
        self._model = ""
        self._reply_id = ""
        self._finish: Finish | None = None
        self._stopped = False
        self._error = Json()
        self._written: dict[int, list[str]] = {}

    def take(self, event: Event) -> Field | None:
        """Note what *event* says and return it; None for what says nothing (comments, blank lines).

        Raises:
            UsageContradictory: it is not of the dialect.
        """
        if event.data is None:
            return None
        told = of_reply(parse_reply(event.data))
        match told.need("type").text():
            case "message_start":
                self._begin(told.need("message"))
            case "content_block_start":
                self._write(told, *block_texts(told.need("content_block")))
            case "content_block_delta":
                self._write(told, *_delta_texts(told.need("delta")))
            case "message_delta":
                self._count(told.get("usage"))
                self._finish = finish(told.need("delta")) or self._finish
            case "message_stop":
                self._stopped = True
            case "error":
                self._error = told.object()
        return told

    def _begin(self, message: Field) -> None:
        self._model = message.need("model").text()
        self._reply_id = message.need("id").text()
        self._count(message.get("usage"))

    def _write(self, told: Field, *texts: str) -> None:
        self._written.setdefault(told.need("index").count(), []).extend(texts)

    def _count(self, usage: Field | None) -> None:
        """Later counts replace earlier ones; what a later event does not repeat stays."""
        if usage is None:
            return
        try:
            self._usage |= {name: value for name, value in usage.object().items() if value is not None}
        except UsageContradictory as doubt:
            self._doubt = doubt.message

    def facts(self) -> Facts:
        """Return what was said so far; complete only after ``message_stop`` and without an error."""
        told = Facts(
            model=self._model,
            reply_id=self._reply_id,
            finish=self._finish,
            complete=self._stopped and not self._error,
            error=self._error or None,
            written=tuple("".join(texts) for texts in self._written.values()),
            doubt=self._doubt,
        )
        return told if self._doubt or not self._usage else self._counted(told)

    def _counted(self, told: Facts) -> Facts:
        usage = of_reply(self._usage, "usage")
        try:
            return replace(told, usage=read_usage(usage), price_context=price_context(usage))
        except UsageContradictory as doubt:
            return replace(told, doubt=doubt.message)


def _delta_texts(delta: Field) -> tuple[str, ...]:
    name = _WRITTEN.get(delta.need("type").text())
    return (delta.need(name).text(),) if name is not None else ()
