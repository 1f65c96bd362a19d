"""A caller's chat completion → canonical prompt."""

from collections.abc import Iterator, Mapping
from typing import Final

from solvent.dialects.canonical import (
    Blob,
    Format,
    Part,
    Prompt,
    Reasoning,
    Refusal,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
)
from solvent.dialects.openai_chat.call import LIMIT_FIELDS
from solvent.dialects.openai_chat.reply import REASONING_FIELDS
from solvent.dialects.openai_prompt import add_result, inline_data, read_choice, read_schema
from solvent.dialects.reading import Field, of_call
from solvent.dialects.refusals import only, untranslatable
from solvent.dialects.signature import read_signature
from solvent.domain.call import Dialect, Json

HINTS: Final = (
    "metadata",
    "prediction",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
)
"""Fields of a call that cannot change the answer and are left out of a translation."""

_KNOWN: Final = frozenset(
    {"model", "messages", "tools", "tool_choice", "parallel_tool_calls", "response_format", "n", "stop"}
    | {"temperature", "top_p", "top_k", "seed", "presence_penalty", "frequency_penalty", "user"}
    | {"stream", "stream_options", "reasoning_effort", "reasoning", *LIMIT_FIELDS}
)
_DEFAULTS: Final[Mapping[str, tuple[object, ...]]] = {
    "logprobs": (False,),
    "top_logprobs": (0,),
    "logit_bias": ({},),
    "modalities": (["text"],),
    "service_tier": ("auto", "default"),
    "store": (False,),
    "verbosity": ("medium",),
}
_MESSAGE_HINTS: Final = ("annotations", "cache_control")
_AUDIO_TYPES: Final[Mapping[str, str]] = {"mp3": "audio/mpeg"}


def read_prompt(document: Json) -> Prompt:
    """Return the call in canonical form; see ``Translator.read_prompt``."""
    call = of_call(document)
    only(call, _KNOWN, HINTS, _DEFAULTS)
    system, turns = _conversation(call.need("messages"))
    effort, thinking_tokens = _thinking(call)
    return Prompt(
        system=system,
        turns=turns,
        tools=tuple(_tools(call)),
        tool_choice=_tool_choice(call),
        format=_format(call),
        output_limit=max((found for name in LIMIT_FIELDS if (found := call.count_of(name))), default=None),
        choices=call.count_of("n") or 1,
        temperature=call.number_of("temperature"),
        top_p=call.number_of("top_p"),
        top_k=call.count_of("top_k"),
        seed=_seed(call),
        presence_penalty=call.number_of("presence_penalty"),
        frequency_penalty=call.number_of("frequency_penalty"),
        stop=_stop(call),
        effort=effort,
        thinking_tokens=thinking_tokens,
        user=call.text_of("user"),
        stream=call.flag_of("stream") or False,
        stream_usage=_stream_usage(call),
    )


def _seed(call: Field) -> int | None:
    """Read the seed, the one whole number that may be negative."""
    found = call.get("seed")
    if found is None:
        return None
    if type(found.value) is not int:
        raise found.invalid("must be a whole number")
    return found.value


def _stop(call: Field) -> tuple[str, ...]:
    found = call.get("stop")
    if found is None:
        return ()
    return (found.value,) if isinstance(found.value, str) else tuple(one.text() for one in found.each())


def _stream_usage(call: Field) -> bool:
    options = call.get("stream_options")
    if options is None:
        return False
    only(options, ("include_usage",), ("include_obfuscation",))
    return options.flag_of("include_usage") or False


def _thinking(call: Field) -> tuple[str | None, int | None]:
    """Read OpenAI's ``reasoning_effort``, or OpenRouter's ``reasoning`` object."""
    held = call.get("reasoning")
    if held is None:
        return call.text_of("reasoning_effort"), None
    only(held, ("effort", "max_tokens"))
    return held.text_of("effort") or call.text_of("reasoning_effort"), held.count_of("max_tokens")


def _tools(call: Field) -> Iterator[Tool]:
    for tool in call.list_of("tools"):
        if tool.text_of("type") not in (None, "function"):
            raise untranslatable(tool.need("type"))
        only(tool, ("type", "function"), ("cache_control",))
        function = tool.need("function")
        only(function, ("name", "description", "parameters", "strict"))
        yield Tool(
            name=function.need("name").text(),
            description=function.text_of("description") or "",
            schema=function.object_of("parameters") or {},
            strict=function.flag_of("strict"),
        )


def _tool_choice(call: Field) -> ToolChoice | None:
    chosen, parallel = call.get("tool_choice"), call.flag_of("parallel_tool_calls")
    if chosen is None or isinstance(chosen.value, str):
        return read_choice(chosen, parallel)
    if chosen.need("type").text() != "function":
        raise untranslatable(chosen)
    return ToolChoice("one", chosen.need("function").need("name").text(), parallel)


def _format(call: Field) -> Format | None:
    found = call.get("response_format")
    if found is None:
        return None
    match found.need("type").text():
        case "text":
            return None
        case "json_object":
            return Format("json")
        case "json_schema":
            return read_schema(found.need("json_schema"))
        case _:
            raise untranslatable(found.need("type"))


