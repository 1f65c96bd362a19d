"""Google's generateContent, countTokens and embedContent, as the simulated provider speaks them."""

from types import MappingProxyType
from typing import Final

import orjson

from solvent.domain.call import Json
from solvent.providers.simulated.answer import Answer
from solvent.providers.simulated.ask import Ask
from solvent.providers.simulated.script import Script, sizes

_FINISH: Final = MappingProxyType({"stop": "STOP", "length": "MAX_TOKENS", "tool": "STOP"})
_STATUSES: Final = MappingProxyType(
    {
        400: "INVALID_ARGUMENT",
        401: "UNAUTHENTICATED",
        403: "PERMISSION_DENIED",
        404: "NOT_FOUND",
        429: "RESOURCE_EXHAUSTED",
        503: "UNAVAILABLE",
        504: "DEADLINE_EXCEEDED",
    }
)


def whole(ask: Ask, answer: Answer) -> Json:
    """Return the reply as one object."""
    candidates = [_candidate(index, _parts(answer, answer.text), answer) for index in range(ask.choices)]
    return _base(answer, candidates, len(answer.tokens) * ask.choices)


def script(ask: Ask, answer: Answer, size_tokens: int, *, array: bool = False) -> Script:
    """Return the reply as a stream whose every piece carries the counts so far; a tool call comes in one piece.

    *array* gives the JSON array that Google sends where the caller did not ask for ``alt=sse``.
    """
    texts = [answer.text] if answer.tool else answer.pieces(size_tokens)
    tokens = [len(answer.tokens)] if answer.tool else sizes(len(answer.tokens), size_tokens)
    pieces: list[tuple[bytes, int]] = []
    said = 0
    for text, count in zip(texts, tokens, strict=True):
        for index in range(ask.choices):
            said += count
            document = _base(answer, [_candidate(index, _parts(answer, text), None)], said)
            pieces.append((_framed(document, array=array, first=not pieces), count))
    ends = [_candidate(index, [{"text": ""}], answer) for index in range(ask.choices)]
    tail = _framed(_base(answer, ends, said), array=array, first=not pieces) + (b"]" if array else b"")
    broken = _framed(error(503, "", "The model is overloaded."), array=array, first=False)
    kind = "application/json" if array else "text/event-stream"
    return Script(b"", tuple(pieces), tail, broken, kind)


def counted(answer: Answer) -> Json:
    """Return the reply of countTokens."""
    total = answer.counts.input + answer.counts.cached_input + answer.counts.cache_write
    return {"totalTokens": total, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": total}]}


def embeddings(ask: Ask, answer: Answer) -> Json:
    """Return vectors that differ by position."""
    vectors = [
        {"values": [((index + 1) * (at + 3) % 17 - 8) / 16 for at in range(ask.dimensions)]}
        for index in range(ask.texts)
    ]
    reply: Json = (
        {"embeddings": vectors} if ask.place.verb == "batchEmbedContents" else {"embedding": vectors[0]}
    )
    count = answer.counts.input + answer.counts.cached_input + answer.counts.cache_write
    return reply | ({"usageMetadata": {"promptTokenCount": count}} if answer.usage else {})


def error(status: int, code: str, message: str) -> Json:
    """Return an error reply in the words that Google uses for *status*, or with *code*."""
    usual = _STATUSES.get(status, "INTERNAL" if status >= 500 else "FAILED_PRECONDITION")  # noqa: PLR2004 - server errors
    return {"error": {"code": status, "message": message, "status": code or usual}}


def _framed(document: Json, *, array: bool, first: bool) -> bytes:
    if array:
        return (b"[" if first else b",\r\n") + orjson.dumps(document)
    return b"data: " + orjson.dumps(document) + b"\r\n\r\n"


def _base(answer: Answer, candidates: list[Json], said_tokens: int) -> Json:
    base: Json = {
        "candidates": candidates,
        "modelVersion": answer.model,
        "responseId": answer.id,
    }
    return base | {"usageMetadata": _usage(answer, said_tokens)} if answer.usage else base


def _candidate(index: int, parts: list[Json], ends: Answer | None) -> Json:
    candidate: Json = {"content": {"role": "model", "parts": parts}, "index": index}
    return candidate | ({"finishReason": _FINISH[ends.finish]} if ends else {})


def _parts(answer: Answer, text: str) -> list[Json]:
    if answer.tool:
        return [{"functionCall": {"name": answer.tool, "args": answer.arguments}}]
    return [{"text": text}]


def _usage(answer: Answer, said_tokens: int) -> Json:
    counts = answer.counts
    prompt = counts.input + counts.cached_input + counts.cache_write
    usage: Json = {
        "promptTokenCount": prompt,
        "candidatesTokenCount": said_tokens,
        "totalTokenCount": prompt + said_tokens + counts.reasoning,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": prompt}],
    }
    if counts.cached_input:
        usage["cachedContentTokenCount"] = counts.cached_input
    if counts.reasoning:
        usage["thoughtsTokenCount"] = counts.reasoning
    return usage
