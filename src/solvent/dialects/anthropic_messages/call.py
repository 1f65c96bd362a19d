"""What a call in Anthropic's dialect demands, the texts in it, and the changes solvent makes to it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from solvent.dialects.anthropic_messages.reply import PRICED
from solvent.dialects.base import Edits
from solvent.dialects.images import inline_media
from solvent.dialects.reading import Field, of_call
from solvent.domain.call import Demand, Json, Media, ServerTool, ServerToolKind

SERVER_TOOLS: Final[tuple[tuple[str, ServerToolKind], ...]] = (
    ("web_search_", "web_search"),
    ("web_fetch_", "fetch"),
    ("code_execution_", "code"),
    ("mcp_toolset", "mcp"),
)
"""Tools that Anthropic runs, by the beginning of their type; any other, such as tool search, is ``other``."""

CALLER_TOOLS: Final[tuple[tuple[str, ServerToolKind], ...]] = (
    ("bash_", "other"),
    ("text_editor_", "other"),
    ("memory_", "other"),
    ("computer_", "computer"),
    ("browser_", "computer"),
)
"""Tools that Anthropic defines and the caller runs: they cost a prompt that Anthropic adds, as one use does."""

LEAST_BUDGET: Final = 1024
"""The least thinking budget that Anthropic takes."""

_MOST_NESTED: Final = 4


def demand(document: Json, size_bytes: int) -> Demand:
    """Return what the call may make its provider count.

    Thinking is inside ``max_tokens``.

    Raises:
        CallInvalid: a field is not as the dialect says, or sends part of the work to another model.
    """
    call = of_call(document)
    _refuse_other_models(call)
    _check_thinking(call.get("thinking"))
    survey = _Survey()
    survey.blocks(call.get("system"))
    survey.mark(call)
    messages = 0
    for message in call.need("messages").each():
        messages += 1
        message.need("role").text()
        survey.blocks(message.need("content"))
    _survey_tools(call, survey)
    limit = call.get("max_tokens")
    return Demand(
        text_bytes=max(0, size_bytes - sum(media.size_bytes for media in survey.media)),
        messages=messages,
        media=tuple(survey.media),
        tools=survey.tools,
        server_tools=tuple(survey.server_tools),
        output_limit=limit.count() if limit else None,
        remembered=survey.remembered,
        cache_write=survey.cache_write,
        price_context=tuple(
            (name, chosen.text()) for name in PRICED if (chosen := call.get(name)) is not None
        ),
    )


def _refuse_other_models(call: Field) -> None:
    if (fallbacks := call.get("fallbacks")) is not None and fallbacks.value:
        raise fallbacks.invalid(
            "names other models, whose cost has no bound here; leave fallbacks to solvent"
        )


def _check_thinking(thinking: Field | None) -> None:
    if thinking is not None:
        thinking.count_of("budget_tokens")


@dataclass(slots=True)
class _Survey:
    """What was found so far in the blocks of one call."""

    media: list[Media] = field(default_factory=list)
    server_tools: list[ServerTool] = field(default_factory=list)
    tools: int = 0
    remembered: bool = False
    cache_write: Literal["5m", "1h"] | None = None

    def mark(self, block: Field) -> None:
        """Note a cache breakpoint; the dearer lifetime wins."""
        control = block.get("cache_control")
        if control is None:
            return
        lifetime = control.get("ttl")
        if lifetime is not None and lifetime.word("5m", "1h") == "1h":
            self.cache_write = "1h"
        elif self.cache_write is None:
            self.cache_write = "5m"

    def blocks(self, content: Field | None, depth: int = 0) -> None:
        """Note the blocks of *content*, which is text or a list of blocks that may hold others."""
        if content is None or isinstance(content.value, str):
            return
        if depth > _MOST_NESTED:
            raise content.invalid(f"is nested more than {_MOST_NESTED} deep; no block of the dialect is")
        if isinstance(content.value, dict):
            self._block(content, depth)
            return
        for block in content.each():
            self._block(block, depth)

    def _block(self, block: Field, depth: int) -> None:
        self.mark(block)
        kind = block.need("type").text()
        if kind in ("image", "document"):
            self._source(kind, block.need("source"), depth)
        elif kind == "container_upload":
            self.remembered = True
        elif kind.endswith(("tool_result", "fetch_result")) and (inner := block.get("content")) is not None:
            self.blocks(inner, depth + 1)

    def _source(self, kind: str, source: Field, depth: int) -> None:
        media: Literal["image", "document"] = "image" if kind == "image" else "document"
        form = source.need("type").text()
        if form == "base64":
            self.media.append(inline_media(media, source.need("data").text()))
        elif form == "content":
            self.blocks(source.need("content"), depth + 1)
        elif form != "text":
            self.media.append(Media(media))
            self.remembered = self.remembered or (form == "file" and kind == "document")


def _survey_tools(call: Field, survey: _Survey) -> None:
    if (tools := call.get("tools")) is not None:
        for tool in tools.each():
            survey.mark(tool)
            _survey_tool(tool, survey)
    if (servers := call.get("mcp_servers")) is not None:
        survey.server_tools += [ServerTool("mcp") for _ in servers.each()]
    container = call.get("container")
    if container is not None and isinstance(container.value, dict) and container.get("skills") is not None:
        survey.server_tools.append(ServerTool("other"))
    management = call.get("context_management")
    edits = management.get("edits") if management is not None else None
    if edits is not None and any(edit.need("type").text().startswith("compact_") for edit in edits.each()):
        survey.server_tools.append(ServerTool("other"))


def _survey_tool(tool: Field, survey: _Survey) -> None:
    named = tool.get("type")
    kind = named.text() if named else "custom"
    if kind == "custom":
        survey.tools += 1
        return
    if kind.startswith("advisor_"):
        raise tool.invalid("asks another model for advice, whose cost has no bound here; take it out")
    own = next((told for prefix, told in CALLER_TOOLS if kind.startswith(prefix)), None)
    if own is not None:
        survey.server_tools.append(ServerTool(own, 1))
        return
    served: ServerToolKind = next((told for prefix, told in SERVER_TOOLS if kind.startswith(prefix)), "other")
    uses = tool.get("max_uses")
    survey.server_tools.append(ServerTool(served, uses.count() if uses else None))


def texts(document: Json) -> Iterator[str]:
    """Yield every text that the model will read; tool inputs and schemas as JSON, other blocks likewise."""
    call = of_call(document)
    yield from _content_texts(call.get("system"))
    for message in call.need("messages").each():
        yield from _content_texts(message.need("content"))
    for name in ("tools", "output_config"):
        if (told := call.get(name)) is not None:
            yield told.dumped()


def _content_texts(content: Field | None) -> Iterator[str]:
    if content is None:
        return
    if isinstance(content.value, str):
        yield content.value
        return
    for block in content.each():
        kind = block.need("type").text()
        if kind == "text":
            yield block.need("text").text()
        elif kind == "tool_result":
            yield from _content_texts(block.get("content"))
        elif kind in ("image", "document"):
            yield from _document_texts(block)
        else:
            yield block.dumped()


def _document_texts(block: Field) -> Iterator[str]:
    for name in ("title", "context"):
        if (told := block.get(name)) is not None:
            yield told.text()
    source = block.need("source")
    form = source.need("type").text()
    if form == "text":
        yield source.need("data").text()
    elif form == "content":
        yield from _content_texts(source.need("content"))


def edit(document: Json, edits: Edits) -> Json:
    """Return *document* for the model of *edits*, with its output limit where one is given.

    A thinking budget must lie below the limit; where a lower limit leaves no room for the caller's, it is lowered
    too, as far as Anthropic allows.
    """
    changed: Json = {}
    if document.get("model") != edits.model:
        changed["model"] = edits.model
    limit = edits.output_limit
    if limit is not None and document.get("max_tokens") != limit:
        changed["max_tokens"] = limit
        thinking: Json = document.get("thinking") or {}
        budget = thinking.get("budget_tokens") or 0
        if LEAST_BUDGET < limit <= budget < (document.get("max_tokens") or 0):
            changed["thinking"] = {**thinking, "budget_tokens": limit - 1}
    return {**document, **changed} if changed else document
