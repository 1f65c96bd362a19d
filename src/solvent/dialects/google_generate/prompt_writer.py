"""Canonical prompt → generateContent, for a provider that speaks this dialect."""

from collections.abc import Iterator, Mapping
from typing import Final

import orjson

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
)
from solvent.dialects.refusals import unsaid
from solvent.dialects.signature import own_signature
from solvent.dialects.turns import alternating, needed_arguments
from solvent.domain.call import Dialect, Json
from solvent.errors import CallInvalid

_ME: Final = Dialect.GOOGLE_GENERATE
_ROLES: Final[Mapping[str, str]] = {"user": "user", "assistant": "model"}
_MODES: Final[Mapping[str, str]] = {"auto": "AUTO", "none": "NONE", "required": "ANY", "one": "ANY"}
_OLD_MODELS: Final = ("gemini-1", "gemini-2")
_BUDGETS: Final[Mapping[str, int]] = {"none": 0, "minimal": 1024, "low": 1024, "medium": 8192, "high": 24576}
"""Thinking budgets of models before Gemini 3 by effort (https://ai.google.dev/gemini-api/docs/openai#thinking)."""

_LEVELS: Final = ("minimal", "low", "medium", "high")
_UNSIGNED: Final = "skip_thought_signature_validator"
"""What Google wants in place of a signature on a function call that another model made, from Gemini 3 on
(https://ai.google.dev/gemini-api/docs/thought-signatures#faqs)."""


def write_prompt(prompt: Prompt, edits: Edits) -> Json:
    """Return the call in this dialect; see ``Translator.write_prompt``."""
    strict = any(tool.strict for tool in prompt.tools)
    wanted: Json = {
        "systemInstruction": {"parts": [{"text": text} for text in prompt.system]} if prompt.system else None,
        "contents": _contents(prompt, signs=not edits.model.startswith(_OLD_MODELS)),
        "tools": [{"functionDeclarations": [_tool(tool) for tool in prompt.tools]}] if prompt.tools else None,
        "toolConfig": _tool_config(prompt.tool_choice, strict=strict) if prompt.tools else None,
        "generationConfig": _config(prompt, edits) or None,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def _config(prompt: Prompt, edits: Edits) -> Json:
    form = prompt.format
    wanted: Json = {
        "maxOutputTokens": prompt.output_limit if edits.output_limit is None else edits.output_limit,
        "candidateCount": prompt.choices if prompt.choices > 1 else None,
        "temperature": prompt.temperature,
        "topP": prompt.top_p,
        "topK": prompt.top_k,
        "seed": prompt.seed,
        "presencePenalty": prompt.presence_penalty,
        "frequencyPenalty": prompt.frequency_penalty,
        "stopSequences": list(prompt.stop) or None,
        "responseMimeType": "application/json" if form is not None else None,
        "responseJsonSchema": form.schema if form is not None and form.mode == "schema" else None,
        "thinkingConfig": _thinking(prompt, edits.model),
    }
    return {name: value for name, value in wanted.items() if value is not None}


def _thinking(prompt: Prompt, model: str) -> Json | None:
    """Return how to think; who asks for thinking is shown the thoughts."""
    tokens = prompt.thinking_tokens
    if (
        tokens is None
        and prompt.effort is not None
        and (prompt.effort == "none" or model.startswith(_OLD_MODELS))
    ):
        tokens = _BUDGETS.get(prompt.effort)
    if tokens is not None:
        return {"thinkingBudget": tokens} | ({"includeThoughts": True} if tokens else {})
    if prompt.effort is None:
        return None
    if prompt.effort not in _LEVELS:
        raise unsaid(f"an effort of {prompt.effort!r}", _ME)
    return {"thinkingLevel": prompt.effort, "includeThoughts": True}


def _contents(prompt: Prompt, *, signs: bool) -> list[Json]:
    turns = alternating(prompt.turns)
    told = [(_ROLES[turn.role], list(_parts(turn.parts, signs=signs))) for turn in turns]
    contents = [{"role": role, "parts": parts} for role, parts in told if parts]
    if not contents:
        raise CallInvalid("the conversation is empty; say something for the model to answer")
    return contents


def _parts(parts: tuple[Part, ...], *, signs: bool) -> Iterator[Json]:
    """Yield a turn's parts; a signature goes where Google looks for it: on the next call, else the next words."""
    calls = sum(isinstance(part, ToolCall) for part in parts)
    waiting = ""
    first = True
    for part in parts:
        match part:
            case Reasoning():
                proof = own_signature(_ME, part.signature)
                if part.text and proof:
                    yield {"text": part.text, "thought": True, "thoughtSignature": proof}
                else:
                    waiting = proof or waiting
            case ToolCall():
                proof = waiting or (_UNSIGNED if signs and first else "")
                yield _function_call(part) | ({"thoughtSignature": proof} if proof else {})
                waiting, first, calls = "", False, calls - 1
            case ToolResult():
                yield _function_response(part)
            case Text() | Refusal() | Blob():
                yield _shown(part) | ({"thoughtSignature": waiting} if waiting and not calls else {})
                waiting = waiting if calls else ""
    if waiting:
        yield {"text": "", "thoughtSignature": waiting}


def _function_call(call: ToolCall) -> Json:
    return {"functionCall": {"id": call.id, "name": call.name, "args": needed_arguments(call)}}


def _function_response(result: ToolResult) -> Json:
    if not result.name:
        raise CallInvalid(
            f"the result {result.id} answers no call before it; send the turn that called the tool"
        )
    words = "\n".join(part.text for part in result.parts if isinstance(part, Text))
    media = [_shown(part) for part in result.parts if isinstance(part, Blob)]
    told: Json = {"id": result.id, "name": result.name, "response": _response(words, failed=result.failed)}
    return {"functionResponse": told | ({"parts": media} if media else {})}


def _response(words: str, *, failed: bool) -> Json:
    """Return the result as an object: itself where it is one, else under the keys that Google names for it."""
    if failed:
        return {"error": words}
    try:
        told = orjson.loads(words)
    except orjson.JSONDecodeError:
        told = None
    return told if isinstance(told, dict) else {"output": words}


def _shown(part: Text | Refusal | Blob) -> Json:
    if not isinstance(part, Blob):
        return {"text": part.text}
    if part.url:
        media_type = {"mimeType": part.media_type} if part.media_type else {}
        return {"fileData": {"fileUri": part.url} | media_type}
    return {"inlineData": {"mimeType": part.media_type, "data": part.data}}


def _tool(tool: Tool) -> Json:
    declaration: Json = {"name": tool.name, "description": tool.description}
    return declaration | ({"parametersJsonSchema": tool.schema} if tool.schema else {})


def _tool_config(choice: ToolChoice | None, *, strict: bool) -> Json | None:
    """Return which functions may be called; VALIDATED keeps to their schemas where the model may choose."""
    if choice is not None and choice.parallel is False:
        raise unsaid("at most one tool call at a time", _ME)
    mode = _MODES[choice.mode] if choice is not None else "AUTO"
    if strict and mode == "AUTO":
        mode = "VALIDATED"
    if choice is None and mode == "AUTO":
        return None
    names = {"allowedFunctionNames": [choice.name]} if choice is not None and choice.mode == "one" else {}
    return {"functionCallingConfig": {"mode": mode} | names}
