"""What a provider's failure means: status before text, and never a word of the prompt in a message.

Providers do not bill a request that they answer with an error (OpenAI, Anthropic and Google charge for tokens of
answered requests), so a complete error reply is ``billed = no``. Where the model may have run all the same it is
``unknown``: a gateway's time-out (408, 504, 524), a tool call that was written and then thrown away, and any
error inside a stream.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

import orjson

from solvent.domain.call import Dialect, Json
from solvent.errors import (
    Billed,
    Failure,
    UpstreamDenied,
    UpstreamError,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from solvent.providers.retry_after import retry_after_s

MAX_BODY_BYTES: Final = 65_536
"""An error reply larger than this is not handed on."""

_CODE: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_BY_STATUS: Final[Mapping[int, tuple[str, type[UpstreamError]]]] = MappingProxyType(
    {
        401: ("credential", UpstreamDenied),
        402: ("quota", UpstreamDenied),
        408: ("timeout", UpstreamTimeout),
        409: ("conflict", UpstreamRejected),
        413: ("too_large", UpstreamRejected),
        498: ("overloaded", UpstreamUnavailable),
        503: ("overloaded", UpstreamUnavailable),
        504: ("timeout", UpstreamTimeout),
        524: ("timeout", UpstreamTimeout),
        529: ("overloaded", UpstreamUnavailable),
    }
)
"""What a status alone decides; 498 is Groq's for a full tier, 524 a gateway's, 529 Anthropic's."""

_WORDS: Final = MappingProxyType(
    {
        "insufficient_quota": "quota",
        "billing_hard_limit_reached": "quota",
        "quota_exceeded": "quota",
        "billing_error": "quota",
        "api_key_invalid": "credential",
        "invalid_api_key": "credential",
        "context_length_exceeded": "context_too_long",
        "request_too_large": "too_large",
        "content_filter": "content_refused",
        "content_policy_violation": "content_refused",
        "responsibleaipolicyviolation": "content_refused",
        "moderation_blocked": "content_refused",
        "model_not_found": "model_unknown",
        "model_not_active": "model_unknown",
        "model_decommissioned": "model_unknown",
        "deploymentnotfound": "model_unknown",
        "not_found_error": "model_unknown",
        "tool_use_failed": "tool_failed",
    }
)
_TOO_LONG: Final = re.compile(
    r"maximum context length|context (?:length|window)|prompt is too long|input token count"
    r"|too many tokens|exceeds? the (?:maximum|model'?s?) (?:number of|max\w*) (?:input )?tokens",
    re.IGNORECASE,
)
_BROKE: Final = re.compile(r"credit balance is too low", re.IGNORECASE)
"""How Anthropic says it, with status 400 and no word of its own."""

_MODEL: Final = re.compile(
    r"^model: |models?[/ ]\S+ (?:is not found|does not exist)|invalid model", re.IGNORECASE
)
_STATUS_OF: Final = MappingProxyType(
    {
        "authentication_error": 401,
        "invalid_api_key": 401,
        "billing_error": 402,
        "permission_error": 403,
        "not_found_error": 404,
        "request_too_large": 413,
        "invalid_request_error": 400,
        "invalid_prompt": 400,
        "rate_limit_error": 429,
        "rate_limit_exceeded": 429,
        "insufficient_quota": 429,
        "resource_exhausted": 429,
        "timeout_error": 504,
        "overloaded_error": 529,
        "unavailable": 503,
    }
)


def failure(
    provider: str, dialect: Dialect, status: int, headers: Mapping[str, str], body: bytes
) -> UpstreamError:
    """Return the error that a complete reply of *status* is; a total function, whatever the body holds.

    The provider's body is kept for a caller of the same *dialect*, but never where solvent's own account was
    refused, for it may show a part of the key.
    """
    document = _parsed(body)
    words = _words(document)
    kind, made = _judged(status, words, document)
    billed: Billed = "unknown" if kind in ("timeout", "tool_failed") else "no"
    facts = Failure(
        provider=provider,
        status=status,
        billed=billed,
        kind=kind,
        retry_after_s=retry_after_s(headers, document) if made.retryable else None,
        body=_kept(body, made),
        content_type=headers.get("content-type", "application/json"),
    )
    return made(_message(facts, dialect, words), facts)


def stream_failure(provider: str, document: Json) -> UpstreamError:
    """Return the error that a stream's own error *document* is; its status is told by the document's words.

    ``billed`` is ``unknown``, for the stream had begun.
    """
    words = _words(document)
    status = _status_in(document, words)
    kind, made = _judged(status, words, document)
    facts = Failure(
        provider=provider,
        status=status,
        billed="unknown",
        kind=kind,
        retry_after_s=retry_after_s({}, document) if made.retryable else None,
        body=_kept(orjson.dumps(document), made),
    )
    return made(_message(facts, "stream", words), facts)


