"""Reads a call of any dialect just far enough to answer it: who asks for what, how much text, what limit."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from solvent.domain.call import Dialect, Json, Operation

BYTES_PER_TOKEN: Final = 4
"""The simulated tokenizer: a token for every four bytes of text, rounded up over the whole call."""

_MOST: Final = 10**9
_MOST_CHOICES: Final = 128
_MOST_DIMENSIONS: Final = 4096
_UNREAD: Final = frozenset(
    (
        "role",
        "type",
        "id",
        "call_id",
        "tool_call_id",
        "tool_use_id",
        "data",
        "url",
        "image_url",
        "file_data",
        "fileUri",
        "signature",
        "thoughtSignature",
        "encrypted_content",
        "cache_control",
    )
)
"""Fields that are not text: names of parts, and media, which the simulated provider reads for nothing."""

_GOOGLE: Final = re.compile(r"/v1(?:beta)?/models/([^/:]+(?:/[^/:]+)*):(\w+)")
_PLACES: Final = MappingProxyType(
    {
        "/v1/chat/completions": (Dialect.OPENAI_CHAT, Operation.GENERATE),
        "/v1/responses": (Dialect.OPENAI_RESPONSES, Operation.GENERATE),
        "/v1/embeddings": (Dialect.OPENAI_EMBEDDINGS, Operation.EMBED),
        "/v1/messages": (Dialect.ANTHROPIC_MESSAGES, Operation.GENERATE),
        "/v1/messages/count_tokens": (Dialect.ANTHROPIC_MESSAGES, Operation.COUNT),
    }
)
_VERBS: Final = MappingProxyType(
    {
        "generateContent": (Dialect.GOOGLE_GENERATE, Operation.GENERATE),
        "streamGenerateContent": (Dialect.GOOGLE_GENERATE, Operation.GENERATE),
        "countTokens": (Dialect.GOOGLE_GENERATE, Operation.COUNT),
        "embedContent": (Dialect.GOOGLE_EMBED, Operation.EMBED),
        "batchEmbedContents": (Dialect.GOOGLE_EMBED, Operation.EMBED),
    }
)


class AskInvalid(ValueError):
    """The call is not of its dialect."""


@dataclass(frozen=True, slots=True)
class Place:
    """What an address asks for. ``verb`` is Google's, which also tells a stream and a batch."""

    dialect: Dialect
    operation: Operation
    model: str = ""
    verb: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """One call. ``input_tokens`` are counted by ``BYTES_PER_TOKEN``; ``text`` is the user's last.

    ``stream_usage`` says whether usage belongs into the stream, ``texts`` how many are to be embedded.
    """

    place: Place
    model: str
    stream: bool
    input_tokens: int
    text: str
    output_limit: int | None = None
    choices: int = 1
    stream_usage: bool = True
    texts: int = 1
    dimensions: int = 8
    base64: bool = False


def place(path: str) -> Place | None:
    """Return what *path* asks for; None where nothing lives there."""
    known = _PLACES.get(path)
    if known is not None:
        return Place(*known)
    found = _GOOGLE.fullmatch(path)
    if found is None or found.group(2) not in _VERBS:
        return None
    return Place(*_VERBS[found.group(2)], model=found.group(1), verb=found.group(2))


def read(where: Place, document: Any) -> Ask:
    """Return the call that *document* is at *where*.

    Raises:
        AskInvalid: a field that must be there is missing or of another kind.
    """
    if not isinstance(document, dict):
        raise AskInvalid("the body must be a JSON object")
    model = where.model or document.get("model")
    if not isinstance(model, str) or not model:
        raise AskInvalid("model: a name is required")
    return _READERS[where.dialect](where, model, document)


def _chat(where: Place, model: str, document: Json) -> Ask:
    messages = _listed(document, "messages")
    options = document.get("stream_options")
    return Ask(
        place=where,
        model=model,
        stream=document.get("stream") is True,
        input_tokens=_tokens(messages, document.get("tools")),
        text=_last_text(messages, "content"),
        output_limit=_limit(document, "max_completion_tokens", "max_tokens"),
        choices=_limit(document, "n", most=_MOST_CHOICES) or 1,
        stream_usage=isinstance(options, dict) and options.get("include_usage") is True,
    )


def _responses(where: Place, model: str, document: Json) -> Ask:
    given = document.get("input")
    if not isinstance(given, str | list):
        raise AskInvalid("input: a text or a list is required")
    return Ask(
        place=where,
        model=model,
        stream=document.get("stream") is True,
        input_tokens=_tokens(given, document.get("instructions"), document.get("tools")),
        text=given if isinstance(given, str) else _last_text(given, "content"),
        output_limit=_limit(document, "max_output_tokens"),
    )


