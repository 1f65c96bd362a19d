"""A caller's messages → canonical prompt."""

from collections.abc import Iterator, Mapping
from typing import Final

from solvent.dialects.canonical import (
    Blob,
    Format,
    Part,
    Prompt,
    Reasoning,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
)
from solvent.dialects.reading import Field, of_call
from solvent.dialects.refusals import only, untranslatable
from solvent.dialects.signature import read_signature
from solvent.domain.call import Dialect, Json

HINTS: Final = ("cache_control", "diagnostics", "service_tier", "speed", "user_profile_id", "workspace_id")
"""Fields of a call that cannot change the answer and are left out of a translation."""

REDACTED: Final = "redacted "
"""Stands before the data of a redacted thought where a signature would be; no signature holds a blank."""

_KNOWN: Final = frozenset(
    {"model", "messages", "max_tokens", "system", "metadata", "stop_sequences", "stream", "temperature"}
    | {"thinking", "tool_choice", "tools", "top_k", "top_p", "output_config"}
)
_DEFAULTS: Final[Mapping[str, tuple[object, ...]]] = {
    "mcp_servers": ([],),
    "fallbacks": ([],),
    "context_management": ({}, {"edits": []}),
}
_BLOCK_HINTS: Final = ("cache_control", "citations", "caller", "transformations")


def read_prompt(document: Json) -> Prompt:
    """Return the call in canonical form; see ``Translator.read_prompt``."""
    call = of_call(document)
    only(call, _KNOWN, HINTS, _DEFAULTS)
    config = call.get("output_config")
    metadata = call.get("metadata")
    if config is not None:
        only(config, ("effort", "format"))
    if metadata is not None:
        only(metadata, ("user_id",))
    return Prompt(
        system=tuple(_words(call.get("system"))),
        turns=tuple(_turns(call.need("messages"))),
        tools=tuple(_tool(tool) for tool in call.list_of("tools")),
        tool_choice=_tool_choice(call.get("tool_choice")),
        format=_format(config.get("format")) if config is not None else None,
        output_limit=call.count_of("max_tokens"),
        temperature=call.number_of("temperature"),
        top_p=call.number_of("top_p"),
        top_k=call.count_of("top_k"),
        stop=tuple(stop.text() for stop in call.list_of("stop_sequences")),
        effort=config.text_of("effort") if config is not None else None,
        thinking_tokens=_thinking_tokens(call.get("thinking")),
        user=metadata.text_of("user_id") if metadata is not None else None,
        stream=call.flag_of("stream") or False,
        stream_usage=True,
    )


def _words(content: Field | None) -> Iterator[str]:
    if content is None:
        return
    if isinstance(content.value, str):
        yield content.value
        return
    for block in content.each():
        block.need("type").word("text")
        yield block.need("text").text()


def _turns(messages: Field) -> Iterator[Turn]:
    """Yield the turns; the names of tools, which a result does not repeat, are known from the calls."""
    names: dict[str, str] = {}
    told = list(messages.each())
    for message in told:
        only(message, ("role", "content"))
        role, content = message.need("role"), message.need("content")
        if role.value == "assistant":
            parts = tuple(_said(content))
            names |= {part.id: part.name for part in parts if isinstance(part, ToolCall)}
            yield Turn("assistant", parts)
        elif role.value == "user":
            yield Turn("user", tuple(_asked(content, names)))
        else:
            raise untranslatable(role)
    if told and told[-1].need("role").value == "assistant":
        raise told[-1].invalid(
            "begins the answer itself, which only Anthropic's models continue; leave it out"
        )


def _said(content: Field) -> Iterator[Part]:
    if isinstance(content.value, str):
        yield Text(content.value)
        return
    for block in content.each():
        match block.need("type").text():
            case "text":
                yield Text(block.need("text").text())
            case "thinking":
                yield Reasoning(block.need("thinking").text(), _signature(block.text_of("signature") or ""))
            case "redacted_thinking":
                yield Reasoning("", _signature(REDACTED + block.need("data").text()))
            case "tool_use":
                only(block, ("type", "id", "name", "input"), _BLOCK_HINTS)
                yield ToolCall(
                    block.need("id").text(), block.need("name").text(), block.need("input").dumped()
                )
            case _:
                raise untranslatable(block.need("type"))


