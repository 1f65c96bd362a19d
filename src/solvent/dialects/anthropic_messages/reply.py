"""What a whole reply in Anthropic's dialect says of itself: usage in disjoint buckets, and why it ended."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from solvent.dialects.base import Facts, Finish
from solvent.dialects.reading import Field, of_reply
from solvent.domain.call import Json
from solvent.domain.usage import Usage

PRICED: Final = ("service_tier", "speed", "inference_geo")
"""Choices of a call, and words of its reply's usage, that select a price."""

_FINISHES: Final[Mapping[str, Finish]] = {
    "end_turn": Finish.STOP,
    "stop_sequence": Finish.STOP,
    "max_tokens": Finish.LENGTH,
    "model_context_window_exceeded": Finish.LENGTH,
    "tool_use": Finish.TOOL,
    "refusal": Finish.REFUSED,
}


def facts(document: Json) -> Facts:
    """Return what the reply says; of an error document only the error, of a token count nothing.

    Raises:
        UsageContradictory: its usage is not of a known shape, negative, or does not add up.
    """
    reply = of_reply(document)
    if document.get("type") == "error":
        return Facts(error=document, complete=False)
    if document.get("type") != "message":
        return Facts()
    told = reply.get("usage")
    return Facts(
        usage=read_usage(told) if told is not None else None,
        model=_text(reply, "model"),
        reply_id=_text(reply, "id"),
        finish=finish(reply),
        written=tuple(text for block in reply.need("content").each() for text in block_texts(block)),
        price_context=price_context(told) if told is not None else (),
    )


def count(document: Json) -> int:
    """Return the number of tokens that a reply to ``count_tokens`` tells.

    Raises:
        UsageContradictory: it tells none.
    """
    return of_reply(document).need("input_tokens").count()


def price_context(usage: Field) -> tuple[tuple[str, str], ...]:
    """Return the words of *usage* that select a price: tier, speed and place."""
    found = ((name, _text(usage, name)) for name in PRICED)
    return tuple((name, word) for name, word in found if word)


def finish(told: Field) -> Finish | None:
    """Return why the model stopped; None while it has not. A paused turn is OTHER: the caller sends it again."""
    reason = told.get("stop_reason")
    return _FINISHES.get(reason.text(), Finish.OTHER) if reason is not None else None


def block_texts(block: Field) -> tuple[str, ...]:
    """Return what the model wrote in a content block: words, thoughts, and the input of a tool call."""
    found = [told.text() for name in ("text", "thinking") if (told := block.get(name)) is not None]
    if (
        block.need("type").text().endswith("tool_use")
        and (told := block.get("input")) is not None
        and told.value
    ):
        found.append(told.dumped())
    return tuple(text for text in found if text)


def read_usage(told: Field) -> Usage:
    """Return the usage in disjoint buckets.

    ``input_tokens`` excludes what was read from or written to a cache; thinking is inside ``output_tokens``;
    the tokens of a compaction are listed apart in ``iterations`` and not in the sums beside it.

    Raises:
        UsageContradictory: a count is missing, negative, or larger than its whole, or another model worked too.
    """
    total = _buckets(told)
    iterations = told.get("iterations")
    if iterations is not None:
        for step in iterations.each():
            kind = step.need("type").text()
            if kind == "compaction":
                total += _buckets(step)
            elif kind != "message":
                raise step.invalid(f"is of type {kind[:40]!r}: another model worked, at a price of its own")
    return total.checked()


def _buckets(told: Field) -> Usage:
    output = told.need("output_tokens").count()
    details = told.get("output_tokens_details")
    thinking = _count(details, "thinking_tokens")
    if thinking > output:
        raise told.invalid(f"says {thinking} thinking tokens inside {output} output tokens")
    usage = Usage(
        input=told.need("input_tokens").count(),
        cached_input=_count(told, "cache_read_input_tokens"),
        output=output - thinking,
        reasoning=thinking,
        web_searches=_count(told.get("server_tool_use"), "web_search_requests"),
    )
    return _with_cache_writes(usage, told)


def _with_cache_writes(usage: Usage, told: Field) -> Usage:
    """Add cache writes; those that the breakdown does not name live as long as the ones it does, else 5 min."""
    parts = told.get("cache_creation")
    short = _count(parts, "ephemeral_5m_input_tokens")
    long = _count(parts, "ephemeral_1h_input_tokens")
    whole = told.get("cache_creation_input_tokens")
    rest = whole.count() - short - long if whole is not None else 0
    if rest < 0:
        raise told.invalid(
            f"says {short} + {long} cache writes by lifetime, but {short + long + rest} in all"
        )
    if long and not short:
        return replace(usage, cache_write_1h=long + rest)
    return replace(usage, cache_write_5m=short + rest, cache_write_1h=long)


def _count(told: Field | None, name: str) -> int:
    counted = told.get(name) if told is not None else None
    return counted.count() if counted is not None else 0


def _text(told: Field, name: str) -> str:
    found = told.get(name)
    return found.text() if found is not None else ""
