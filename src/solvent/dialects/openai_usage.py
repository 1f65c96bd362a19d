"""Token counts as OpenAI's formats report them, and the variants of those who speak them.

Shared by chat, responses and embeddings, which name the same counts differently.
"""

from dataclasses import dataclass
from typing import Any, Final

from solvent.dialects.reading import Field
from solvent.domain.call import Json
from solvent.domain.usage import Usage
from solvent.errors import UsageContradictory


@dataclass(frozen=True, slots=True)
class Names:
    """What one format calls its counts."""

    read: str
    written: str

    @property
    def read_details(self) -> str:
        """The object that breaks the input down."""
        return f"{self.read}_details"

    @property
    def written_details(self) -> str:
        """The object that breaks the output down."""
        return f"{self.written}_details"


CHAT: Final = Names("prompt_tokens", "completion_tokens")
RESPONSES: Final = Names("input_tokens", "output_tokens")


def read_usage(document: Any, names: Names) -> Usage | None:
    """Return the usage that *document* reports in disjoint buckets; None when it is null.

    Reasoning is part of the output, as OpenAI defines it, unless the provider's total shows that it is counted
    beside it (xAI). Where more reasoning than output is reported, the output, which the total confirms and the
    bill is made of, bounds it.

    Raises:
        UsageContradictory: a count is not one, a part exceeds its whole, or the total is not the sum.
    """
    if document is None:
        return None
    counts = Field(document, "usage", UsageContradictory)
    read, written = counts.need(names.read).count(), _count(counts, names.written)
    details = counts.get(names.written_details)
    reasoning = _count(details, "reasoning_tokens")
    if _reasoning_beside(counts, read, written, reasoning):
        written += reasoning
    spoken, drawn = _count(details, "audio_tokens"), _count(details, "image_tokens")
    room = _rest(names.written, written, spoken, drawn)
    return Usage(
        **_read_buckets(counts, names, read),
        reasoning=min(reasoning, room),
        output=max(0, room - reasoning),
        output_audio=spoken,
        output_image=drawn,
        web_searches=_count(counts.get("server_tool_use_details"), "web_search_requests"),
    ).checked()


def _read_buckets(counts: Field, names: Names, read: int) -> dict[str, int]:
    details = counts.get(names.read_details)
    cached, stored = _cached(counts, details), _count(details, "cache_write_tokens")
    heard, seen = _count(details, "audio_tokens"), _count(details, "image_tokens")
    watched = _count(details, "video_tokens")
    return {
        "input": _rest(names.read, read, cached, stored, heard, seen, watched),
        "input_audio": heard,
        "input_image": seen,
        "input_video": watched,
        "cached_input": cached,
        "cache_write_5m": stored,
    }


def _cached(counts: Field, details: Field | None) -> int:
    """Return the cached input, as OpenAI says it, or DeepSeek, or Moonshot (in this order)."""
    for found in (
        details.get("cached_tokens") if details else None,
        counts.get("prompt_cache_hit_tokens"),
        counts.get("cached_tokens"),
    ):
        if found:
            return found.count()
    return 0


def _reasoning_beside(counts: Field, read: int, written: int, reasoning: int) -> bool:
    """Say whether the total counts reasoning beside the output; a missing total follows OpenAI's definition."""
    stated = counts.get("total_tokens")
    total = stated.count() if stated else read + written
    if total == read + written:
        return False
    if reasoning and total == read + written + reasoning:
        return True
    raise UsageContradictory(
        f"usage says {total} tokens in all, but {read} read and {written} written with {reasoning} of reasoning; "
        "solvent will not guess which is charged"
    )


def _rest(whole: str, count: int, *parts: int) -> int:
    rest = count - sum(parts)
    if rest < 0:
        raise UsageContradictory(f"usage says {count} {whole} but parts of it that sum to {sum(parts)}")
    return rest


def _count(counts: Field | None, key: str) -> int:
    found = counts.get(key) if counts else None
    return found.count() if found else 0


def write_usage(usage: Usage, names: Names) -> Json:
    """Return *usage* as *names* reports it, with the details that the official SDKs read."""
    return {
        names.read: usage.input_tokens,
        names.written: usage.output_tokens,
        "total_tokens": usage.total_tokens,
        names.read_details: _read_details(usage, names),
        names.written_details: _written_details(usage, names),
    }


def _read_details(usage: Usage, names: Names) -> Json:
    details = {
        "cached_tokens": usage.cached_input + usage.cached_audio + usage.cached_image,
        "cache_write_tokens": usage.cache_write_5m + usage.cache_write_1h,
    }
    return details | ({"audio_tokens": usage.input_audio} if names is CHAT else {})


def _written_details(usage: Usage, names: Names) -> Json:
    details = {"reasoning_tokens": usage.reasoning}
    return details | ({"audio_tokens": usage.output_audio} if names is CHAT else {})
