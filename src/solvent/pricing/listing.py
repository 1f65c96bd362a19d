"""Listings: one model of the genai-prices catalog, with its dated, timed and chosen prices, as exact fractions.

The only file that knows the shape of that package's records. Which price holds is decided exactly as
``genai_prices.calc_price`` does, which is the oracle of the tests.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import Final, TypeAlias

from genai_prices.types import (
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    PriceVariant,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)

from solvent.domain.clock import US_PER_S, from_datetime
from solvent.errors import ModelUnpriced
from solvent.pricing.sheet import ALWAYS, REQUESTS, Sheet

Context: TypeAlias = tuple[tuple[str, str], ...]
Choice: TypeAlias = tuple[int, tuple[int, ...]]
"""Which of a listing's prices holds: the index of the standard price and those of the variants over it."""

_DAY_US: Final = 86_400 * US_PER_S
_PER_MILLION: Final = Fraction(10**9, 10**6)
_PER_THOUSAND: Final = Fraction(10**9, 10**3)

_COUNTED: Final[Mapping[str, tuple[str, Fraction]]] = {
    "input_mtok": ("input", _PER_MILLION),
    "input_audio_mtok": ("input_audio", _PER_MILLION),
    "input_image_mtok": ("input_image", _PER_MILLION),
    "input_video_mtok": ("input_video", _PER_MILLION),
    "cache_read_mtok": ("cached_input", _PER_MILLION),
    "cache_audio_read_mtok": ("cached_audio", _PER_MILLION),
    "cache_image_read_mtok": ("cached_image", _PER_MILLION),
    "cache_write_mtok": ("cache_write_5m", _PER_MILLION),
    "cache_write_5m_mtok": ("cache_write_5m", _PER_MILLION),
    "cache_write_1h_mtok": ("cache_write_1h", _PER_MILLION),
    "output_mtok": ("output", _PER_MILLION),
    "output_reasoning_mtok": ("reasoning", _PER_MILLION),
    "output_audio_mtok": ("output_audio", _PER_MILLION),
    "output_image_mtok": ("output_image", _PER_MILLION),
    "web_searches_kcount": ("web_searches", _PER_THOUSAND),
    "storage_searches_kcount": ("file_searches", _PER_THOUSAND),
    "requests_kcount": (REQUESTS, _PER_THOUSAND),
}

_NEVER_USED: Final = frozenset(
    {"audio_hours", "input_audio_hours", "output_audio_hours", "output_video_mtok"}
)
"""Prices of what no call in solvent's dialects is billed for beside its tokens."""


@dataclass(frozen=True, slots=True)
class When:
    """The instants at which a listed price holds: from an instant on, or daily between two times, UTC."""

    from_us: int | None = None
    daily_us: tuple[int, int] | None = None

    def holds(self, at_us: int) -> bool:
        """Return whether *at_us* is among them; a daily stretch may pass midnight."""
        if self.from_us is not None and at_us < self.from_us:
            return False
        if self.daily_us is None:
            return True
        start, end = self.daily_us
        now = at_us % _DAY_US
        return start <= now < end if start <= end else now >= start or now < end


@dataclass(frozen=True, slots=True)
class Listing:
    """A model of the catalog: standard prices, the later before the earlier, and variants for a context."""

    model: str
    context_tokens: int | None
    standard: tuple[tuple[When, ModelPrice], ...]
    variants: tuple[tuple[When, ModelPrice], ...]

    def choice(self, at_us: int) -> Choice:
        """Return which prices hold at *at_us*; where no condition does, the first of the catalog."""
        holding = (index for index, (when, _) in enumerate(self.standard) if when.holds(at_us))
        last = len(self.standard) - 1
        chosen = tuple(index for index, (when, _) in enumerate(self.variants) if when.holds(at_us))
        return next(holding, last), chosen

    def sheet(self, choice: Choice) -> Sheet:
        """Return the prices of *choice*.

        Raises:
            ModelUnpriced: there are none, or one is not a price, or is for what solvent cannot count.
        """
        index, chosen = choice
        merged: dict[str, Decimal | TieredPrices] = {}
        for variant in chosen:
            merged = _stated(self.variants[variant][1]) | merged
        return _sheet(self.model, _stated(self.standard[index][1]) | merged)


def listing(model: ModelInfo, context: Context, *, own: bool) -> Listing:
    """Return the listing of *model* for callers who chose *context*.

    *own* is false where another provider's price stands in: its variants are not this provider's.

    Raises:
        ModelUnpriced: the catalog knows the model, but no price for it.
    """
    prices = model.prices if isinstance(model.prices, list) else [ConditionalPrice(prices=model.prices)]
    if not prices:
        raise _unpriced(model.id, "the catalog lists it without a price")
    chosen = dict(context)
    variants = tuple(
        (_when(variant.constraint), variant.prices)
        for variant in (model.price_variants or () if own else ())
        if _selected(variant, chosen)
    )
    standard = tuple((_when(price.constraint), price.prices) for price in reversed(prices))
    return Listing(model.id, model.context_window, standard, variants)


def contexts(model: ModelInfo) -> frozenset[tuple[str, str]]:
    """Return the choices that select another price of *model*."""
    return frozenset(pair for variant in model.price_variants or () for pair in variant.when.items())


def _selected(variant: PriceVariant, chosen: Mapping[str, str]) -> bool:
    return all(chosen.get(key) == value for key, value in variant.when.items())


def _when(constraint: StartDateConstraint | TimeOfDateConstraint | None) -> When:
    if constraint is None:
        return When()
    if isinstance(constraint, StartDateConstraint):
        return When(from_us=from_datetime(datetime.combine(constraint.start_date, time(), UTC)))
    return When(daily_us=(_time_of_day_us(constraint.start_time), _time_of_day_us(constraint.end_time)))


def _time_of_day_us(moment: time) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return from_datetime(datetime.combine(datetime(1970, 1, 2, tzinfo=UTC), aware)) % _DAY_US


def _stated(price: ModelPrice) -> dict[str, Decimal | TieredPrices]:
    return {key: value for key, value in vars(price).items() if value is not None}


def _sheet(model: str, prices: Mapping[str, Decimal | TieredPrices]) -> Sheet:
    if not prices:
        raise _unpriced(model, "the catalog lists it without a price")
    for key in prices:
        if key not in _COUNTED and key not in _NEVER_USED:
            raise _unpriced(model, f"the catalog prices it by {key}, which solvent does not count")
    starts = {ALWAYS}
    for value in prices.values():
        if isinstance(value, TieredPrices):
            starts.update(tier.start for tier in value.tiers)
    return Sheet(tuple((start, _at(model, prices, start)) for start in sorted(starts)))


def _at(model: str, prices: Mapping[str, Decimal | TieredPrices], start: int) -> dict[str, Fraction]:
    found: dict[str, Fraction] = {}
    for key, (name, nanos) in _COUNTED.items():
        value = prices.get(key)
        if isinstance(value, TieredPrices):
            value = next((tier.price for tier in reversed(value.tiers) if tier.start <= start), value.base)
        if value is None:
            continue
        if not value.is_finite() or value < 0:
            raise _unpriced(model, f"the catalog says {key} = {value}")
        found[name] = Fraction(value) * nanos
    return found


def _unpriced(model: str, why: str) -> ModelUnpriced:
    return ModelUnpriced(
        f"{model!r} has no price that can be used: {why}; declare one in the operator's price file "
        f"([[price]] model = {model!r}), or free = true if it costs nothing"
    )
