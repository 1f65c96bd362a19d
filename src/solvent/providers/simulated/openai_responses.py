"""OpenAI's responses, as the simulated provider speaks them."""

from collections.abc import Iterator
from itertools import count

from solvent.domain.call import Json
from solvent.providers.simulated.answer import Answer
from solvent.providers.simulated.ask import Ask
from solvent.providers.simulated.script import Script, named, sizes


def whole(ask: Ask, answer: Answer) -> Json:
    """Return the reply as one object."""
    return _response(ask, answer, _status(answer), [_item(answer, "completed", answer.text)]) | {
        "usage": _usage(answer) if answer.usage else None
    }


def script(ask: Ask, answer: Answer, size_tokens: int) -> Script:
    """Return the reply as a stream of numbered events."""
    numbers = count()
    head = b"".join(_event(numbers, event) for event in _opening(ask, answer))
    pieces = tuple(
        (_event(numbers, _delta(answer, text)), tokens)
        for text, tokens in zip(
            answer.pieces(size_tokens), sizes(len(answer.tokens), size_tokens), strict=True
        )
    )
    tail = b"".join(_event(numbers, event) for event in _closing(ask, answer))
    broken = named(
        {
            "type": "error",
            "code": "server_error",
            "message": "The server had an error while processing your request.",
            "param": None,
            "sequence_number": len(pieces) + len(tail),
        }
    )
    return Script(head, pieces, tail, broken)


def _event(numbers: Iterator[int], event: Json) -> bytes:
    return named(event | {"sequence_number": next(numbers)})


def _opening(ask: Ask, answer: Answer) -> Iterator[Json]:
    begun = _response(ask, answer, "in_progress", [])
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    yield {
        "type": "response.output_item.added",
        "output_index": 0,
        "item": _item(answer, "in_progress", None),
    }
    if not answer.tool:
        yield {"type": "response.content_part.added", **_part_at(answer), "part": _part("")}


def _delta(answer: Answer, text: str) -> Json:
    if answer.tool:
        return {"type": "response.function_call_arguments.delta", **_item_at(answer), "delta": text}
    return {"type": "response.output_text.delta", **_part_at(answer), "delta": text, "logprobs": []}


def _closing(ask: Ask, answer: Answer) -> Iterator[Json]:
    if answer.tool:
        done = {"arguments": answer.text, "name": answer.tool}
        yield {"type": "response.function_call_arguments.done", **_item_at(answer), **done}
    else:
        yield {
            "type": "response.output_text.done",
            **_part_at(answer),
            "text": answer.text,
            "logprobs": [],
        }
        yield {"type": "response.content_part.done", **_part_at(answer), "part": _part(answer.text)}
    item = _item(answer, "completed", answer.text)
    yield {"type": "response.output_item.done", "output_index": 0, "item": item}
    yield {"type": f"response.{_status(answer)}", "response": whole(ask, answer)}


def _status(answer: Answer) -> str:
    return "incomplete" if answer.finish == "length" else "completed"


def _response(ask: Ask, answer: Answer, status: str, output: list[Json]) -> Json:
    return {
        "id": answer.id,
        "object": "response",
        "created_at": answer.created_s,
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
        "instructions": None,
        "max_output_tokens": ask.output_limit,
        "metadata": {},
        "model": answer.model,
        "output": output,
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "service_tier": "default",
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": None,
        "user": None,
    }


def _item(answer: Answer, status: str, text: str | None) -> Json:
    if answer.tool:
        call = {"call_id": f"call_sim{answer.number}", "name": answer.tool, "arguments": text or ""}
        return {"type": "function_call", "id": _item_id(answer), "status": status, **call}
    content = [] if text is None else [_part(text)]
    return {
        "type": "message",
        "id": _item_id(answer),
        "status": status,
        "role": "assistant",
        "content": content,
    }


def _item_id(answer: Answer) -> str:
    return f"{'fc' if answer.tool else 'msg'}_sim{answer.number}"


def _item_at(answer: Answer) -> Json:
    return {"item_id": _item_id(answer), "output_index": 0}


def _part_at(answer: Answer) -> Json:
    return {"item_id": _item_id(answer), "output_index": 0, "content_index": 0}


def _part(text: str) -> Json:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _usage(answer: Answer) -> Json:
    counts = answer.counts
    read = counts.input + counts.cached_input + counts.cache_write
    written = counts.output + counts.reasoning
    return {
        "input_tokens": read,
        "input_tokens_details": {
            "cached_tokens": counts.cached_input,
            "cache_write_tokens": counts.cache_write,
        },
        "output_tokens": written,
        "output_tokens_details": {"reasoning_tokens": counts.reasoning},
        "total_tokens": read + written,
    }
