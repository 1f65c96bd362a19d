"""OpenAI's chat completions and embeddings, as the simulated provider speaks them."""

import struct
from base64 import b64encode
from types import MappingProxyType
from typing import Any, Final

from solvent.domain.call import Json
from solvent.providers.simulated.answer import Answer
from solvent.providers.simulated.ask import Ask
from solvent.providers.simulated.script import Script, data, sizes

_FINISH: Final = MappingProxyType({"stop": "stop", "length": "length", "tool": "tool_calls"})
_TYPES: Final = MappingProxyType(
    {
        401: ("invalid_request_error", "invalid_api_key"),
        403: ("permission_error", None),
        404: ("invalid_request_error", "model_not_found"),
        429: ("requests", "rate_limit_exceeded"),
    }
)


def whole(ask: Ask, answer: Answer) -> Json:
    """Return the reply as one object."""
    reply: Json = _base(answer, "chat.completion") | {
        "choices": [_choice(index, answer) for index in range(ask.choices)]
    }
    return reply | {"usage": usage(answer)} if answer.usage else reply


def script(ask: Ask, answer: Answer, size_tokens: int) -> Script:
    """Return the reply as a stream; the choices take turns."""
    base = _base(answer, "chat.completion.chunk")
    if ask.stream_usage and answer.usage:
        base["usage"] = None
    choices = range(ask.choices)
    head = b"".join(_delta(base, index, _opening(answer)) for index in choices)
    pieces = tuple(
        (_delta(base, index, _more(answer, text)), count)
        for text, count in zip(
            answer.pieces(size_tokens), sizes(len(answer.tokens), size_tokens), strict=True
        )
        for index in choices
    )
    tail = b"".join(_end(base, index, answer) for index in choices)
    if ask.stream_usage and answer.usage:
        tail += data(base | {"choices": [], "usage": usage(answer)})
    broken = data(error(500, "", "The server had an error while processing your request."))
    return Script(head, pieces, tail + b"data: [DONE]\n\n", broken)


def usage(answer: Answer) -> Json:
    """Return the counts in OpenAI chat's words: cached and written tokens lie within the prompt's."""
    counts = answer.counts
    prompt = counts.input + counts.cached_input + counts.cache_write
    completion = counts.output + counts.reasoning
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {
            "cached_tokens": counts.cached_input,
            "cache_write_tokens": counts.cache_write,
            "audio_tokens": 0,
        },
        "completion_tokens_details": {
            "reasoning_tokens": counts.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def embeddings(ask: Ask, answer: Answer) -> Json:
    """Return vectors that differ by position, and as the caller wants them encoded."""
    reply: Json = {
        "object": "list",
        "model": answer.model,
        "data": [
            {"object": "embedding", "index": index, "embedding": _vector(ask, index)}
            for index in range(ask.texts)
        ],
    }
    count = answer.counts.input + answer.counts.cached_input + answer.counts.cache_write
    return reply | ({"usage": {"prompt_tokens": count, "total_tokens": count}} if answer.usage else {})


def error(status: int, code: str, message: str) -> Json:
    """Return an error reply in the words that OpenAI uses for *status*, or with *code*."""
    kind, usual = _TYPES.get(status, ("server_error" if status >= 500 else "invalid_request_error", None))  # noqa: PLR2004 - server errors
    return {"error": {"message": message, "type": kind, "param": None, "code": code or usual}}


def _base(answer: Answer, kind: str) -> Json:
    return {
        "id": answer.id,
        "object": kind,
        "created": answer.created_s,
        "model": answer.model,
        "service_tier": "default",
        "system_fingerprint": None,
    }


def _choice(index: int, answer: Answer) -> Json:
    message: Json = {"role": "assistant", "content": answer.text, "refusal": None, "annotations": []}
    if answer.tool:
        message |= {"content": None, "tool_calls": [_call(answer, answer.text)]}
    return {"index": index, "message": message, "logprobs": None, "finish_reason": _FINISH[answer.finish]}


def _call(answer: Answer, arguments: str) -> Json:
    function = {"name": answer.tool, "arguments": arguments}
    return {"id": f"call_sim{answer.number}", "type": "function", "function": function}


def _opening(answer: Answer) -> Json:
    opening: Json = {"role": "assistant", "content": None if answer.tool else "", "refusal": None}
    return opening | {"tool_calls": [_call(answer, "") | {"index": 0}]} if answer.tool else opening


def _more(answer: Answer, text: str) -> Json:
    return (
        {"tool_calls": [{"index": 0, "function": {"arguments": text}}]} if answer.tool else {"content": text}
    )


def _delta(base: Json, index: int, delta: Json) -> bytes:
    return data(
        base | {"choices": [{"index": index, "delta": delta, "logprobs": None, "finish_reason": None}]}
    )


def _end(base: Json, index: int, answer: Answer) -> bytes:
    end = {"index": index, "delta": {}, "logprobs": None, "finish_reason": _FINISH[answer.finish]}
    return data(base | {"choices": [end]})


def _vector(ask: Ask, index: int) -> Any:
    values = [((index + 1) * (at + 3) % 17 - 8) / 16 for at in range(ask.dimensions)]
    if ask.base64:
        return b64encode(struct.pack(f"<{len(values)}f", *values)).decode()
    return values
