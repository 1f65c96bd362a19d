"""One table: which HTTP status each error has, and the error body in each surface's own shape.

``x-should-retry`` says outright what the official SDKs otherwise guess from the status: a spent budget is final.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import orjson

from solvent.domain.call import Json
from solvent.errors import (
    AttemptsExhausted,
    BudgetBusy,
    BudgetExceeded,
    CallInvalid,
    CircuitOpen,
    ConfigurationError,
    CredentialInvalid,
    EntryMismatch,
    LimitOutOfRange,
    ModelNotAllowed,
    ModelUnpriced,
    PricingError,
    RateLimited,
    ReservationUnknown,
    SolventError,
    StorageError,
    StorageUnavailable,
    UpstreamDenied,
    UpstreamError,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnavailable,
)

Shape: TypeAlias = Literal["openai", "anthropic", "google", "solvent"]

STATUS: Final[Mapping[type[SolventError], int]] = {
    BudgetBusy: 429,
    BudgetExceeded: 402,
    RateLimited: 429,
    CredentialInvalid: 401,
    ModelNotAllowed: 404,
    CallInvalid: 400,
    UpstreamTimeout: 504,
    UpstreamUnavailable: 502,
    UpstreamRateLimited: 429,
    UpstreamRejected: 400,
    UpstreamDenied: 502,
    CircuitOpen: 503,
    AttemptsExhausted: 502,
    UpstreamError: 502,
    ModelUnpriced: 422,
    PricingError: 422,
    EntryMismatch: 409,
    ReservationUnknown: 404,
    LimitOutOfRange: 422,
    StorageUnavailable: 503,
    StorageError: 500,
    ConfigurationError: 500,
    SolventError: 500,
}
"""An error has the status of the nearest class above it that is named here."""

_GOOGLE_STATUS: Final[Mapping[int, str]] = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    402: "FAILED_PRECONDITION",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    413: "INVALID_ARGUMENT",
    422: "FAILED_PRECONDITION",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_ANTHROPIC_TYPE: Final[Mapping[int, str]] = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "invalid_request_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}
_BUSY_RETRY_S: Final = 1


@dataclass(frozen=True, slots=True)
class ErrorReply:
    """What goes back to the client."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    content_type: str = "application/json"


def status_of(error: SolventError) -> int:
    """Return the HTTP status of *error*."""
    for kind in type(error).__mro__:
        if kind in STATUS:
            return STATUS[kind]
    raise AssertionError("every error of solvent has a status")


def error_reply(error: SolventError, shape: Shape, call_id: str = "") -> ErrorReply:
    """Return *error* in the shape of a surface.

    A provider's own error reply is handed on as it came, to a caller who speaks its dialect.
    """
    status = status_of(error)
    headers = [("x-should-retry", "true" if error.retryable else "false"), ("x-solvent-error", error.code)]
    if call_id:
        headers.append(("x-solvent-call-id", call_id))
    if (after_s := _retry_after_s(error)) is not None:
        headers.append(("retry-after", str(after_s)))
    if isinstance(error, UpstreamError) and error.failure.body and error.failure.status:
        failure = error.failure
        return ErrorReply(failure.status or status, tuple(headers), failure.body, failure.content_type)
    return ErrorReply(status, tuple(headers), orjson.dumps(error_body(error, shape, call_id)))


def error_body(error: SolventError, shape: Shape, call_id: str = "") -> Json:
    """Return the error document of a surface."""
    return _SHAPES[shape](error, status_of(error), call_id)


def error_event(error: SolventError, shape: Shape, call_id: str = "") -> bytes:
    """Return the event that tells a stream's reader of *error*, as its SDK understands it."""
    data = orjson.dumps(error_body(error, shape, call_id))
    name = b"event: error\n" if shape == "anthropic" else b""
    return b"\n\n" + name + b"data: " + data + b"\n\n"


def _retry_after_s(error: SolventError) -> int | None:
    if isinstance(error, BudgetBusy):
        return _BUSY_RETRY_S
    if isinstance(error, RateLimited):
        return math.ceil(error.retry_after_s)
    if isinstance(error, UpstreamError) and error.failure.retry_after_s is not None:
        return math.ceil(error.failure.retry_after_s)
    return None


def _openai(error: SolventError, status: int, call_id: str) -> Json:
    kind = "invalid_request_error" if status in (400, 404, 422) else error.code
    told: Json = {"message": error.message, "type": kind, "param": None, "code": error.code}
    return {"error": told | _extra(error, call_id)}


def _anthropic(error: SolventError, status: int, call_id: str) -> Json:
    told: Json = {"type": _ANTHROPIC_TYPE.get(status, "api_error"), "message": error.message}
    return {
        "type": "error",
        "error": told | {"code": error.code} | _extra(error, call_id),
        "request_id": call_id or None,
    }


def _google(error: SolventError, status: int, call_id: str) -> Json:
    reason = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": error.code.upper(),
        "domain": "solvent",
        "metadata": {key: str(value) for key, value in (error.details | {"call_id": call_id}).items()},
    }
    word = _GOOGLE_STATUS.get(status, "INTERNAL")
    return {"error": {"code": status, "message": error.message, "status": word, "details": [reason]}}


def _solvent(error: SolventError, status: int, call_id: str) -> Json:
    told: Json = {
        "code": error.code,
        "message": error.message,
        "status": status,
        "retryable": error.retryable,
    }
    return {"error": told | _extra(error, call_id)}


def _extra(error: SolventError, call_id: str) -> Json:
    found: Json = {"details": error.details} if error.details else {}
    return found | ({"call_id": call_id} if call_id else {})


_SHAPES: Final[Mapping[Shape, Callable[[SolventError, int, str], Json]]] = {
    "openai": _openai,
    "anthropic": _anthropic,
    "google": _google,
    "solvent": _solvent,
}
