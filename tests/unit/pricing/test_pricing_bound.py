"""Bounds: never below what any usage within the demand costs, never lower for asking more, and clamped to fit."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvent.domain.call import Demand, Media, ServerTool
from solvent.domain.usage import BUCKETS, Usage
from solvent.errors import ModelUnpriced
from solvent.pricing.book import PriceBook
from solvent.pricing.bound import Ceilings, bound, clamp
from solvent.pricing.models import ImageRule, Traits
from solvent.pricing.rate import Rate, Step

CEILINGS = Ceilings(
    default_output_tokens=4_096,
    image_tokens=5_000,
    document_pages=100,
    document_page_tokens=8_000,
    audio_tokens=100_000,
    video_tokens=500_000,
    remembered_tokens=500,
    server_tool_uses=3,
    server_tool_tokens=100,
    made_image_tokens=8_192,
)


@st.composite
def rates(draw: st.DrawFn) -> Rate:
    """Any rate that prices input and output; steps may become cheaper, as real ones have."""
    starts = sorted(draw(st.sets(st.integers(1, 300_000), max_size=3)))
    missing = draw(st.sets(st.sampled_from([name for name in BUCKETS if name not in ("input", "output")])))
    steps = tuple(
        Step(
            start,
            tuple(None if name in missing else draw(st.integers(0, 10**7)) for name in BUCKETS),
            draw(st.integers(0, 10**9)),
        )
        for start in (-1, *starts)
    )
    traits = Traits(draw(st.sampled_from(ImageRule)), caches_unasked=draw(st.booleans()))
    rate = Rate("any/model", "test #0", draw(st.integers(1, 10**4)), steps, None, traits)
    return (
        replace(rate, instead=replace(rate, scale=draw(st.integers(1, 10**4))))
        if draw(st.booleans())
        else rate
    )


media = st.builds(
    Media,
    kind=st.sampled_from(["image", "audio", "video", "document"]),
    size_bytes=st.integers(0, 10**6),
    width=st.one_of(st.none(), st.integers(1, 10_000)),
    height=st.one_of(st.none(), st.integers(1, 10_000)),
    pages=st.one_of(st.none(), st.integers(1, 50)),
    detail=st.sampled_from([None, "low", "high", "original"]),
)
demands = st.builds(
    Demand,
    text_bytes=st.integers(0, 400_000),
    messages=st.integers(1, 50),
    tools=st.integers(0, 10),
    media=st.lists(media, max_size=2).map(tuple),
    server_tools=st.lists(
        st.builds(
            ServerTool,
            st.sampled_from(["web_search", "file_search", "code", "mcp", "fetch", "image"]),
            st.one_of(st.none(), st.integers(0, 4)),
        ),
        max_size=2,
    ).map(tuple),
    output_limit=st.one_of(st.none(), st.integers(0, 200_000)),
    choices=st.integers(1, 4),
    remembered=st.booleans(),
    audio_output=st.booleans(),
    image_output=st.booleans(),
    cache_write=st.sampled_from([None, "5m", "1h"]),
)


def nanos(rate: Rate, demand: Demand, tokens: int | None = None) -> int | None:
    try:
        return bound(rate, demand, CEILINGS, output_max=8_192, tokens=tokens).nanos
    except ModelUnpriced:
        return None


def surely(rate: Rate, demand: Demand, tokens: int | None = None) -> int:
    return bound(rate, demand, CEILINGS, output_max=8_192, tokens=tokens).nanos


@given(rate=rates(), demand=demands, split=st.lists(st.integers(0, 100), min_size=6, max_size=6))
@settings(max_examples=300, deadline=None)
def test_no_usage_within_the_demand_costs_more_than_its_bound(
    rate: Rate, demand: Demand, split: list[int]
) -> None:
    """Split text and answer over every class that the demand allows, at any number of tokens up to the bound."""
    demand = replace(demand, media=(), server_tools=(), remembered=False)
    try:
        most = bound(rate, demand, CEILINGS, output_max=None)
    except ModelUnpriced:
        return
    first = rate.steps[0].prices
    classes = ["input", "cached_input"]
    if demand.cache_write or rate.traits.caches_unasked:
        classes += ["cache_write_5m"]
    if demand.cache_write == "1h":
        classes += ["cache_write_1h"]
    outputs = ["output", "reasoning", "output_image"]
    if demand.audio_output:
        outputs += ["output_audio"]
    usage = Usage(
        **shares(
            most.input_tokens, [name for name in classes if first[BUCKETS.index(name)] is not None], split
        ),
        **shares(
            most.output_tokens, [name for name in outputs if first[BUCKETS.index(name)] is not None], split
        ),
    )
    assert rate.cost(usage) <= most.nanos


def shares(total: int, classes: list[str], split: list[int]) -> dict[str, int]:
    """Share at most *total* among *classes* in the proportions of *split*."""
    weights = [weight + 1 for weight in split[: len(classes)]]
    rest = split[-1]
    return {
        name: total * weight // (sum(weights) + rest) for name, weight in zip(classes, weights, strict=True)
    }


GROWN = {
    "text_bytes": lambda old: old + 1_000,
    "messages": lambda old: old + 1,
    "tools": lambda old: old + 1,
    "choices": lambda old: old + 1,
    "output_limit": lambda old: (old or 0) + 8_192,
    "remembered": lambda _: True,
    "audio_output": lambda _: True,
    "image_output": lambda _: True,
    "cache_write": lambda old: "1h" if old else "5m",
    "media": lambda old: (*old, Media("image", 100, 640, 480)),
    "server_tools": lambda old: (*old, ServerTool("code", 1)),
}


@pytest.mark.parametrize("field", GROWN)
@given(rate=rates(), demand=demands)
@settings(max_examples=60, deadline=None)
def test_asking_for_more_never_lowers_the_bound(field: str, rate: Rate, demand: Demand) -> None:
    more = replace(demand, **{field: GROWN[field](getattr(demand, field))})
    before, after = nanos(rate, demand), nanos(rate, more)
    if before is not None and after is not None:
        assert before <= after


@given(rate=rates(), demand=demands, tokens=st.integers(0, 10**6))
@settings(max_examples=100, deadline=None)
def test_more_counted_tokens_never_lower_the_bound(rate: Rate, demand: Demand, tokens: int) -> None:
    fewer, more = nanos(rate, demand, tokens=tokens), nanos(rate, demand, tokens=tokens + 500)
    if fewer is not None and more is not None:
        assert fewer <= more


@given(
    rate=rates(),
    demand=demands,
    available=st.integers(0, 10**13),
    tokens=st.one_of(st.none(), st.integers(0, 10**6)),
)
@settings(max_examples=400, deadline=None)
def test_a_clamped_limit_fits_and_one_token_more_would_not(
    rate: Rate, demand: Demand, available: int, tokens: int | None
) -> None:
    try:
        limit = clamp(rate, demand, CEILINGS, available, tokens=tokens, output_max=8_192)
        wanted = bound(rate, demand, CEILINGS, output_max=8_192, tokens=tokens)
    except ModelUnpriced:
        return
    if limit is None:
        least = replace(demand, output_limit=1)
        assert wanted.output_limit == 0 or surely(rate, least, tokens) > available
        return
    assert 1 <= limit <= wanted.output_limit
    assert surely(rate, replace(demand, output_limit=limit), tokens) <= available
    if limit < wanted.output_limit:
        assert surely(rate, replace(demand, output_limit=limit + 1), tokens) > available


def test_the_output_limit_is_the_callers_or_the_default_but_at_most_the_models(
    book: PriceBook, now_us: int
) -> None:
    rate = book.rate("openai", "gpt-4o", now_us)
    ceilings = replace(CEILINGS, default_output_tokens=1_000)
    assert bound(rate, Demand(10, output_limit=77), ceilings, output_max=500).output_limit == 77
    assert bound(rate, Demand(10), ceilings, output_max=500).output_limit == 500
    assert bound(rate, Demand(10), ceilings, output_max=5_000).output_limit == 1_000
    assert bound(rate, Demand(10), ceilings, output_max=None).output_limit == 1_000
    assert bound(rate, Demand(10, choices=3), ceilings, output_max=None).output_tokens == 3_000


def test_an_embedding_writes_nothing_and_needs_no_price_for_it(book: PriceBook, now_us: int) -> None:
    rate = book.rate("openai", "text-embedding-3-small", now_us)
    most = bound(rate, Demand(1_000, output_limit=0), CEILINGS, output_max=None)
    assert (most.output_tokens, most.output_limit) == (0, 0)
    assert most.nanos >= rate.cost(Usage(input=1_000))
    with pytest.raises(ModelUnpriced, match="no price for output"):
        bound(rate, Demand(1_000), CEILINGS, output_max=None)


def test_the_bound_is_exact_where_the_operators_price_leaves_nothing_open(now_us: int) -> None:
    """A price by the call alone: what tests of budgets with a known cost rely on."""
    rate = Rate("mine/one-cent", "test #0", 1, (Step(-1, (0,) * len(BUCKETS), 10_000_000),))
    assert bound(rate, Demand(5_000, output_limit=100), CEILINGS, output_max=None).nanos == 10_000_000
    assert rate.cost(Usage(input=17, output=3)) == 10_000_000


@pytest.mark.parametrize(
    ("demand", "missing"),
    [
        (Demand(10, media=(Media("audio", 100),)), "input_audio"),
        (Demand(10, audio_output=True), "output_audio"),
        (Demand(10, image_output=True), "output_image"),
        (Demand(10, server_tools=(ServerTool("image"),)), "output_image"),
    ],
)
def test_a_call_that_needs_an_unpriced_class_is_refused_by_its_name(
    book: PriceBook, now_us: int, demand: Demand, missing: str
) -> None:
    with pytest.raises(ModelUnpriced, match=f"no price for {missing}"):
        bound(book.rate("openai", "gpt-4o", now_us), demand, CEILINGS, output_max=None)


def test_a_search_without_a_fee_is_refused_unless_the_provider_has_none(book: PriceBook, now_us: int) -> None:
    files = Demand(10, server_tools=(ServerTool("file_search"),))
    with pytest.raises(ModelUnpriced, match="file_searches"):
        bound(book.rate("openrouter", "openai/gpt-4.1-mini", now_us), files, CEILINGS, output_max=None)
    google = book.rate("google", "gemini-2.5-pro", now_us)
    assert bound(google, files, CEILINGS, output_max=None).nanos > 0


def test_a_long_cache_write_is_bounded_at_its_own_dearer_price(book: PriceBook, now_us: int) -> None:
    rate = book.rate("anthropic", "claude-sonnet-4-5", now_us)
    plain, short, long = (
        surely(rate, Demand(100_000, output_limit=1, cache_write=asked)) for asked in (None, "5m", "1h")
    )
    assert plain < short < long
    assert long >= rate.cost(Usage(cache_write_1h=100_000, output=1))


def test_a_model_that_caches_unasked_is_bounded_at_its_write_price(book: PriceBook, now_us: int) -> None:
    rate = book.rate("openai", "gpt-5.6", now_us)
    most = surely(rate, Demand(100_000, output_limit=1))
    assert (
        most >= rate.cost(Usage(cache_write_5m=100_000, output=1)) > rate.cost(Usage(input=100_000, output=1))
    )


def test_a_text_that_may_pass_a_threshold_is_bounded_at_the_dearer_step(book: PriceBook, now_us: int) -> None:
    rate = book.rate("anthropic", "claude-sonnet-4-5", now_us)
    below, above = (surely(rate, Demand(size, output_limit=1_000)) for size in (190_000, 200_001))
    assert above > below * 3 // 2
    assert above >= rate.cost(Usage(input=200_001, output=1_000))


def test_a_remembered_conversation_may_fill_the_models_window(book: PriceBook, now_us: int) -> None:
    rate = book.rate("openai", "gpt-4o", now_us)
    most = bound(rate, Demand(10, remembered=True), CEILINGS, output_max=None)
    assert rate.context_tokens == 128_000
    assert most.input_tokens >= 128_000
    unknown = replace(rate, context_tokens=None)
    assert bound(unknown, Demand(10, remembered=True), CEILINGS, output_max=None).input_tokens < 1_000


def test_each_use_of_a_providers_tool_reads_the_call_again(book: PriceBook, now_us: int) -> None:
    rate = book.rate("anthropic", "claude-sonnet-4-5", now_us)
    once, twice = (
        bound(rate, Demand(1_000, server_tools=(ServerTool("web_search", uses),)), CEILINGS, output_max=None)
        for uses in (1, 2)
    )
    assert twice.input_tokens - once.input_tokens == once.input_tokens - (once.input_tokens - 100) // 2
    assert twice.nanos - once.nanos >= 10_000_000


def test_counting_tightens_the_bound_and_says_so(book: PriceBook, now_us: int) -> None:
    rate = book.rate("openai", "gpt-4o", now_us)
    by_bytes = bound(rate, Demand(10_000), CEILINGS, output_max=None)
    counted = bound(rate, Demand(10_000), CEILINGS, output_max=None, tokens=2_500)
    assert (by_bytes.basis, counted.basis) == ("bytes", "counted")
    assert counted.input_tokens == 2_500
    assert counted.nanos < by_bytes.nanos


def test_a_document_is_bounded_by_its_pages_or_where_it_has_none_by_its_bytes_too(
    book: PriceBook, now_us: int
) -> None:
    rate = replace(book.rate("google", "gemini-2.5-flash", now_us), context_tokens=1_000_000)

    def tokens(document: Media) -> int:
        text = bound(rate, Demand(10), CEILINGS, output_max=None).input_tokens
        return bound(rate, Demand(10, media=(document,)), CEILINGS, output_max=None).input_tokens - text

    assert tokens(Media("document", 50, pages=3)) == 3 * 8_000
    assert tokens(Media("document", 50)) == 100 * 8_000
    assert tokens(Media("document", 900_000)) == 900_000
    assert tokens(Media("document", 10**8)) == 1_000_000


def test_sound_is_bounded_by_its_bytes_up_to_the_ceiling_and_a_link_by_the_ceiling(
    book: PriceBook, now_us: int
) -> None:
    rate = book.rate("google", "gemini-2.5-flash", now_us)

    def nanos_of(*media: Media) -> int:
        return bound(rate, Demand(10, media=media, output_limit=1), CEILINGS, output_max=None).nanos

    each = rate.cost(Usage(input_audio=1))
    assert nanos_of(Media("audio", 1_000)) - nanos_of() == 1_000 * each
    assert nanos_of(Media("audio", 10**9)) - nanos_of() == 100_000 * each
    assert nanos_of(Media("audio")) - nanos_of() == 100_000 * each


def test_a_cheaper_choice_is_bounded_at_the_standard_price_it_may_be_served_at(
    book: PriceBook, now_us: int
) -> None:
    """OpenAI's reply tells the tier that served it, which need not be the one asked for."""
    standard = book.rate("openai", "gpt-5.2", now_us)
    flex, priority = (
        book.rate("openai", "gpt-5.2", now_us, context=(("service_tier", tier),))
        for tier in ("flex", "priority")
    )
    demand, used = Demand(1_000, output_limit=1_000), Usage(input=900, output=900)
    assert flex.cost(used) < standard.cost(used) < priority.cost(used)
    assert surely(flex, demand) == surely(standard, demand) < surely(priority, demand)
    available = surely(standard, demand) // 2
    assert clamp(flex, demand, CEILINGS, available, tokens=None) == clamp(
        standard, demand, CEILINGS, available, tokens=None
    )
    assert clamp(priority, demand, CEILINGS, 10, tokens=None) is None
