"""Solvent's cost against the catalog's own calculator, for every model of the book."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext

import genai_prices
import pytest
from genai_prices.data import providers
from genai_prices.types import (
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    Provider,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)
from genai_prices.types import Usage as TheirUsage

from solvent.domain.clock import from_datetime
from solvent.domain.money import Money
from solvent.domain.usage import BUCKETS, Usage
from solvent.errors import ModelUnpriced
from solvent.pricing.book import PriceBook
from solvent.pricing.listing import listing
from solvent.pricing.models import UNKNOWN
from solvent.pricing.rate import Rate

SEED = 20261122


def theirs(usage: Usage) -> TheirUsage:
    """The same counts in the catalog's overlapping units."""
    audio = usage.input_audio + usage.cached_audio
    image = usage.input_image + usage.cached_image
    stated = {
        "input_tokens": usage.input_tokens,
        "input_audio_tokens": audio,
        "input_image_tokens": image,
        "input_video_tokens": usage.input_video,
        "cache_read_tokens": usage.cached_input + usage.cached_audio + usage.cached_image,
        "cache_audio_read_tokens": usage.cached_audio,
        "cache_image_read_tokens": usage.cached_image,
        "cache_write_tokens": usage.cache_write_5m + usage.cache_write_1h,
        "cache_write_5m_tokens": usage.cache_write_5m,
        "cache_write_1h_tokens": usage.cache_write_1h,
        "output_tokens": usage.output_tokens,
        "output_reasoning_tokens": usage.reasoning,
        "output_audio_tokens": usage.output_audio,
        "output_image_tokens": usage.output_image,
        "web_searches": usage.web_searches,
        "storage_searches": usage.file_searches,
    }
    return TheirUsage(**stated)


def expected_nanos(
    model: ModelInfo, provider: Provider, usage: Usage, moment: datetime, context: dict[str, str]
) -> int:
    with localcontext(prec=80):
        price = model.calc_price(
            theirs(usage), provider, genai_request_timestamp=moment, price_context=context or None
        )
        return Money.ceil(price.total_price)


def prices_of(model: ModelInfo) -> list[ConditionalPrice]:
    return model.prices if isinstance(model.prices, list) else [ConditionalPrice(prices=model.prices)]


def moments(model: ModelInfo, draw: random.Random) -> Iterator[datetime]:
    """Instants on both sides of every date the model's prices change at, and of every time of day."""
    yield datetime(2026, 11, 1, tzinfo=UTC) + timedelta(seconds=draw.randrange(86_400))
    for entry in (*prices_of(model), *(model.price_variants or ())):
        if isinstance(entry.constraint, StartDateConstraint):
            start = datetime.combine(entry.constraint.start_date, datetime.min.time(), UTC)
            yield start
            yield start - timedelta(microseconds=1)
        elif isinstance(entry.constraint, TimeOfDateConstraint):
            for edge in (entry.constraint.start_time, entry.constraint.end_time):
                change = datetime.combine(datetime(2026, 11, 1, tzinfo=UTC), edge)
                yield change
                yield change - timedelta(microseconds=1)


def thresholds(model: ModelInfo) -> list[int]:
    prices: list[ModelPrice] = [entry.prices for entry in (*prices_of(model), *(model.price_variants or ()))]
    return sorted(
        {
            tier.start
            for price in prices
            for value in vars(price).values()
            if isinstance(value, TieredPrices)
            for tier in value.tiers
        }
    )


def usages(model: ModelInfo, rate: Rate, draw: random.Random) -> Iterator[Usage]:
    """Disjoint counts in the classes that have a price, around each threshold of the model's steps."""
    priced = [name for name, price in zip(BUCKETS, rate.steps[0].prices, strict=True) if price is not None]
    yield Usage()
    for start in (0, *thresholds(model)):
        counts = {name: draw.randrange(10 ** draw.randrange(1, 7)) for name in priced if draw.random() < 0.6}
        yield Usage(**counts)
        for total in (start, start + 1):
            yield Usage(
                **{name: total if name == "input" else 3 for name in priced if name in ("input", "output")}
            )