def _signature(raw: str) -> str:
    return read_signature(Dialect.ANTHROPIC_MESSAGES, raw)


def _asked(content: Field, names: dict[str, str]) -> Iterator[Part]:
    if isinstance(content.value, str):
        yield Text(content.value)
        return
    for block in content.each():
        if block.need("type").text() == "tool_result":
            yield _tool_result(block, names)
        else:
            yield from _shown(block)


def _tool_result(block: Field, names: dict[str, str]) -> ToolResult:
    only(block, ("type", "tool_use_id", "content", "is_error"), _BLOCK_HINTS)
    called = block.need("tool_use_id")
    if called.text() not in names:
        raise called.invalid("answers no tool_use before it; send the assistant's turn that called the tool")
    content = block.get("content")
    parts: tuple[Text | Blob, ...] = ()
    if content is not None and isinstance(content.value, str):
        parts = (Text(content.value),)
    elif content is not None:
        parts = tuple(part for inner in content.each() for part in _shown(inner))
    return ToolResult(called.text(), names[called.text()], parts, failed=block.flag_of("is_error") or False)


def _shown(block: Field) -> Iterator[Text | Blob]:
    """Yield what a block shows the model: words, a picture or a document."""
    match block.need("type").text():
        case "text":
            yield Text(block.need("text").text())
        case "image":
            only(block, ("type", "source"), _BLOCK_HINTS)
            yield _image(block.need("source"))
        case "document":
            yield from _document(block)
        case _:
            raise untranslatable(block.need("type"))


def _image(source: Field) -> Blob:
    match source.need("type").text():
        case "base64":
            return Blob("image", source.need("media_type").text(), source.need("data").text())
        case "url":
            return Blob("image", url=source.need("url").text())
        case _:
            raise untranslatable(source.need("type"))


def _document(block: Field) -> Iterator[Text | Blob]:
    """Yield a document; its context, and the title of a plain text, are words before it."""
    only(
        block,
        ("type", "source", "title", "context"),
        ("cache_control",),
        {"citations": ({"enabled": False},)},
    )
    source, title, context = block.need("source"), block.text_of("title"), block.text_of("context")
    if context:
        yield Text(context)
    match source.need("type").text():
        case "base64":
            yield Blob("document", source.need("media_type").text(), source.need("data").text(), name=title)
        case "url":
            yield Blob("document", "application/pdf", url=source.need("url").text(), name=title)
        case "text":
            yield from (Text(words) for words in (title, source.need("data").text()) if words)
        case _:
            raise untranslatable(source.need("type"))


def _tool(tool: Field) -> Tool:
    if tool.text_of("type") not in (None, "custom"):
        raise untranslatable(tool.need("type"))
    only(
        tool,
        ("type", "name", "description", "input_schema", "strict"),
        ("cache_control", "eager_input_streaming"),
        {"defer_loading": (False,), "allowed_callers": (["direct"],), "input_examples": ([],)},
    )
    return Tool(
        name=tool.need("name").text(),
        description=tool.text_of("description") or "",
        schema=tool.need("input_schema").object(),
        strict=tool.flag_of("strict"),
    )


def _tool_choice(choice: Field | None) -> ToolChoice | None:
    if choice is None:
        return None
    only(choice, ("type", "name", "disable_parallel_tool_use"))
    alone = choice.flag_of("disable_parallel_tool_use")
    parallel = None if alone is None else not alone
    match choice.need("type").word("auto", "any", "tool", "none"):
        case "any":
            return ToolChoice("required", parallel=parallel)
        case "tool":
            return ToolChoice("one", choice.need("name").text(), parallel)
        case "none":
            return ToolChoice("none", parallel=parallel)
        case _:
            return ToolChoice("auto", parallel=parallel)


def _format(told: Field | None) -> Format | None:
    if told is None:
        return None
    only(told, ("type", "schema"))
    told.need("type").word("json_schema")
    return Format("schema", schema=told.need("schema").object(), strict=True)


def _thinking_tokens(told: Field | None) -> int | None:
    """Return the budget; adaptive thinking is left to the provider, as where nothing is said."""
    if told is None:
        return None
    only(told, ("type", "budget_tokens"), ("display",))
    match told.need("type").text():
        case "enabled":
            return told.need("budget_tokens").count()
        case "disabled":
            return 0
        case "adaptive":
            return None
        case _:
            raise untranslatable(told.need("type"))
