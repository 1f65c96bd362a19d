"""Prices as people read them: dollars per million, and the account of one call, exact to the last digit."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from typing import Final

from rich.table import Table

from solvent.cli.screen import figures, table, words
from solvent.domain.call import Json
from solvent.domain.clock import to_iso
from solvent.domain.money import NANOS_PER_USD, Money
from solvent.domain.usage import BUCKETS, Usage
from solvent.errors import ModelUnpriced
from solvent.gateway.schemas import Amount
from solvent.pricing.book import Listed, PriceBook
from solvent.pricing.operator import OperatorPrices, as_document
from solvent.pricing.rate import Rate, Step
from solvent.providers.catalog import Catalog

_MILLION: Final = 1_000_000
_EXACT: Final = Context(prec=80)
_TARGET: Final = ("deployment", "provider", "model")
_SHOWN: Final = ("input", "cached_input", "output")


@dataclass(frozen=True, slots=True)
class Offer:
    """A listed model and its rate, None where the list has no price that solvent can charge."""

    listed: Listed
    rate: Rate | None


@dataclass(frozen=True, slots=True)
class Part:
    """One bucket of a call: its count, its price and what it comes to, in dollars as exact decimal text."""

    bucket: str
    count: int
    usd_per_million: str
    usd: str


@dataclass(frozen=True, slots=True)
class Account:
    """How the cost of one call comes about. ``usd`` is the exact sum, ``cost_nanos`` what is charged."""

    rate: Rate
    tier: str
    parts: tuple[Part, ...]
    usd: str
    cost_nanos: int


def offers(
    book: PriceBook, catalog: Catalog, text: str, provider: str | None, at_us: int
) -> tuple[Offer, ...]:
    """Return the listed models with *text* in their name, and their rates at *at_us*."""
    sources = {row.price_source for row in catalog.providers if row.name == provider} | {provider}
    found = (listed for listed in book.search(text) if provider is None or listed.source in sources)
    return tuple(Offer(listed, _rate(book, listed, at_us)) for listed in found)


def offers_table(found: Sequence[Offer]) -> Table:
    """Return *found* as a table, in dollars per million tokens."""
    drawn = table(
        words("model"),
        *(figures(name.replace("_", " ")) for name in _SHOWN),
        figures("context"),
        words("price"),
        title="Dollars for a million tokens",
    )
    for offer in found:
        listed, rate = offer.listed, offer.rate
        context = "–" if listed.context_tokens is None else f"{listed.context_tokens:,}"
        prices = {} if rate is None else _prices(rate, rate.steps[0])
        version = "none" if rate is None else f"{rate.version}{_tiers(rate)}"
        drawn.add_row(
            f"{listed.source}/{listed.model}", *(prices.get(name, "–") for name in _SHOWN), context, version
        )
    return drawn


def offer_document(offer: Offer) -> Json:
    """Return *offer* as a JSON object: a step for each tier, its prices in dollars per million."""
    listed, rate = offer.listed, offer.rate
    steps = [] if rate is None else [(step.above_tokens, _prices(rate, step)) for step in rate.steps]
    return {
        "provider": listed.source,
        "model": listed.model,
        "context_tokens": listed.context_tokens,
        "version": None if rate is None else rate.version,
        "steps": [{"above_tokens": max(0, above), "usd_per_million": prices} for above, prices in steps],
    }


def declared_table(own: OperatorPrices, title: str) -> Table:
    """Return the operator's rows as a table: for what, from when, and what they say."""
    drawn = table(words("for"), words("from"), words("says"), title=title)
    rows: list[Json] = [*as_document(own)["price"], *as_document(own)["factor"]]
    for row in rows:
        target = "/".join(row[name] for name in _TARGET if name in row)
        told = {name: value for name, value in row.items() if name not in (*_TARGET, "from")}
        says = ", ".join(f"{name} {value}" for name, value in told.items())
        drawn.add_row(target, row.get("from", "ever"), says)
    return drawn


def account(rate: Rate, usage: Usage) -> Account:
    """Return how *usage* is charged at *rate*.

    Raises:
        ModelUnpriced: a bucket that is used has no price.
    """
    step = rate.reachable(usage.input_tokens)[-1]
    parts = [
        (bucket, count, Fraction(rate.price(step, index), rate.scale))
        for index, (bucket, count) in enumerate(zip(BUCKETS, usage.counts(), strict=True))
        if count
    ]
    if step.per_request:
        parts.append(("request", 1, Fraction(step.per_request, rate.scale)))
    exact_nanos = sum((count * each for _, count, each in parts), Fraction(0))
    return Account(
        rate=rate,
        tier=_tier(rate, step),
        parts=tuple(
            Part(bucket, count, _usd(each * _MILLION), _usd(count * each)) for bucket, count, each in parts
        ),
        usd=_usd(exact_nanos),
        cost_nanos=rate.cost(usage),
    )


def account_document(told: Account, at_us: int) -> Json:
    """Return *told* as a JSON object."""
    return {
        "model": told.rate.name,
        "at": to_iso(at_us),
        "version": told.rate.version,
        "tier": told.tier,
        "parts": [
            {
                "bucket": part.bucket,
                "count": part.count,
                "usd_per_million": part.usd_per_million,
                "usd": part.usd,
            }
            for part in told.parts
        ],
        "exact_usd": told.usd,
        "cost": Amount.of(told.cost_nanos),
    }


def _rate(book: PriceBook, listed: Listed, at_us: int) -> Rate | None:
    try:
        return book.rate(listed.source, listed.model, at_us)
    except ModelUnpriced:
        return None


def _prices(rate: Rate, step: Step) -> dict[str, str]:
    """Return the price of each bucket that has one."""
    return {
        bucket: _usd(Fraction(price * _MILLION, rate.scale))
        for bucket, price in zip(BUCKETS, step.prices, strict=True)
        if price is not None
    }


def _tiers(rate: Rate) -> str:
    return f"; dearer above {rate.steps[1].above_tokens:,} input tokens" if len(rate.steps) > 1 else ""


def _tier(rate: Rate, step: Step) -> str:
    if len(rate.steps) == 1:
        return "one tier, whatever the size"
    if step is rate.steps[0]:
        return f"tier up to {rate.steps[1].above_tokens:,} input tokens"
    return f"tier above {step.above_tokens:,} input tokens, for the whole call"


def _usd(nanos: Fraction) -> str:
    """Return dollars for *nanos*; prices come from decimals, so the division ends."""
    if nanos.denominator == 1:
        return Money.plain(nanos.numerator)
    usd = _EXACT.divide(Decimal(nanos.numerator), Decimal(nanos.denominator * NANOS_PER_USD))
    return format(usd.normalize(_EXACT), "f")
