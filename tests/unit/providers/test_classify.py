import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvent.domain.call import Dialect
from solvent.errors import (
    UpstreamDenied,
    UpstreamError,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from solvent.providers.classify import MAX_BODY_BYTES, failure, stream_failure


def judged(status, document, headers=None):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return failure("acme", Dialect.OPENAI_CHAT, status, headers or {}, body)


def error(**fields):
    return {"error": fields}


@pytest.mark.parametrize(
    ("status", "document", "kind", "made", "billed"),
    [
        (400, error(code="context_length_exceeded"), "context_too_long", UpstreamRejected, "no"),
        (
            400,
            error(message="This model's maximum context length is 8192 tokens"),
            "context_too_long",
            UpstreamRejected,
            "no",
        ),
        (
            400,
            error(type="invalid_request_error", message="prompt is too long: 2 > 1"),
            "context_too_long",
            UpstreamRejected,
            "no",
        ),
        (
            400,
            error(status="INVALID_ARGUMENT", message="The input token count (9) exceeds"),
            "context_too_long",
            UpstreamRejected,
            "no",
        ),
        (400, error(code="content_filter"), "content_refused", UpstreamRejected, "no"),
        (
            400,
            error(code="x", innererror={"code": "ResponsibleAIPolicyViolation"}),
            "content_refused",
            UpstreamRejected,
            "no",
        ),
        (400, error(details=[{"reason": "API_KEY_INVALID"}]), "credential", UpstreamDenied, "no"),
        (
            400,
            error(type="invalid_request_error", message="Your credit balance is too low to access the API."),
            "quota",
            UpstreamDenied,
            "no",
        ),
        (400, error(code="tool_use_failed"), "tool_failed", UpstreamRejected, "unknown"),
        (400, error(message="Invalid model: x"), "model_unknown", UpstreamRejected, "no"),
        (400, {}, "invalid", UpstreamRejected, "no"),
        (401, error(message="Incorrect API key provided: sk-1234"), "credential", UpstreamDenied, "no"),
        (402, error(message="Insufficient Balance"), "quota", UpstreamDenied, "no"),
        (403, {}, "permission", UpstreamDenied, "no"),
        (403, error(code=403, metadata={"reasons": ["x"]}), "content_refused", UpstreamRejected, "no"),
        (404, error(code="model_not_found"), "model_unknown", UpstreamRejected, "no"),
        (
            404,
            error(status="NOT_FOUND", message="models/x is not found for API version"),
            "model_unknown",
            UpstreamRejected,
            "no",
        ),
        (404, b"<html>nginx</html>", "not_found", UpstreamRejected, "no"),
        (408, {}, "timeout", UpstreamTimeout, "unknown"),
        (409, {}, "conflict", UpstreamRejected, "no"),
        (413, {}, "too_large", UpstreamRejected, "no"),
        (
            422,
            {"object": "error", "message": {"detail": [{"type": "extra_forbidden"}]}},
            "invalid",
            UpstreamRejected,
            "no",
        ),
        (429, error(code="rate_limit_exceeded"), "rate", UpstreamRateLimited, "no"),
        (429, error(code="insufficient_quota"), "quota", UpstreamRateLimited, "no"),
        (
            429,
            error(details=[{"violations": [{"quotaId": "GenerateRequestsPerDayPerProject"}]}]),
            "quota",
            UpstreamRateLimited,
            "no",
        ),
        (500, {}, "server_error", UpstreamUnavailable, "no"),
        (502, b"", "server_error", UpstreamUnavailable, "no"),
        (503, {}, "overloaded", UpstreamUnavailable, "no"),
        (504, {}, "timeout", UpstreamTimeout, "unknown"),
        (524, b"cloudflare", "timeout", UpstreamTimeout, "unknown"),
        (
            529,
            {"type": "error", "error": {"type": "overloaded_error"}},
            "overloaded",
            UpstreamUnavailable,
            "no",
        ),
        (302, b"", "redirected", UpstreamDenied, "no"),
    ],
)
def test_a_reply_is_judged_by_its_status_before_its_text(status, document, kind, made, billed):
    found = judged(status, document)
    assert type(found) is made
    assert (found.failure.status, found.failure.kind, found.failure.billed) == (status, kind, billed)


def test_an_error_that_quotes_the_prompt_keeps_it_out_of_the_message():
    found = judged(400, error(code="invalid_prompt", message="your prompt 'secret plan' was flagged"))
    assert "secret" not in str(found)
    assert "secret" not in repr(found.failure)
    assert b"secret" in found.failure.body


def test_a_code_that_is_prose_is_not_repeated():
    assert "secret" not in str(judged(400, error(code="the secret plan is bad", type="x" * 65)))


def test_a_reply_that_speaks_of_solvents_own_key_is_never_handed_on():
    for status in (401, 402, 403, 302):
        assert judged(status, error(message="Incorrect API key provided: sk-1234")).failure.body == b""


def test_a_huge_error_reply_is_not_kept():
    assert judged(500, b"x" * (MAX_BODY_BYTES + 1)).failure.body == b""


def test_googles_error_in_a_list_is_read():
    assert judged(400, [error(details=[{"reason": "API_KEY_INVALID"}])]).failure.kind == "credential"


@pytest.mark.parametrize(
    ("document", "status", "made"),
    [
        (
            {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
            529,
            UpstreamUnavailable,
        ),
        ({"type": "error", "error": {"type": "rate_limit_error"}}, 429, UpstreamRateLimited),
        ({"error": {"message": "boom", "type": "server_error"}}, 500, UpstreamUnavailable),
        ({"error": {"code": 429, "message": "Provider returned error"}}, 429, UpstreamRateLimited),
        ({"error": {"code": 503, "status": "UNAVAILABLE"}}, 503, UpstreamUnavailable),
        ({"type": "error", "code": "rate_limit_exceeded", "message": "x"}, 429, UpstreamRateLimited),
        (
            {"type": "response.failed", "response": {"error": {"code": "server_error"}}},
            500,
            UpstreamUnavailable,
        ),
        ({"error": {"type": "invalid_request_error", "code": "tool_use_failed"}}, 400, UpstreamRejected),
        ({}, 500, UpstreamUnavailable),
    ],
)
def test_an_error_inside_a_stream_is_judged_by_its_words_and_may_be_billed(document, status, made):
    found = stream_failure("acme", document)
    assert type(found) is made
    assert (found.failure.status, found.failure.billed) == (status, "unknown")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "error",
                    "code",
                    "type",
                    "message",
                    "details",
                    "reason",
                    "status",
                    "metadata",
                    "violations",
                    "response",
                    "innererror",
                    "retryDelay",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(status=st.integers(300, 999), document=JSON)
def test_no_document_is_too_strange_to_be_judged(status, document):
    assert isinstance(judged(status, document), UpstreamError)
    if isinstance(document, dict):
        assert isinstance(stream_failure("acme", document), UpstreamError)


@given(st.binary(max_size=200))
def test_no_bytes_are_too_strange_to_be_judged(body):
    assert isinstance(judged(500, body), UpstreamUnavailable)
