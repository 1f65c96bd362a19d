"""Turns and tool calls in the order that strict dialects ask for."""

from collections.abc import Iterable

import orjson

from solvent.dialects.canonical import Part, Reasoning, ToolCall, ToolResult, Turn
from solvent.domain.call import Json
from solvent.errors import CallInvalid


def alternating(turns: Iterable[Turn]) -> tuple[Turn, ...]:
    """Return the turns with neighbours of one side made one, results of tools first, and empty ones left out."""
    merged: list[Turn] = []
    for turn in turns:
        if merged and merged[-1].role == turn.role:
            merged[-1] = Turn(turn.role, merged[-1].parts + turn.parts)
        else:
            merged.append(turn)
    return tuple(Turn(turn.role, _results_first(turn.parts)) for turn in merged if turn.parts)


def _results_first(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    return tuple(sorted(parts, key=lambda part: not isinstance(part, ToolResult)))


def whole_thoughts(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Return *parts* with the pieces of a thought that came one by one made whole; a signature ends one."""
    joined: list[Part] = []
    for part in parts:
        last = joined[-1] if joined else None
        if isinstance(part, Reasoning) and isinstance(last, Reasoning) and not last.signature:
            joined[-1] = Reasoning(last.text + part.text, part.signature)
        else:
            joined.append(part)
    return tuple(joined)


def arguments(call: ToolCall) -> Json | None:
    """Return the arguments of a tool call as the object that they say; None where they are no JSON object."""
    try:
        told = orjson.loads(call.arguments or "{}")
    except orjson.JSONDecodeError:
        return None
    return told if isinstance(told, dict) else None


def needed_arguments(call: ToolCall) -> Json:
    """Return the arguments as ``arguments`` does, of a call that the caller sends back.

    Raises:
        CallInvalid: they are no JSON object.
    """
    told = arguments(call)
    if told is None:
        raise CallInvalid(f"the arguments of the call to {call.name} are not a JSON object; send them as one")
    return told
