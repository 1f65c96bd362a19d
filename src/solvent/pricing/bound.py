"""Bounds: the most that a call can cost, before it is sent.

A bound multiplies what the call's body allows the provider to count, each part at the dearest class it could be
billed in, by the dearest step of the rate within reach. ``docs/concepts/bounds.md`` gives the reasons.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

from solvent.domain.call import Demand, Media, ServerToolKind
from solvent.domain.usage import BUCKETS
from solvent.pricing.images import image_tokens
from solvent.pricing.rate import Rate, Step

Basis = Literal["bytes", "counted"]

PER_CALL_TOKENS: Final = 128
PER_MESSAGE_TOKENS: Final = 8
PER_TOOL_TOKENS: Final = 32
"""What providers write around a caller's words: roles, separators, and beside these what ``Traits`` tells."""

_INPUT: Final = BUCKETS.index("input")
_INPUT_AUDIO: Final = BUCKETS.index("input_audio")
_INPUT_IMAGE: Final = BUCKETS.index("input_image")
_INPUT_VIDEO: Final = BUCKETS.index("input_video")
_CACHED_INPUT: Final = BUCKETS.index("cached_input")
_CACHED_AUDIO: Final = BUCKETS.index("cached_audio")
_CACHED_IMAGE: Final = BUCKETS.index("cached_image")
_WRITE_5M: Final = BUCKETS.index("cache_write_5m")
_WRITE_1H: Final = BUCKETS.index("cache_write_1h")
_OUTPUT: Final = BUCKETS.index("output")
_REASONING: Final = BUCKETS.index("reasoning")
_OUTPUT_AUDIO: Final = BUCKETS.index("output_audio")
_OUTPUT_IMAGE: Final = BUCKETS.index("output_image")
_WEB_SEARCHES: Final = BUCKETS.index("web_searches")
_FILE_SEARCHES: Final = BUCKETS.index("file_searches")


@dataclass(frozen=True, slots=True)
class Ceilings:
    """What is assumed at most of what a body does not tell; each is a setting. Tokens, but for counts.

    ``default_output_tokens`` is the output limit where the caller names none. A server tool without a cap is
    taken to be used ``server_tool_uses`` times; each use reads the call again and ``server_tool_tokens`` more.
    ``remembered_tokens`` is what a provider may add of its own where the model's context window is not known.
    """

    default_output_tokens: int
    image_tokens: int
    document_pages: int
    document_page_tokens: int
    audio_tokens: int
    video_tokens: int
    remembered_tokens: int
    server_tool_uses: int
    server_tool_tokens: int
    made_image_tokens: int


@dataclass(frozen=True, slots=True)
class Bound:
    """The most a call can cost, and what that rests on.

    ``output_limit`` is the limit for each answer that must be sent for the bound to hold; ``output_tokens`` are
    those of all answers. ``basis`` says how the text was measured.
    """

    nanos: int
    input_tokens: int
    output_tokens: int
    output_limit: int
    basis: Basis


@dataclass(frozen=True, slots=True)
class _Part:
    """Units that may be billed in any of ``classes``; those of ``required`` must have a price."""

    units: int
    classes: tuple[int, ...]
    required: tuple[int, ...] = ()
    read: bool = True


@dataclass(frozen=True, slots=True)
class _Charge:
    """What a call costs at one step, in nano-dollars ÷ scale: all but the answer, and each token of it."""

    fixed: int
    each: int