def _messages(where: Place, model: str, document: Json) -> Ask:
    messages = _listed(document, "messages")
    limit = _limit(document, "max_tokens")
    if limit is None and where.operation is Operation.GENERATE:
        raise AskInvalid("max_tokens: Field required")
    return Ask(
        place=where,
        model=model,
        stream=document.get("stream") is True,
        input_tokens=_tokens(messages, document.get("system"), document.get("tools")),
        text=_last_text(messages, "content"),
        output_limit=limit,
    )


def _google(where: Place, model: str, document: Json) -> Ask:
    inner = document.get("generateContentRequest")
    source = inner if isinstance(inner, dict) else document
    contents = _listed(source, "contents")
    config = source.get("generationConfig") or {}
    if not isinstance(config, dict):
        raise AskInvalid("generationConfig: must be an object")
    return Ask(
        place=where,
        model=model,
        stream=where.verb == "streamGenerateContent",
        input_tokens=_tokens(contents, source.get("systemInstruction"), source.get("tools")),
        text=_last_text(contents, "parts"),
        output_limit=_limit(config, "maxOutputTokens"),
        choices=_limit(config, "candidateCount", most=_MOST_CHOICES) or 1,
    )


def _embeddings(where: Place, model: str, document: Json) -> Ask:
    given = document.get("input")
    if not isinstance(given, str | list) or not given:
        raise AskInvalid("input: a text or a list is required")
    several = isinstance(given, list) and not isinstance(given[0], int)
    return Ask(
        place=where,
        model=model,
        stream=False,
        input_tokens=_tokens(given),
        text=given if isinstance(given, str) else next((text for text in given if isinstance(text, str)), ""),
        texts=len(given) if several else 1,
        dimensions=_limit(document, "dimensions", most=_MOST_DIMENSIONS) or 8,
        base64=document.get("encoding_format") == "base64",
    )


def _google_embed(where: Place, model: str, document: Json) -> Ask:
    requests = _listed(document, "requests") if where.verb == "batchEmbedContents" else [document]
    contents = [part.get("content") for part in requests if isinstance(part, dict)]
    if not all(isinstance(content, dict) for content in contents) or len(contents) != len(requests):
        raise AskInvalid("content: an object is required")
    return Ask(
        place=where,
        model=model,
        stream=False,
        input_tokens=_tokens(contents),
        text=_last_text(contents, "parts"),
        texts=len(contents),
        dimensions=_limit(requests[0], "outputDimensionality", most=_MOST_DIMENSIONS) or 8,
    )


_READERS: Final[Mapping[Dialect, Callable[[Place, str, Json], Ask]]] = MappingProxyType(
    {
        Dialect.OPENAI_CHAT: _chat,
        Dialect.OPENAI_RESPONSES: _responses,
        Dialect.OPENAI_EMBEDDINGS: _embeddings,
        Dialect.ANTHROPIC_MESSAGES: _messages,
        Dialect.GOOGLE_GENERATE: _google,
        Dialect.GOOGLE_EMBED: _google_embed,
    }
)


def _listed(document: Json, name: str) -> list[Any]:
    found = document.get(name)
    if not isinstance(found, list) or not found:
        raise AskInvalid(f"{name}: a list with at least one element is required")
    return found


def _limit(document: Json, *names: str, most: int = _MOST) -> int | None:
    for name in names:
        value = document.get(name)
        if value is None:
            continue
        if type(value) is not int or not 1 <= value <= most:
            raise AskInvalid(f"{name}: must be a whole number from 1 to {most}")
        return value
    return None


def _tokens(*parts: Any) -> int:
    return -(-sum(_size_bytes(part) for part in parts) // BYTES_PER_TOKEN)


def _size_bytes(value: Any) -> int:
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode("utf-8", "replace"))
    if isinstance(value, list):
        return sum(map(_size_bytes, value))
    if isinstance(value, dict):
        return sum(_size_bytes(inner) for name, inner in value.items() if name not in _UNREAD)
    return BYTES_PER_TOKEN if type(value) is int else 0


def _last_text(turns: list[Any], field: str) -> str:
    for turn in reversed(turns):
        if isinstance(turn, dict) and turn.get("role", "user") == "user":
            return "\n".join(_texts(turn.get(field)))
    return ""


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            if isinstance(part, dict) and isinstance(part.get("text"), str):
                yield part["text"]