def contexts(model: ModelInfo) -> list[dict[str, str]]:
    return [{}, *(variant.when for variant in model.price_variants or ()), {"service_tier": "auto"}]


def models() -> Iterator[tuple[Provider, ModelInfo]]:
    return ((provider, model) for provider in providers for model in provider.models)


def rate_of(model: ModelInfo, moment: datetime, context: dict[str, str]) -> Rate | None:
    try:
        found = listing(model, tuple(context.items()), own=True)
        return found.sheet(found.choice(from_datetime(moment))).compiled(model.id, "catalog", None, UNKNOWN)
    except ModelUnpriced:
        return None


@pytest.mark.parametrize("provider", providers, ids=lambda provider: provider.id)
def test_cost_is_what_the_catalog_itself_calculates_for_every_model_date_tier_and_choice(
    provider: Provider,
) -> None:
    draw = random.Random(f"{SEED}/{provider.id}")
    compared = 0
    for model in provider.models:
        for context in contexts(model):
            for moment in moments(model, draw):
                rate = rate_of(model, moment, context)
                for usage in usages(model, rate, draw) if rate else ():
                    wanted = expected_nanos(model, provider, usage, moment, context)
                    assert rate is not None
                    assert rate.cost(usage) == wanted, (SEED, provider.id, model.id, moment, context, usage)
                    compared += 1
    assert compared > 0


def test_the_book_finds_the_same_model_and_price_as_the_catalog(book: PriceBook) -> None:
    draw = random.Random(SEED)
    sample = draw.sample([pair for pair in models() if prices_of(pair[1])], 300)
    usage = Usage(input=1_234_567, output=89)
    found = 0
    for provider, model in sample:
        moment = next(moments(model, draw))
        listed = provider.find_model(model.id, all_providers=list(providers))
        if listed is None:
            continue
        try:
            cost = book.rate(provider.id, model.id, from_datetime(moment)).cost(usage)
        except ModelUnpriced:
            continue
        assert cost == expected_nanos(listed, provider, usage, moment, {}), (SEED, provider.id, model.id)
        found += 1
    assert found > 200, SEED


def test_only_models_without_a_price_per_token_are_left_unpriced() -> None:
    moment = datetime(2026, 11, 1, tzinfo=UTC)
    unpriced = [model for _, model in models() if rate_of(model, moment, {}) is None]
    per_token = [
        model.id
        for model in unpriced
        if (price := model.get_prices(moment))
        and "input_mtok" in vars(price)
        and "output_mtok" in vars(price)
    ]
    assert per_token == ["sonar-deep-research"]


def test_a_fraction_of_a_nano_dollar_is_rounded_up_once_over_the_whole_sum() -> None:
    price = ModelPrice(input_mtok=Decimal("0.0001"), output_mtok=Decimal("0.0001"))
    model = next(model for _, model in models() if isinstance(model.prices, ModelPrice))
    rate = rate_of(
        ModelInfo(id="tiny", match=model.match, prices=price), datetime(2026, 11, 1, tzinfo=UTC), {}
    )
    assert rate is not None
    assert rate.cost(Usage(input=1)) == 1
    assert rate.cost(Usage(input=5, output=5)) == 1
    assert rate.cost(Usage(input=6, output=5)) == 2


@pytest.mark.parametrize("model", ["gpt-5.2", "claude-opus-5", "deepseek-v4-pro"])
def test_a_host_of_other_makers_models_is_priced_as_the_catalog_does(book: PriceBook, model: str) -> None:
    """Azure stands in for OpenAI, Anthropic and DeepSeek, whose choices of service are not its own."""
    moment, usage = datetime(2026, 11, 1, 2, tzinfo=UTC), Usage(input=1_001, output=77)
    for context in ({}, {"service_tier": "auto"}, {"service_tier": "flex"}):
        wanted = genai_prices.calc_price(
            theirs(usage),
            model,
            provider_id="azure",
            genai_request_timestamp=moment,
            price_context=context or None,
        )
        rate = book.rate("azure", model, from_datetime(moment), context=tuple(context.items()))
        assert rate.cost(usage) == Money.ceil(wanted.total_price)