def bound(
    rate: Rate, demand: Demand, ceilings: Ceilings, *, output_max: int | None, tokens: int | None = None
) -> Bound:
    """Return the most that *demand* can cost at *rate*.

    *output_max* is the model's own limit, *tokens* the counted text with its framing; without it the text's
    bytes bound its tokens. An ``output_limit`` of zero says that nothing is written (an embedding).

    Raises:
        ModelUnpriced: the call may use a class that has no price.
    """
    parts = tuple(_parts(rate, demand, ceilings, tokens))
    limit = _wanted(demand, ceilings, output_max)
    written = limit * max(1, demand.choices)
    totals = (charge.fixed + written * charge.each for charge in _charges(rate, demand, parts, limit))
    nanos = -(-max(totals) // rate.scale)
    if rate.instead is not None:
        nanos = max(nanos, bound(rate.instead, demand, ceilings, output_max=output_max, tokens=tokens).nanos)
    return Bound(nanos, _read(parts), written, limit, "bytes" if tokens is None else "counted")


def clamp(
    rate: Rate,
    demand: Demand,
    ceilings: Ceilings,
    available_nanos: int,
    *,
    tokens: int | None,
    output_max: int | None = None,
) -> int | None:
    """Return the largest output limit, at most the wanted one, whose bound fits in *available_nanos*.

    None where not even one token fits.

    Raises:
        ModelUnpriced: as for ``bound``.
    """
    parts = tuple(_parts(rate, demand, ceilings, tokens))
    limit = _wanted(demand, ceilings, output_max)
    for charge in _charges(rate, demand, parts, limit):
        room = available_nanos * rate.scale - charge.fixed
        if room < 0:
            return None
        if charge.each:
            limit = min(limit, room // (charge.each * max(1, demand.choices)))
    if limit and rate.instead is not None:
        lower = replace(demand, output_limit=limit)
        return clamp(rate.instead, lower, ceilings, available_nanos, tokens=tokens)
    return limit or None


def _wanted(demand: Demand, ceilings: Ceilings, output_max: int | None) -> int:
    if demand.output_limit is not None:
        return demand.output_limit
    return min(ceilings.default_output_tokens, output_max or ceilings.default_output_tokens)


def _read(parts: tuple[_Part, ...]) -> int:
    return sum(part.units for part in parts if part.read)


def _charges(rate: Rate, demand: Demand, parts: tuple[_Part, ...], limit: int) -> Iterator[_Charge]:
    written = _written(demand) if limit else None
    for step in rate.reachable(_read(parts)):
        fixed = step.per_request + sum(part.units * _dearest(rate, step, part) for part in parts)
        yield _Charge(fixed, _dearest(rate, step, written) if written else 0)


def _dearest(rate: Rate, step: Step, part: _Part) -> int:
    required = [rate.price(step, bucket) for bucket in part.required]
    return max(required + [step.prices[bucket] or 0 for bucket in part.classes])


def _parts(rate: Rate, demand: Demand, ceilings: Ceilings, tokens: int | None) -> Iterator[_Part]:
    """Yield what the call makes its provider read and do; each use of its own tools reads all of it again."""
    writes, required = _cache_writes(rate, demand)
    uses = [
        (tool.kind, ceilings.server_tool_uses if tool.uses is None else tool.uses)
        for tool in demand.server_tools
    ]
    passes = 1 + sum(count for _, count in uses)
    text = (_framed(rate, demand) if tokens is None else tokens) * passes
    text += (passes - 1) * ceilings.server_tool_tokens
    yield _Part(text, (_CACHED_INPUT, *writes), (_INPUT, *required))
    for media in demand.media:
        count, classes, own = _media(rate, media, ceilings)
        yield _Part(count * passes, (*classes, *writes), own)
    if demand.remembered:
        remembered = rate.context_tokens or ceilings.remembered_tokens
        yield _Part(remembered * passes, (_INPUT_IMAGE, _INPUT_AUDIO, *writes), (_INPUT,))
    for kind, count in uses:
        yield from _fees(rate, kind, count, ceilings)


def _framed(rate: Rate, demand: Demand) -> int:
    """Return the text's bytes, each at most a token, with what providers write around it."""
    framing = PER_CALL_TOKENS + demand.messages * PER_MESSAGE_TOKENS + demand.tools * PER_TOOL_TOKENS
    if demand.tools or demand.server_tools:
        framing += rate.traits.tools_prompt_tokens
    return demand.text_bytes + framing


def _cache_writes(rate: Rate, demand: Demand) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the classes in which input may be billed as a cache write, and those of them that must be priced.

    A model without any price for writes has no such class: there the request's wish changes nothing.
    """
    first = rate.steps[0].prices
    bills_writes = first[_WRITE_5M] is not None or first[_WRITE_1H] is not None
    if demand.cache_write is not None:
        asked = _WRITE_1H if demand.cache_write == "1h" else _WRITE_5M
        return (_WRITE_5M, asked), ((asked,) if bills_writes else ())
    return ((_WRITE_5M,) if rate.traits.caches_unasked else ()), ()


def _media(rate: Rate, media: Media, ceilings: Ceilings) -> tuple[int, tuple[int, ...], tuple[int, ...]]:
    """Return the tokens of one part, the classes it may be billed in, and those that must have a price."""
    match media.kind:
        case "image":
            rule = rate.traits.images
            count = image_tokens(rule, media.width, media.height, media.detail, ceilings.image_tokens)
            return count, (_CACHED_IMAGE, _INPUT), (_INPUT_IMAGE,)
        case "audio":
            return _inline(media, ceilings.audio_tokens), (_CACHED_AUDIO,), (_INPUT_AUDIO,)
        case "video":
            return _inline(media, ceilings.video_tokens), (_INPUT_AUDIO, _INPUT_IMAGE), (_INPUT_VIDEO,)
        case "document":
            return _document(rate, media, ceilings), (_INPUT_IMAGE,), (_INPUT,)


def _document(rate: Rate, media: Media, ceilings: Ceilings) -> int:
    """Return the tokens of a document; one without pages may be plain text, a token in each of its bytes."""
    if media.pages is not None:
        return media.pages * ceilings.document_page_tokens
    window = rate.context_tokens or ceilings.remembered_tokens
    return max(ceilings.document_pages * ceilings.document_page_tokens, min(media.size_bytes, window))


def _inline(media: Media, ceiling_tokens: int) -> int:
    """Return the tokens of sound or film: no codec in use carries one in less than a byte."""
    return min(media.size_bytes, ceiling_tokens) if media.size_bytes else ceiling_tokens


def _fees(rate: Rate, kind: ServerToolKind, uses: int, ceilings: Ceilings) -> Iterator[_Part]:
    if kind == "web_search":
        yield _Part(uses, (), (_WEB_SEARCHES,), read=False)
    elif kind == "file_search" and rate.traits.bills_file_search:
        yield _Part(uses, (), (_FILE_SEARCHES,), read=False)
    elif kind == "image":
        yield _Part(uses * ceilings.made_image_tokens, (), (_OUTPUT_IMAGE,), read=False)


def _written(demand: Demand) -> _Part:
    """Return one token of an answer. Models that make images may do so unasked; sound must be asked for."""
    required = [_OUTPUT]
    if demand.audio_output:
        required.append(_OUTPUT_AUDIO)
    if demand.image_output:
        required.append(_OUTPUT_IMAGE)
    return _Part(1, (_REASONING, _OUTPUT_IMAGE), tuple(required))