def _conversation(messages: Field) -> tuple[tuple[str, ...], tuple[Turn, ...]]:
    system: list[str] = []
    turns: list[Turn] = []
    tool_names: dict[str, str] = {}
    for message in messages.each():
        role = message.need("role")
        match role.word("system", "developer", "user", "assistant", "tool"):
            case "system" | "developer":
                if turns:
                    raise role.invalid("comes after the conversation has begun; put instructions first")
                only(message, ("role", "content"), _MESSAGE_HINTS)
                system += [part.text for part in _words(message)]
            case "user":
                only(message, ("role", "content"), _MESSAGE_HINTS)
                turns.append(Turn("user", tuple(_parts(message))))
            case "assistant":
                parts = tuple(_said(message))
                tool_names |= {part.id: part.name for part in parts if isinstance(part, ToolCall)}
                turns.append(Turn("assistant", parts))
            case _:
                add_result(turns, _tool_result(message, tool_names))
    return tuple(system), tuple(turns)


def _tool_result(message: Field, tool_names: dict[str, str]) -> ToolResult:
    only(message, ("role", "content", "tool_call_id", "name"), _MESSAGE_HINTS)
    identity = message.need("tool_call_id").text()
    name = message.text_of("name") or tool_names.get(identity, "")
    return ToolResult(identity, name, tuple(_parts(message)))


def _said(message: Field) -> Iterator[Part]:
    only(
        message,
        ("role", "content", "refusal", "tool_calls", "reasoning_details", *REASONING_FIELDS),
        _MESSAGE_HINTS,
        {"images": ([],), "prefix": (False,)},
    )
    yield from _thoughts(message)
    yield from _spoken(message)
    refusal = message.text_of("refusal")
    if refusal:
        yield Refusal(refusal)
    for tool_call in message.list_of("tool_calls"):
        if tool_call.text_of("type") not in (None, "function"):
            raise untranslatable(tool_call)
        function = tool_call.need("function")
        yield ToolCall(
            tool_call.need("id").text(), function.need("name").text(), function.text_of("arguments") or "{}"
        )


def _thoughts(message: Field) -> Iterator[Reasoning]:
    """Read thoughts: OpenRouter's ``reasoning_details``, which prove them, before the plain words."""
    found = [_thought(detail) for detail in message.list_of("reasoning_details")]
    if any(thought.text or thought.signature for thought in found):
        yield from found
        return
    plain = next((text for name in REASONING_FIELDS if (text := message.text_of(name))), None)
    if plain:
        yield Reasoning(plain)


def _thought(detail: Field) -> Reasoning:
    text = detail.text_of("text") or detail.text_of("summary") or ""
    proof = detail.text_of("signature") or detail.text_of("data") or ""
    return Reasoning(text, read_signature(Dialect.OPENAI_CHAT, proof))


def _spoken(message: Field) -> Iterator[Part]:
    content = message.get("content")
    if content is None:
        return
    if isinstance(content.value, str):
        if content.value:
            yield Text(content.value)
        return
    for part in content.each():
        match part.need("type").text():
            case "refusal":
                yield Refusal(part.need("refusal").text())
            case "thinking":
                yield Reasoning("".join(_text_part(one).text for one in part.list_of("thinking")))
            case _:
                yield _text_part(part)


def _words(message: Field) -> Iterator[Text]:
    content = message.need("content")
    if isinstance(content.value, str):
        yield Text(content.value)
        return
    for part in content.each():
        yield _text_part(part)


def _text_part(part: Field) -> Text:
    if part.need("type").text() != "text":
        raise untranslatable(part)
    only(part, ("type", "text"), _MESSAGE_HINTS)
    return Text(part.need("text").text())


def _parts(message: Field) -> Iterator[Text | Blob]:
    content = message.need("content")
    if isinstance(content.value, str):
        yield Text(content.value)
        return
    for part in content.each():
        match part.need("type").text():
            case "image_url":
                yield _image(part.need("image_url"))
            case "input_audio":
                yield _audio(part.need("input_audio"))
            case "file":
                yield _file(part.need("file"))
            case _:
                yield _text_part(part)


def _image(holder: Field) -> Blob:
    only(holder, ("url", "detail"))
    address = holder.need("url")
    url, detail = address.text(), holder.text_of("detail")
    if url[:5].lower() != "data:":
        return Blob("image", url=url, detail=detail)
    media_type, data = inline_data(address)
    return Blob("image", media_type, data, detail=detail)


def _audio(holder: Field) -> Blob:
    only(holder, ("data", "format"))
    form = holder.need("format").text()
    return Blob("audio", _AUDIO_TYPES.get(form, f"audio/{form}"), holder.need("data").text())


def _file(holder: Field) -> Blob:
    """Read an inline file; one that the provider keeps, by its id, is only there."""
    only(holder, ("file_data", "filename"))
    media_type, data = inline_data(holder.need("file_data"))
    return Blob("document", media_type, data, name=holder.text_of("filename"))
