"""Canonical prompt → response, for a provider that speaks this dialect."""

from collections.abc import Iterator
from typing import Any

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
from solvent.dialects.openai_prompt import effort
from solvent.dialects.refusals import part_name, unsaid
from solvent.dialects.signature import own_signature
from solvent.domain.call import Dialect, Json


def write_prompt(prompt: Prompt, edits: Edits) -> Json:
    """Return the call in this dialect; see ``Translator.write_prompt``.

    The provider is told not to keep the answer, which no other dialect asks it to.
    """
    _refuse(prompt)
    choice = prompt.tool_choice
    limit = prompt.output_limit if edits.output_limit is None else edits.output_limit
    wanted: Json = {
        "model": edits.model,
        "input": list(_items(prompt)),
        "store": False,
        "tools": [_tool(tool) for tool in prompt.tools] or None,
        "tool_choice": _tool_choice(choice) if choice and prompt.tools else None,
        "parallel_tool_calls": choice.parallel if choice and prompt.tools else None,
        "text": {"format": _format(prompt.format)} if prompt.format else None,
        "max_output_tokens": limit,
        "temperature": prompt.temperature,
        "top_p": prompt.top_p,
        "reasoning": {"effort": effort(prompt)} if effort(prompt) else None,
        "user": prompt.user,
        "stream": prompt.stream or None,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def _refuse(prompt: Prompt) -> None:
    unsayable = {
        "more than one choice": prompt.choices > 1,
        "a stop sequence": bool(prompt.stop),
        "seed": prompt.seed is not None,
        "presence_penalty": bool(prompt.presence_penalty),
        "frequency_penalty": bool(prompt.frequency_penalty),
        "top_k": prompt.top_k is not None,
        "a number of tokens to think with": bool(prompt.thinking_tokens),
    }
    for what, asked in unsayable.items():
        if asked:
            raise unsaid(what, Dialect.OPENAI_RESPONSES)


def _items(prompt: Prompt) -> Iterator[Json]:
    for text in prompt.system:
        yield {"type": "message", "role": "system", "content": text}
    for turn in prompt.turns:
        yield from _assistant(turn) if turn.role == "assistant" else _user(turn)


def _user(turn: Turn) -> Iterator[Json]:
    for part in turn.parts:
        if isinstance(part, ToolResult):
            yield {"type": "function_call_output", "call_id": part.id, "output": _output(part)}
    rest = [_part(part) for part in turn.parts if not isinstance(part, ToolResult)]
    if rest:
        yield {"type": "message", "role": "user", "content": rest}


def _output(result: ToolResult) -> Any:
    if all(isinstance(part, Text) for part in result.parts):
        return "\n".join(part.text for part in result.parts if isinstance(part, Text))
    return [_part(part) for part in result.parts]


def _assistant(turn: Turn) -> Iterator[Json]:
    """Write an assistant's turn, item by item. Thoughts go back only to the provider that they came from."""
    for part in turn.parts:
        match part:
            case Text():
                yield _message({"type": "output_text", "text": part.text, "annotations": []})
            case Refusal():
                yield _message({"type": "refusal", "refusal": part.text})
            case ToolCall():
                arguments = part.arguments or "{}"
                yield {
                    "type": "function_call",
                    "call_id": part.id,
                    "name": part.name,
                    "arguments": arguments,
                }
            case Reasoning():
                proof = own_signature(Dialect.OPENAI_RESPONSES, part.signature)
                if proof:
                    summary = [{"type": "summary_text", "text": part.text}] if part.text else []
                    yield {"type": "reasoning", "summary": summary, "encrypted_content": proof}
            case _:
                raise unsaid(f"{part_name(part)} that the assistant sent", Dialect.OPENAI_RESPONSES)


def _message(content: Json) -> Json:
    return {"type": "message", "role": "assistant", "content": [content]}


def _part(part: Part) -> Json:
    match part:
        case Text():
            return {"type": "input_text", "text": part.text}
        case Blob(kind="image"):
            address = part.url or f"data:{part.media_type};base64,{part.data}"
            return {"type": "input_image", "image_url": address, "detail": part.detail or "auto"}
        case Blob(kind="document") if part.url:
            return {"type": "input_file", "file_url": part.url}
        case Blob(kind="document"):
            address = f"data:{part.media_type};base64,{part.data}"
            return {"type": "input_file", "filename": part.name or "document", "file_data": address}
        case _:
            raise unsaid(part_name(part), Dialect.OPENAI_RESPONSES)


def _tool(tool: Tool) -> Json:
    """Write a tool. This dialect alone takes a tool as strict unless told otherwise, so it is told."""
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description or None,
        "parameters": tool.schema or {"type": "object", "properties": {}},
        "strict": bool(tool.strict),
    }


def _tool_choice(choice: ToolChoice) -> Any:
    return {"type": "function", "name": choice.name} if choice.mode == "one" else choice.mode


def _format(form: Format) -> Json:
    if form.mode == "json":
        return {"type": "json_object"}
    return {
        "type": "json_schema",
        "name": form.name,
        "schema": form.schema,
        "strict": bool(form.strict),
    }
