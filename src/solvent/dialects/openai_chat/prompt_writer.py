"""Canonical prompt → chat completion, for a provider that speaks this dialect."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from solvent.dialects.base import Edits
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
from solvent.dialects.openai_prompt import effort
from solvent.dialects.refusals import part_name, unsaid
from solvent.dialects.signature import own_signature
from solvent.domain.call import Dialect, Json

_AUDIO_FORMATS: Final[Mapping[str, str]] = {
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
}


def write_prompt(prompt: Prompt, edits: Edits) -> Json:
    """Return the call in this dialect; see ``Translator.write_prompt``."""
    if prompt.top_k is not None:
        raise unsaid("top_k", Dialect.OPENAI_CHAT)
    if prompt.thinking_tokens:
        raise unsaid("a number of tokens to think with", Dialect.OPENAI_CHAT)
    choice = prompt.tool_choice
    limit = prompt.output_limit if edits.output_limit is None else edits.output_limit
    wanted: Json = {
        "model": edits.model,
        "messages": list(_messages(prompt)),
        "tools": [_tool(tool) for tool in prompt.tools] or None,
        "tool_choice": _tool_choice(choice) if choice and prompt.tools else None,
        "parallel_tool_calls": choice.parallel if choice and prompt.tools else None,
        "response_format": _format(prompt.format) if prompt.format else None,
        edits.limit_field or LIMIT_FIELDS[0]: limit,
        "n": prompt.choices if prompt.choices > 1 else None,
        "temperature": prompt.temperature,
        "top_p": prompt.top_p,
        "seed": prompt.seed,
        "presence_penalty": prompt.presence_penalty,
        "frequency_penalty": prompt.frequency_penalty,
        "stop": list(prompt.stop) or None,
        "reasoning_effort": effort(prompt),
        "user": prompt.user,
        "stream": prompt.stream or None,
        "stream_options": {"include_usage": True} if prompt.stream and edits.stream_usage else None,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def _messages(prompt: Prompt) -> Iterator[Json]:
    for text in prompt.system:
        yield {"role": "system", "content": text}
    for turn in prompt.turns:
        yield from _assistant(turn) if turn.role == "assistant" else _user(turn)


def _user(turn: Turn) -> Iterator[Json]:
    """Write a user's turn; results of tools are messages of their own and stand before the rest."""
    results = [part for part in turn.parts if isinstance(part, ToolResult)]
    for result in results:
        yield {"role": "tool", "tool_call_id": result.id, "content": _result_text(result)}
    rest = [_part(part) for part in turn.parts if not isinstance(part, ToolResult)]
    if rest or not results:
        yield {"role": "user", "content": _content(rest)}


def _content(parts: list[Json]) -> Any:
    if len(parts) == 1 and parts[0]["type"] == "text":
        return parts[0]["text"]
    return parts


def _result_text(result: ToolResult) -> str:
    texts = [part.text for part in result.parts if isinstance(part, Text)]
    if len(texts) < len(result.parts):
        raise unsaid(f"what the tool {result.name or result.id} answered beside text", Dialect.OPENAI_CHAT)
    return "\n".join(texts)


def _assistant(turn: Turn) -> Iterator[Json]:
    """Write an assistant's turn. Thoughts go back only to the provider that they came from."""
    message: Json = {"role": "assistant", "content": None}
    for part in turn.parts:
        match part:
            case Text():
                message["content"] = (message["content"] or "") + part.text
            case Refusal():
                message["refusal"] = message.get("refusal", "") + part.text
            case ToolCall():
                message.setdefault("tool_calls", []).append(_tool_call(part))
            case Reasoning():
                _recall(message, part)
            case _:
                raise unsaid(f"{part_name(part)} that the assistant sent", Dialect.OPENAI_CHAT)
    if not message.keys() & {"refusal", "tool_calls"}:
        message["content"] = message["content"] or ""
    yield message


def _recall(message: Json, thought: Reasoning) -> None:
    proof = own_signature(Dialect.OPENAI_CHAT, thought.signature)
    if proof:
        detail = {"type": "reasoning.text", "text": thought.text, "signature": proof}
        message.setdefault("reasoning_details", []).append(detail)


def _tool_call(call: ToolCall) -> Json:
    return {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments or "{}"},
    }


def _part(part: Part) -> Json:
    match part:
        case Text():
            return {"type": "text", "text": part.text}
        case Blob(kind="image"):
            address = part.url or f"data:{part.media_type};base64,{part.data}"
            detail = {"detail": part.detail} if part.detail else {}
            return {"type": "image_url", "image_url": {"url": address} | detail}
        case Blob(kind="audio") if part.data and part.media_type in _AUDIO_FORMATS:
            audio = {"data": part.data, "format": _AUDIO_FORMATS[part.media_type]}
            return {"type": "input_audio", "input_audio": audio}
        case Blob(kind="document") if part.data:
            address = f"data:{part.media_type};base64,{part.data}"
            return {"type": "file", "file": {"filename": part.name or "document", "file_data": address}}
        case _:
            raise unsaid(part_name(part), Dialect.OPENAI_CHAT)


def _tool(tool: Tool) -> Json:
    function: Json = {"name": tool.name, "parameters": tool.schema or {"type": "object", "properties": {}}}
    if tool.description:
        function["description"] = tool.description
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _tool_choice(choice: ToolChoice) -> Any:
    if choice.mode == "one":
        return {"type": "function", "function": {"name": choice.name}}
    return choice.mode


def _format(form: Format) -> Json:
    if form.mode == "json":
        return {"type": "json_object"}
    schema: Json = {"name": form.name, "schema": form.schema}
    if form.strict is not None:
        schema["strict"] = form.strict
    return {"type": "json_schema", "json_schema": schema}