def _kept(body: bytes, made: type[UpstreamError]) -> bytes:
    return b"" if made is UpstreamDenied or len(body) > MAX_BODY_BYTES else body


def _judged(status: int, words: tuple[str, ...], document: Json) -> tuple[str, type[UpstreamError]]:
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    said = next((_WORDS[word] for word in words if word in _WORDS), "")
    if _BROKE.search(_text(document)):
        said = "quota"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "quota" if said == "quota" or _daily(document) else "rate", UpstreamRateLimited
    if status == HTTPStatus.FORBIDDEN and not _moderated(document):
        return "permission", UpstreamDenied
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "server_error", UpstreamUnavailable
    if said in ("credential", "quota") or status < HTTPStatus.BAD_REQUEST:
        return said or "redirected", UpstreamDenied
    return said or _rejected(status, document), UpstreamRejected


def _rejected(status: int, document: Json) -> str:
    text = _text(document)
    if _MODEL.search(text):
        return "model_unknown"
    if status == HTTPStatus.FORBIDDEN:
        return "content_refused"
    if status == HTTPStatus.NOT_FOUND:
        return "not_found"
    return "context_too_long" if _TOO_LONG.search(text) else "invalid"


def _parsed(body: bytes) -> Json:
    if len(body) > MAX_BODY_BYTES:
        return {}
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    if isinstance(document, list) and document:
        document = document[0]
    return document if isinstance(document, dict) else {}


def _error_in(document: Json) -> Json:
    """Return the part that speaks of the error, in the shapes that are known (the last is Mistral's and xAI's)."""
    inner = document.get("response")
    held = inner.get("error") if isinstance(inner, dict) else document.get("error")
    return held if isinstance(held, dict) else document


def _words(document: Json) -> tuple[str, ...]:
    """Return the machine's words for the error, lower case: codes, types, Google's status and reasons."""
    error = _error_in(document)
    details = error.get("details")
    reasons = (
        [part.get("reason") for part in details if isinstance(part, dict)]
        if isinstance(details, list)
        else []
    )
    inner = error.get("innererror")
    found = [
        error.get("code"),
        inner.get("code") if isinstance(inner, dict) else None,
        *reasons,
        error.get("type"),
        error.get("status"),
    ]
    return tuple(word.lower() for word in found if isinstance(word, str) and _CODE.fullmatch(word))


def _details(error: Json) -> list[Json]:
    details = error.get("details")
    return [part for part in details if isinstance(part, dict)] if isinstance(details, list) else []


def _text(document: Json) -> str:
    error = _error_in(document)
    found = error.get("message", document.get("error"))
    return found[:2_000] if isinstance(found, str) else ""


def _status_in(document: Json, words: tuple[str, ...]) -> int:
    code = _error_in(document).get("code")
    if type(code) is int and code in range(400, 600):
        return code
    return next((_STATUS_OF[word] for word in words if word in _STATUS_OF), 500)


def _moderated(document: Json) -> bool:
    metadata = _error_in(document).get("metadata")
    return isinstance(metadata, dict) and "reasons" in metadata


def _daily(document: Json) -> bool:
    """Say whether Google names a quota that time within the day will not refill."""
    return any(
        "PerDay" in str(violation.get("quotaId", ""))
        for part in _details(_error_in(document))
        if isinstance(part.get("violations"), list)
        for violation in part["violations"]
        if isinstance(violation, dict)
    )


def _message(facts: Failure, where: str, words: tuple[str, ...]) -> str:
    """Say what happened, with the provider's own word for it, unless that may be the key that it refused."""
    said = f" ({words[0]})" if words and facts.kind != "credential" else ""
    meant = _ADVICE.get(facts.kind, "")
    return f"{facts.provider} answered a call ({where}) with {facts.status}: {facts.kind}{said}{meant}"


_ADVICE: Final = MappingProxyType(
    {
        "credential": "; check the key that solvent uses for this provider",
        "permission": "; the provider's account may not do this",
        "quota": "; the provider's account has run out, see its billing page",
        "redirected": "; solvent follows no redirect, correct the provider's base_url",
        "context_too_long": "; shorten the prompt or choose a model with a larger window",
        "model_unknown": "; check the model's name",
        "not_found": "; check the provider's base_url and the model's name",
    }
)
