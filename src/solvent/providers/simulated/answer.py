"""Invents what the simulated model says: the same words for the same prompt, within the caller's limit."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal
from zlib import crc32

import orjson

from solvent.domain.call import Dialect, Json, Operation
from solvent.providers.simulated.ask import BYTES_PER_TOKEN, Ask
from solvent.providers.simulated.behavior import Behavior
from solvent.providers.simulated.invoice import Counts

_SHORTEST: Final = 16
_SPREAD: Final = 112
_TEXT: Final = (
    "the of and to in is that it for as with was on are by this be from or have an they which one you had not but"
    " what all were when we there can more if out so up said about than into them only other time new some could"
    " these two may first then do any like my now over such our man me even most made after also well many must"
    " before through back years where much your way down should because long each just those people how too little"
    " state good very make world still see own work men day get here between both life being under never same know"
    " last another while us might great old year off come since against go came right used take three"
)
_WORDS: Final = tuple(f" {word}" for word in _TEXT.split())
"""Each is one token, its blank included, in the vocabularies of OpenAI's models."""

_LINE: Final = tuple(_WORDS[(number * number + number // 7) % len(_WORDS)] for number in range(4096))

_ID_PREFIX: Final = MappingProxyType(
    {
        Dialect.OPENAI_CHAT: "chatcmpl-",
        Dialect.OPENAI_RESPONSES: "resp_",
        Dialect.OPENAI_EMBEDDINGS: "embd-",
        Dialect.ANTHROPIC_MESSAGES: "msg_",
        Dialect.GOOGLE_GENERATE: "",
        Dialect.GOOGLE_EMBED: "",
    }
)

Finish = Literal["stop", "length", "tool"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What will be said. ``tokens`` is the visible text of each choice, token by token; ``counts`` cover all."""

    number: int
    id: str
    model: str
    tokens: tuple[str, ...]
    counts: Counts
    finish: Finish
    tool: str
    usage: bool
    created_s: int

    @property
    def text(self) -> str:
        """The visible text of each choice."""
        return "".join(self.tokens)

    @property
    def arguments(self) -> Json:
        """The text as a tool's arguments; empty where the limit broke it off."""
        try:
            found = orjson.loads(self.text)
        except orjson.JSONDecodeError:
            return {}
        return found if isinstance(found, dict) else {}

    def pieces(self, size_tokens: int) -> list[str]:
        """Return the text in pieces of *size_tokens*."""
        return ["".join(self.tokens[at : at + size_tokens]) for at in range(0, len(self.tokens), size_tokens)]


def invent(ask: Ask, behavior: Behavior, number: int, created_s: int) -> Answer:
    """Return the answer of call *number* to *ask*, as *behavior* wants it."""
    if ask.place.operation is Operation.GENERATE:
        tokens, reasoning, finish = _said(ask, behavior)
    else:
        tokens, reasoning, finish = (), 0, "stop"
    total = ask.input_tokens if behavior.input is None else behavior.input
    cached = min(behavior.cached, total)
    written = min(behavior.cache_write, total - cached)
    return Answer(
        number=number,
        id=behavior.id or f"{_ID_PREFIX[ask.place.dialect]}sim{number}",
        model=behavior.model or ask.model,
        tokens=tokens,
        counts=Counts(
            input=total - cached - written,
            cached_input=cached,
            cache_write=written,
            output=len(tokens) * ask.choices,
            reasoning=reasoning * ask.choices,
        ),
        finish=finish,
        tool=behavior.tool,
        usage=behavior.usage == "full",
        created_s=created_s,
    )


def _said(ask: Ask, behavior: Behavior) -> tuple[tuple[str, ...], int, Finish]:
    """Return the visible tokens, the count of hidden ones, and why the model stopped; both obey the limit."""
    seed = crc32(ask.text.encode("utf-8", "replace"))
    wanted = _wanted(behavior, seed)
    limit = ask.output_limit
    if limit is None or behavior.overrun:
        limit = behavior.reasoning + len(wanted)
    reasoning = min(behavior.reasoning, limit)
    said = wanted[: limit - reasoning]
    whole = len(said) == len(wanted) and reasoning == behavior.reasoning
    if behavior.tool and not behavior.text:
        said = _as_arguments(said)
    return said, reasoning, ("tool" if behavior.tool else "stop") if whole else "length"


def _wanted(behavior: Behavior, seed: int) -> tuple[str, ...]:
    if behavior.text:
        text = behavior.text
        return tuple(text[at : at + BYTES_PER_TOKEN] for at in range(0, len(text), BYTES_PER_TOKEN))
    count = _SHORTEST + seed % _SPREAD if behavior.output is None else behavior.output
    start = seed % len(_LINE)
    turns = (start + count) // len(_LINE) + 1
    return (_LINE * turns)[start : start + count]


def _as_arguments(tokens: tuple[str, ...]) -> tuple[str, ...]:
    """Return *tokens* wrapped into a JSON object, which costs nothing; no token is no argument."""
    if not tokens:
        return ()
    opened = ('{"value":"' + tokens[0], *tokens[1:])
    return (*opened[:-1], opened[-1] + '"}')
