"""A caller's response → canonical prompt."""

from collections.abc import Iterator, Mapping
from typing import Final, Literal

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
from solvent.dialects.openai_prompt import add_result, inline_data, read_choice, read_schema
from solvent.dialects.reading import Field, of_call
from solvent.dialects.refusals import only, untranslatable
from solvent.dialects.signature import read_signature
from solvent.domain.call import Dialect, Json

HINTS: Final = (
    "max_tool_calls",
    "metadata",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
    "stream_options",
)
"""Fields of a call that cannot change the answer and are left out of a translation.

``max_tool_calls`` counts only calls of the provider's own tools, and those are not translated.
"""

_KNOWN: Final = frozenset(
    {"model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "text", "temperature"}
    | {"max_output_tokens", "top_p", "reasoning", "user", "stream"}
)
_DEFAULTS: Final[Mapping[str, tuple[object, ...]]] = {
    "background": (False,),
    "include": ([], ["reasoning.encrypted_content"]),
    "service_tier": ("auto", "default"),
    "store": (False,),
    "top_logprobs": (0,),
    "truncation": ("disabled",),
}
_ITEM_HINTS: Final = ("id", "status", "type", "phase", "prompt_cache_breakpoint")
_PART_HINTS: Final = ("annotations", "logprobs", "prompt_cache_breakpoint")


def read_prompt(document: Json) -> Prompt:
    """Return the call in canonical form; see ``Translator.read_prompt``."""
    call = of_call(document)
    only(call, _KNOWN, HINTS, _DEFAULTS)
    system, turns = _conversation(call)
    return Prompt(
        system=system,
        turns=turns,
        tools=tuple(_tools(call)),
        tool_choice=_tool_choice(call),
        format=_format(call),
        output_limit=call.count_of("max_output_tokens"),
        temperature=call.number_of("temperature"),
        top_p=call.number_of("top_p"),
        effort=_effort(call),
        user=call.text_of("user"),
        stream=call.flag_of("stream") or False,
        stream_usage=True,
    )


def _effort(call: Field) -> str | None:
    held = call.get("reasoning")
    if held is None:
        return None
    only(held, ("effort",), ("summary", "generate_summary"))
    return held.text_of("effort")


def _format(call: Field) -> Format | None:
    held = call.get("text")
    if held is None:
        return None
    only(held, ("format",), (), {"verbosity": ("medium",)})
    found = held.get("format")
    if found is None:
        return None
    match found.need("type").text():
        case "text":
            return None
        case "json_object":
            return Format("json")
        case "json_schema":
            return read_schema(found)
        case _:
            raise untranslatable(found.need("type"))


def _tools(call: Field) -> Iterator[Tool]:
    for tool in call.list_of("tools"):
        if tool.need("type").text() != "function":
            raise untranslatable(tool.need("type"))
        only(tool, ("type", "name", "description", "parameters", "strict"))
        yield Tool(
            name=tool.need("name").text(),
            description=tool.text_of("description") or "",
            schema=tool.object_of("parameters") or {},
            strict=tool.flag_of("strict"),
        )


def _tool_choice(call: Field) -> ToolChoice | None:
    chosen, parallel = call.get("tool_choice"), call.flag_of("parallel_tool_calls")
    if chosen is None or isinstance(chosen.value, str):
        return read_choice(chosen, parallel)
    if chosen.need("type").text() != "function":
        raise untranslatable(chosen)
    return ToolChoice("one", chosen.need("name").text(), parallel)


class _Conversation:
    """The items of an input, gathered into turns: neighbouring items of the assistant are one turn."""

    __slots__ = ("_tool_names", "system", "turns")

    def __init__(self) -> None:
        self.system: list[str] = []
        self.turns: list[Turn] = []
        self._tool_names: dict[str, str] = {}

    def add(self, item: Field) -> None:
        """Take in one item."""
        match item.text_of("type"):
            case None | "message":
                self._message(item)
            case "function_call":
                only(item, ("call_id", "name", "arguments"), _ITEM_HINTS)
                called = ToolCall(
                    item.need("call_id").text(), item.need("name").text(), item.text_of("arguments") or "{}"
                )
                self._tool_names[called.id] = called.name
                self._append("assistant", called)
            case "function_call_output":
                only(item, ("call_id", "output"), _ITEM_HINTS)
                identity = item.need("call_id").text()
                parts = tuple(_parts(item.need("output")))
                add_result(self.turns, ToolResult(identity, self._tool_names.get(identity, ""), parts))
            case "reasoning":
                self._append("assistant", *_thoughts(item))
            case _:
                raise untranslatable(item.need("type"))

    def _message(self, item: Field) -> None:
        only(item, ("role", "content"), _ITEM_HINTS)
        role, content = item.need("role"), item.need("content")
        match role.word("system", "developer", "user", "assistant"):
            case "user":
                self._append("user", *_parts(content))
            case "assistant":
                self._append("assistant", *_said(content))
            case _:
                if self.turns:
                    raise role.invalid("comes after the conversation has begun; put instructions first")
                self.system += [_word(part).text for part in _pieces(content)]

    def _append(self, role: Literal["user", "assistant"], *parts: Part) -> None:
        last = self.turns[-1] if self.turns else None
        if last and last.role == role == "assistant":
            self.turns[-1] = Turn(role, last.parts + parts)
        else:
            self.turns.append(Turn(role, parts))


def _conversation(call: Field) -> tuple[tuple[str, ...], tuple[Turn, ...]]:
    gathered = _Conversation()
    instructions = call.text_of("instructions")
    if instructions:
        gathered.system.append(instructions)
    found = call.need("input")
    if isinstance(found.value, str):
        return tuple(gathered.system), (Turn("user", (Text(found.value),)),)
    for item in found.each():
        gathered.add(item)
    return tuple(gathered.system), tuple(gathered.turns)


def _thoughts(item: Field) -> Iterator[Reasoning]:
    """Read a thought; its raw words, where the provider shows them, come before its summary."""
    only(item, ("content", "summary", "encrypted_content"), _ITEM_HINTS)
    words = [part.need("text").text() for part in item.list_of("content")]
    summary = [part.need("text").text() for part in item.list_of("summary")]
    proof = item.text_of("encrypted_content") or ""
    yield Reasoning("\n\n".join(words or summary), read_signature(Dialect.OPENAI_RESPONSES, proof))


def _pieces(content: Field) -> Iterator[Field]:
    if isinstance(content.value, str):
        yield content
    else:
        yield from content.each()


def _word(piece: Field) -> Text:
    if isinstance(piece.value, str):
        return Text(piece.value)
    if piece.need("type").text() not in ("input_text", "output_text", "text"):
        raise untranslatable(piece)
    only(piece, ("type", "text"), _PART_HINTS)
    return Text(piece.need("text").text())


def _said(content: Field) -> Iterator[Part]:
    for piece in _pieces(content):
        if not isinstance(piece.value, str) and piece.text_of("type") == "refusal":
            yield Refusal(piece.need("refusal").text())
        else:
            yield _word(piece)


def _parts(content: Field) -> Iterator[Text | Blob]:
    for piece in _pieces(content):
        kind = "" if isinstance(piece.value, str) else piece.need("type").text()
        match kind:
            case "input_image":
                yield _image(piece)
            case "input_file":
                yield _file(piece)
            case _:
                yield _word(piece)


def _image(piece: Field) -> Blob:
    only(piece, ("type", "image_url", "detail"), _PART_HINTS)
    address, detail = piece.need("image_url"), piece.text_of("detail")
    if address.text()[:5].lower() != "data:":
        return Blob("image", url=address.text(), detail=detail)
    media_type, data = inline_data(address)
    return Blob("image", media_type, data, detail=detail)


def _file(piece: Field) -> Blob:
    """Read a file by its data or address; one that the provider keeps, by its id, is only there."""
    only(piece, ("type", "file_data", "file_url", "filename"), _PART_HINTS)
    name, url = piece.text_of("filename"), piece.text_of("file_url")
    if url:
        return Blob("document", url=url, name=name)
    media_type, data = inline_data(piece.need("file_data"))
    return Blob("document", media_type, data, name=name)
