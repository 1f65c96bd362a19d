r"""How to answer one call: said by a directive in the prompt, or handed to the provider by a test.

A directive stands in the last text of the user: ``[[sim output=50 latency_ms=20 status=429]]``. Values with
blanks are JSON strings: ``[[sim text="{\"name\": \"Ada\"}"]]``.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, Literal, cast

import orjson


class DirectiveInvalid(ValueError):
    """A directive names something unknown, or a value is not of its kind."""


@dataclass(frozen=True, slots=True)
class Behavior:
    """One call's script. Left alone, the call succeeds, with counts that follow from its prompt.

    Tokens: ``input``, ``cached``, ``cache_write`` (of the input), ``output`` (visible) and ``reasoning``, each
    choice alike; ``overrun`` disregards the caller's output limit. ``text`` is said instead of invented words,
    ``tool`` called instead; ``model`` and ``id`` are claimed instead of the true ones; ``usage="none"`` leaves
    the counts out of the reply, not out of the invoice.

    Faults: ``status`` answers an error (with ``error`` as its code and ``retry_after_s``); ``hang`` never
    answers; ``reset`` breaks the connection after the head; after so many pieces of a stream ``cut`` breaks it,
    ``end`` ends it as if all were well, ``error_after`` sends an error event. ``bomb_mb`` answers a compressed
    body of that size; ``line_mb`` puts in a line of that size; ``dribble`` sends single bytes.

    ``bill`` overrides what follows from the fault: ``none``, or ``full`` as if all had been delivered.
    """

    input: int | None = None
    cached: int = 0
    cache_write: int = 0
    output: int | None = None
    reasoning: int = 0
    overrun: bool = False
    text: str = ""
    tool: str = ""
    model: str = ""
    id: str = ""
    usage: Literal["full", "none"] = "full"
    latency_ms: int | None = None
    chunk_ms: int | None = None
    chunk_tokens: int | None = None
    status: int = 0
    error: str = ""
    retry_after_s: int | None = None
    hang: bool = False
    reset: bool = False
    cut: int | None = None
    end: int | None = None
    error_after: int | None = None
    bomb_mb: int = 0
    line_mb: int = 0
    dribble: bool = False
    bill: Literal["auto", "none", "full"] = "auto"


_DIRECTIVE: Final = re.compile(r"\[\[sim\b(.*?)\]\]", re.DOTALL)
_FIELD: Final = re.compile(r'\s*(\w+)=("(?:[^"\\]|\\.)*"|\S+)\s*')
_MAX_COUNT: Final = 10**7


def _count(text: str) -> int:
    value = int(text)
    if not 0 <= value <= _MAX_COUNT:
        raise ValueError(text)
    return value


def _flag(text: str) -> bool:
    return {"1": True, "true": True, "0": False, "false": False}[text]


def _word(*allowed: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError(text)
        return text

    return read


_READ: Final[Mapping[str, Callable[[str], object]]] = MappingProxyType(
    dict.fromkeys(
        (
            "input",
            "cached",
            "cache_write",
            "output",
            "reasoning",
            "latency_ms",
            "chunk_ms",
            "chunk_tokens",
            "status",
            "retry_after_s",
            "cut",
            "end",
            "error_after",
            "bomb_mb",
            "line_mb",
        ),
        _count,
    )
    | dict.fromkeys(("overrun", "hang", "reset", "dribble"), _flag)
    | dict.fromkeys(("text", "tool", "model", "id", "error"), str)
    | {"usage": _word("full", "none"), "bill": _word("auto", "none", "full")}
)


def directive(text: str) -> Behavior | None:
    """Return what the directive in *text* says, None where there is none.

    Raises:
        DirectiveInvalid: it names something unknown, or a value is not of its kind.
    """
    found = _DIRECTIVE.search(text) if "[[sim" in text else None
    return _parsed(found.group(1)) if found else None


def _parsed(said: str) -> Behavior:
    values: dict[str, Any] = {}
    at = 0
    while said[at:].strip():
        field = _FIELD.match(said, at)
        if field is None:
            raise DirectiveInvalid(f"[[sim …]] takes name=value, not {said[at:].strip()[:40]!r}")
        name, raw = field.group(1), field.group(2)
        try:
            values[name] = _READ[name](cast("str", orjson.loads(raw)) if raw.startswith('"') else raw)
        except (KeyError, ValueError) as error:
            raise DirectiveInvalid(f"[[sim {name}={raw[:40]}]] is unknown or not of its kind") from error
        at = field.end()
    return replace(Behavior(), **values)
