"""A caller's generateContent → canonical prompt."""

from collections.abc import Iterator
from typing import Final

from solvent.dialects.canonical import (
    Blob,
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
from solvent.dialects.google_generate.call import (
    CONFIG,
    DECLARATIONS,
    SYSTEM,
    contents,
    listed,
    media_kind,
    parts,
    plain_base64,
)
from solvent.dialects.google_generate.config import Config, read_config
from solvent.dialects.google_generate.schema import json_schema
from solvent.dialects.reading import Field, of_call
from solvent.dialects.refusals import only, untranslatable
from solvent.dialects.signature import read_signature
from solvent.domain.call import Dialect, Json

HINTS: Final = ("labels", "serviceTier", "service_tier", "store", "model")
"""Fields of a call that cannot change the answer and are left out of a translation."""

TOOL_CONFIG: Final = ("toolConfig", "tool_config")
CALLING: Final = ("functionCallingConfig", "function_calling_config")
_SAFETY: Final = ("safetySettings", "safety_settings")
_HARMLESS: Final = ("BLOCK_NONE", "OFF", "HARM_BLOCK_THRESHOLD_UNSPECIFIED")
_PART_HINTS: Final = ("thought", "thoughtSignature", "thought_signature", "partMetadata", "part_metadata")


def read_prompt(document: Json) -> Prompt:
    """Return the call in canonical form; see ``Translator.read_prompt``.

    Whether the reply is a stream stands in the path of the call, so the prompt does not say it.
    """
    call = of_call(document)
    only(call, {"contents", "tools", *SYSTEM, *CONFIG, *TOOL_CONFIG, *_SAFETY}, HINTS)
    _refuse_filters(call)
    config = call.get(*CONFIG)
    told = read_config(config) if config is not None else Config()
    tools = tuple(_tools(call))
    return Prompt(
        system=tuple(part.need("text").text() for system in call.some(*SYSTEM) for part in parts(system)),
        turns=tuple(_turns(call)),
        tools=tools,
        tool_choice=_tool_choice(call, tools),
        format=told.format,
        output_limit=told.output_limit,
        choices=told.choices,
        temperature=told.temperature,
        top_p=told.top_p,
        top_k=told.top_k,
        seed=told.seed,
        presence_penalty=told.presence_penalty,
        frequency_penalty=told.frequency_penalty,
        stop=told.stop,
        effort=told.effort,
        thinking_tokens=told.thinking_tokens,
        stream_usage=True,
    )


def _refuse_filters(call: Field) -> None:
    """Refuse a content filter that other providers do not have; one that is off changes nothing."""
    for setting in call.list_of(*_SAFETY):
        threshold = setting.need("threshold")
        if threshold.text() not in _HARMLESS:
            raise untranslatable(threshold)


def _turns(call: Field) -> Iterator[Turn]:
    ids = _Ids()
    for content in contents(call):
        role = content.text_of("role") if isinstance(content.value, dict) else None
        if role == "model":
            yield Turn("assistant", tuple(said for part in parts(content) for said in _said(part, ids)))
        elif role in (None, "user", "function"):
            yield Turn("user", tuple(_asked(part, ids) for part in parts(content)))
        else:
            raise content.need("role").invalid("must be user or model")


class _Ids:
    """Links results to calls where a caller leaves ids out: the n-th call gets one, a result finds it by name."""

    __slots__ = ("_calls", "_open")

    def __init__(self) -> None:
        self._calls = 0
        self._open: list[tuple[str, str]] = []

    def called(self, name: str, told: str | None) -> str:
        """Return the id of the next call, which is to *name*."""
        identity = told or f"call_{self._calls}"
        self._calls += 1
        self._open.append((name, identity))
        return identity

    def answered(self, name: str, told: str | None) -> str | None:
        """Return the id of the call that a result is for: of that id, else the oldest to *name* without one."""
        named = (call for call in self._open if call[0] == name)
        found = next((call for call in self._open if call[1] == told), None) or next(named, None)
        if found is None:
            return told
        self._open.remove(found)
        return found[1]


def _said(part: Field, ids: _Ids) -> Iterator[Part]:
    """Yield what the model said; a signature on words or on a call is a thought of its own before them."""
    signature = read_signature(
        Dialect.GOOGLE_GENERATE, part.text_of("thoughtSignature", "thought_signature") or ""
    )
    if part.flag_of("thought"):
        only(part, ("text",), _PART_HINTS)
        yield Reasoning(part.text_of("text") or "", signature)
        return
    if signature:
        yield Reasoning("", signature)
    called = part.get("functionCall", "function_call")
    if called is not None:
        only(part, ("functionCall", "function_call"), _PART_HINTS)
        name = called.need("name").text()
        held = called.get("args")
        yield ToolCall(
            ids.called(name, called.text_of("id")), name, held.dumped() if held is not None else "{}"
        )
    elif not (signature and part.object().get("text") == ""):
        yield _shown(part)


def _asked(part: Field, ids: _Ids) -> Part:
    result = part.get("functionResponse", "function_response")
    return _shown(part) if result is None else _tool_result(result, ids)


def _tool_result(result: Field, ids: _Ids) -> ToolResult:
    only(
        result, ("id", "name", "response", "parts"), (), {"willContinue": (False,), "will_continue": (False,)}
    )
    name = result.need("name")
    identity = ids.answered(name.text(), result.text_of("id"))
    if identity is None:
        raise name.invalid(
            "answers no functionCall before it; send the model's turn that called the function"
        )
    response = result.need("response")
    words, failed = _words(response)
    media = tuple(_shown(part) for part in result.list_of("parts"))
    return ToolResult(identity, name.text(), (Text(words), *media), failed=failed)


def _words(response: Field) -> tuple[str, bool]:
    """Return what a function answered, and whether that is an error, by the keys that Google names for it."""
    members = response.object()
    if len(members) == 1:
        key, value = next(iter(members.items()))
        if isinstance(value, str) and key in ("output", "result", "error"):
            return value, key == "error"
    return response.dumped(), False


def _shown(part: Field) -> Text | Blob:
    """Return what a part shows the model: words or media."""
    inline, linked = part.get("inlineData", "inline_data"), part.get("fileData", "file_data")
    if inline is not None:
        only(part, ("inlineData", "inline_data"), _PART_HINTS)
        media_type = inline.need("mimeType", "mime_type").text()
        name = inline.text_of("displayName", "display_name")
        return Blob(media_kind(media_type), media_type, plain_base64(inline.need("data").text()), name=name)
    if linked is not None:
        only(part, ("fileData", "file_data"), _PART_HINTS)
        return _linked(linked)
    only(part, ("text",), _PART_HINTS)
    return Text(part.need("text").text())


def _linked(linked: Field) -> Blob:
    address = linked.need("fileUri", "file_uri")
    if not address.text().startswith("https://") or "googleapis.com/" in address.text():
        raise address.invalid(
            "is a file kept at Google, which no other provider can read; send the data itself"
        )
    media_type = linked.need("mimeType", "mime_type").text()
    return Blob(media_kind(media_type), media_type, url=address.text())


def _tools(call: Field) -> Iterator[Tool]:
    for tool in (tool for tools in call.some("tools") for tool in listed(tools)):
        only(tool, DECLARATIONS)
        for declared in tool.some(*DECLARATIONS):
            yield from map(_tool, listed(declared))


def _tool(declaration: Field) -> Tool:
    as_json = ("parametersJsonSchema", "parameters_json_schema")
    only(
        declaration,
        ("name", "description", "parameters", *as_json),
        (),
        {"behavior": ("BLOCKING", "UNSPECIFIED")},
    )
    own = declaration.get("parameters")
    schema = json_schema(own) if own is not None else declaration.object_of(*as_json)
    return Tool(
        name=declaration.need("name").text(),
        description=declaration.text_of("description") or "",
        schema=schema or {},
    )


def _tool_choice(call: Field, tools: tuple[Tool, ...]) -> ToolChoice | None:
    held = call.get(*TOOL_CONFIG)
    if held is None:
        return None
    only(held, CALLING, ("includeServerSideToolInvocations", "include_server_side_tool_invocations"))
    config = held.get(*CALLING)
    if config is None:
        return None
    named = ("allowedFunctionNames", "allowed_function_names")
    only(config, ("mode", *named))
    allowed = [name.text() for name in config.list_of(*named)]
    mode = (config.text_of("mode") or "AUTO").upper()
    if mode == "ANY" and len(allowed) == 1:
        return ToolChoice("one", allowed[0])
    if allowed and set(allowed) != {tool.name for tool in tools}:
        raise config.need(*named).invalid(
            "cannot be translated unless it names one function or all; declare less"
        )
    if mode not in ("MODE_UNSPECIFIED", "AUTO", "VALIDATED", "ANY", "NONE"):
        raise config.need("mode").invalid("must be AUTO, ANY, NONE or VALIDATED")
    return ToolChoice({"ANY": "required", "NONE": "none"}.get(mode, "auto"))  # type: ignore[arg-type]  # as listed
