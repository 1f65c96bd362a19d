"""Anthropic's messages and count_tokens, as the simulated provider speaks them."""

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from solvent.domain.call import Json
from solvent.providers.simulated.answer import Answer
from solvent.providers.simulated.ask import Ask
from solvent.providers.simulated.script import Script, named, sizes

_FINISH: Final = MappingProxyType({"stop": "end_turn", "length": "max_tokens", "tool": "tool_use"})
_TYPES: Final = MappingProxyType(
    {
        401: "authentication_error",
        402: "billing_error",
        403: "permission_error",
        404: "not_found_error",
        413: "request_too_large",
        429: "rate_limit_error",
        504: "timeout_error",
        529: "overloaded_error",
    }
)


def whole(ask: Ask, answer: Answer) -> Json:
    """Return the reply as one object."""
    del ask
    reply = _message(answer) | {
        "content": [_block(answer, answer.text)],
        "stop_reason": _FINISH[answer.finish],
    }
    return reply | {"usage": _usage(answer)} if answer.usage else reply


def script(ask: Ask, answer: Answer, size_tokens: int) -> Script:
    """Return the reply as a stream of named events."""
    del ask
    head = b"".join(named(event) for event in _opening(answer))
    pieces = tuple(
        (named({"type": "content_block_delta", "index": 0, "delta": _delta(answer, text)}), tokens)
        for text, tokens in zip(
            answer.pieces(size_tokens), sizes(len(answer.tokens), size_tokens), strict=True
        )
    )
    tail = b"".join(named(event) for event in _closing(answer))
    return Script(head, pieces, tail, named(error(529, "", "Overloaded")))


def counted(answer: Answer) -> Json:
    """Return the reply of count_tokens."""
    counts = answer.counts
    return {"input_tokens": counts.input + counts.cached_input + counts.cache_write}


def error(status: int, code: str, message: str) -> Json:
    """Return an error reply in the words that Anthropic uses for *status*, or with *code*."""
    usual = _TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")  # noqa: PLR2004 - server errors
    return {"type": "error", "error": {"type": code or usual, "message": message}, "request_id": "req_sim"}


def _opening(answer: Answer) -> Iterator[Json]:
    message = _message(answer) | {"content": [], "stop_reason": None}
    if answer.usage:
        message["usage"] = _usage(answer) | {"output_tokens": 0, "output_tokens_details": None}
    yield {"type": "message_start", "message": message}
    yield {"type": "content_block_start", "index": 0, "content_block": _block(answer, "")}
    yield {"type": "ping"}


def _delta(answer: Answer, text: str) -> Json:
    if answer.tool:
        return {"type": "input_json_delta", "partial_json": text}
    return {"type": "text_delta", "text": text}


def _closing(answer: Answer) -> Iterator[Json]:
    yield {"type": "content_block_stop", "index": 0}
    end: Json = {
        "type": "message_delta",
        "delta": {"stop_reason": _FINISH[answer.finish], "stop_sequence": None},
    }
    yield end | ({"usage": _usage(answer)} if answer.usage else {})
    yield {"type": "message_stop"}


def _message(answer: Answer) -> Json:
    return {
        "id": answer.id,
        "type": "message",
        "role": "assistant",
        "model": answer.model,
        "stop_sequence": None,
    }


def _block(answer: Answer, text: str) -> Json:
    if answer.tool:
        arguments = answer.arguments if text else {}
        return {
            "type": "tool_use",
            "id": f"toolu_sim{answer.number}",
            "name": answer.tool,
            "input": arguments,
        }
    return {"type": "text", "text": text, "citations": None}


def _usage(answer: Answer) -> Json:
    counts = answer.counts
    return {
        "input_tokens": counts.input,
        "cache_read_input_tokens": counts.cached_input,
        "cache_creation_input_tokens": counts.cache_write,
        "cache_creation": {
            "ephemeral_5m_input_tokens": counts.cache_write,
            "ephemeral_1h_input_tokens": 0,
        },
        "output_tokens": counts.output + counts.reasoning,
        "output_tokens_details": {"thinking_tokens": counts.reasoning},
        "service_tier": "standard",
    }
