"""Canonical prompt → messages, for a provider that speaks this dialect."""

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from solvent.dialects.anthropic_messages.call import LEAST_BUDGET
from solvent.dialects.anthropic_messages.prompt_reader import REDACTED
from solvent.dialects.base import Edits
from solvent.dialects.canonical import (
    Blob,
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
from solvent.dialects.refusals import unsaid
from solvent.dialects.signature import own_signature
from solvent.dialects.turns import alternating, needed_arguments, whole_thoughts
from solvent.domain.call import Dialect, Json
from solvent.errors import CallInvalid

_ME: Final = Dialect.ANTHROPIC_MESSAGES
_CHOICES: Final[Mapping[str, str]] = {"auto": "auto", "none": "none", "required": "any", "one": "tool"}
_EFFORTS: Final[Mapping[str, str]] = {"minimal": "low"}
_HOTTEST: Final = 1.0
_COUNTED: Final = ("model", "system", "messages", "tools", "tool_choice", "thinking", "output_config")
"""The fields of ``count_tokens`` (https://docs.anthropic.com/en/api/messages-count-tokens)."""

_ANY_LIMIT: Final = 2**31
_NO_ID: Final = re.compile(r"[^a-zA-Z0-9_-]")


def write_prompt(prompt: Prompt, edits: Edits) -> Json:
    """Return the call in this dialect; see ``Translator.write_prompt``."""
    _refuse_unsaid(prompt)
    limit = prompt.output_limit if edits.output_limit is None else edits.output_limit
    if limit is None:
        raise CallInvalid("an output limit is missing, and Anthropic's models need one; give max_tokens")
    wanted: Json = {
        "model": edits.model,
        "max_tokens": limit,
        "system": [{"type": "text", "text": text} for text in prompt.system if text] or None,
        "messages": _messages(prompt),
        "tools": [_tool(tool) for tool in prompt.tools] or None,
        "tool_choice": _tool_choice(prompt.tool_choice) if prompt.tool_choice and prompt.tools else None,
        "temperature": prompt.temperature,
        "top_p": prompt.top_p,
        "top_k": prompt.top_k,
        "stop_sequences": list(prompt.stop) or None,
        "thinking": _thinking(prompt, limit),
        "output_config": _output_config(prompt) or None,
        "metadata": {"user_id": prompt.user} if prompt.user else None,
        "stream": prompt.stream or None,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def write_counted(prompt: Prompt, edits: Edits) -> Json:
    """Return the call that counts *prompt*: what of a message is read, so without an output limit."""
    whole = write_prompt(prompt, replace(edits, output_limit=_ANY_LIMIT))
    return {name: whole[name] for name in _COUNTED if name in whole}


def _refuse_unsaid(prompt: Prompt) -> None:
    if prompt.choices > 1:
        raise unsaid(f"more than one answer (you ask for {prompt.choices})", _ME)
    if prompt.seed is not None:
        raise unsaid("a seed", _ME)
    if prompt.presence_penalty or prompt.frequency_penalty:
        raise unsaid("a presence or frequency penalty", _ME)
    if prompt.temperature is not None and prompt.temperature > _HOTTEST:
        raise unsaid(f"a temperature of {prompt.temperature}, above {_HOTTEST},", _ME)
    if prompt.format is not None and prompt.format.mode == "json":
        raise unsaid("any JSON object as the form of the answer, without a schema,", _ME)


def _thinking(prompt: Prompt, limit: int) -> Json | None:
    """Return how to think: a budget lies below the output limit; an effort lets the model decide."""
    budget = prompt.thinking_tokens
    if budget == 0 or prompt.effort == "none":
        return {"type": "disabled"}
    if budget is None:
        return {"type": "adaptive"} if prompt.effort else None
    budget = min(budget, limit - 1)
    if budget < LEAST_BUDGET:
        raise unsaid(
            f"a thinking budget of {budget} of {limit} tokens, where {LEAST_BUDGET} is the least,",
            _ME,
        )
    return {"type": "enabled", "budget_tokens": budget}


def _output_config(prompt: Prompt) -> Json:
    config: Json = {}
    if prompt.effort and prompt.effort != "none":
        config["effort"] = _EFFORTS.get(prompt.effort, prompt.effort)
    if prompt.format is not None:
        config["format"] = {"type": "json_schema", "schema": prompt.format.schema}
    return config


def _messages(prompt: Prompt) -> list[Json]:
    turns = [Turn(turn.role, whole_thoughts(turn.parts)) for turn in alternating(prompt.turns)]
    if not turns:
        raise CallInvalid("messages are empty; say something for the model to answer")
    if turns[-1].role == "assistant":
        raise unsaid("a conversation that ends with the assistant, whose answer would go on there,", _ME)
    told = [(turn.role, [block for part in turn.parts for block in _blocks(part)]) for turn in turns]
    return [{"role": role, "content": blocks} for role, blocks in told if blocks]


def _blocks(part: Part) -> Iterator[Json]:
    """Yield a part as blocks; an empty text, which Anthropic takes for an error, is none."""
    match part:
        case Text(text) | Refusal(text):
            if text:
                yield {"type": "text", "text": text}
        case Blob():
            yield _blob(part)
        case Reasoning():
            yield from _thought(part)
        case ToolCall():
            yield {"type": "tool_use", "id": _id(part.id), "name": part.name, "input": needed_arguments(part)}
        case ToolResult():
            yield _tool_result(part)


def _thought(part: Reasoning) -> Iterator[Json]:
    """Yield a thought that Anthropic itself signed; it takes back no other, and reads none from elsewhere."""
    proof = own_signature(_ME, part.signature)
    if proof.startswith(REDACTED):
        yield {"type": "redacted_thinking", "data": proof.removeprefix(REDACTED)}
    elif proof:
        yield {"type": "thinking", "thinking": part.text, "signature": proof}


def _tool_result(part: ToolResult) -> Json:
    content = [block for inner in part.parts for block in _blocks(inner)]
    failed = {"is_error": True} if part.failed else {}
    return {"type": "tool_result", "tool_use_id": _id(part.id), "content": content} | failed


def _id(told: str) -> str:
    """Return the id in the letters that Anthropic allows, the same for a call and its result."""
    return _NO_ID.sub("_", told)


def _blob(part: Blob) -> Json:
    if part.kind not in ("image", "document"):
        raise unsaid(f"{part.kind} of type {part.media_type or 'unknown'}", _ME)
    title = {"title": part.name} if part.name and part.kind == "document" else {}
    return {"type": part.kind, "source": _source(part)} | title


def _source(part: Blob) -> Json:
    if part.url:
        return {"type": "url", "url": part.url}
    if part.media_type == "text/plain":
        return {"type": "text", "media_type": "text/plain", "data": _words(part)}
    if part.kind == "document" and part.media_type != "application/pdf":
        raise unsaid(f"a document of type {part.media_type or 'unknown'}", _ME)
    return {"type": "base64", "media_type": part.media_type, "data": part.data}


def _words(part: Blob) -> str:
    try:
        return base64.b64decode(part.data, validate=True).decode()
    except ValueError as error:
        raise CallInvalid(f"a document of type {part.media_type} is not UTF-8 in base64 ({error})") from error


def _tool(tool: Tool) -> Json:
    wanted: Json = {
        "name": tool.name,
        "description": tool.description or None,
        "input_schema": tool.schema or {"type": "object", "properties": {}},
        "strict": tool.strict or None,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def _tool_choice(choice: ToolChoice) -> Json:
    wanted: Json = {"type": _CHOICES[choice.mode]}
    if choice.mode == "one":
        wanted["name"] = choice.name
    if choice.parallel is not None and choice.mode != "none":
        wanted["disable_parallel_tool_use"] = not choice.parallel
    return wanted
