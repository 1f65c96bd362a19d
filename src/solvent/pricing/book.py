"""The price book: the catalog and the operator's prices, asked for the rate of a model at an instant."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

from genai_prices.data import providers as bundled_providers
from genai_prices.types import ModelInfo, Provider

from solvent.domain.clock import to_datetime
from solvent.errors import ModelUnpriced
from solvent.pricing.listing import Choice, Context, Listing, contexts, listing
from solvent.pricing.models import traits
from solvent.pricing.operator import Asked, FactorRow, OperatorPrices, PriceRow
from solvent.pricing.rate import Rate
from solvent.pricing.refresh import read_snapshot
from solvent.pricing.sheet import EMPTY

_REMEMBERED: Final = 4096
_MAX_NAME: Final = 255
_NO_DEARER: Final = frozenset(
    (
        "auto",
        "batch",
        "default",
        "flex",
        "global",
        "normal",
        "not_available",
        "on_demand",
        "standard",
        "standard_only",
    )
)


@dataclass(frozen=True, slots=True)
class Listed:
    """A model that the catalog has a price for."""

    source: str
    model: str
    context_tokens: int | None


class PriceBook:
    """Every price there is. Immutable; lookups are remembered, so that pricing a call costs microseconds."""

    def __init__(
        self, providers: Sequence[Provider], label: str, operator: OperatorPrices | None = None
    ) -> None:
        self._providers = providers
        self._label = label
        self._operator = operator or OperatorPrices()
        self._contexts = self._operator.contexts().union(
            *(contexts(model) for provider in providers for model in provider.models)
        )
        self._tariff = lru_cache(_REMEMBERED)(self._find)

    @classmethod
    def bundled(cls) -> "PriceBook":
        """Return the catalog that comes with the installed genai-prices; no network is used, ever."""
        return cls(bundled_providers, f"genai-prices {version('genai-prices')}")

    @classmethod
    def load(cls, path: Path) -> "PriceBook":
        """Return the catalog that ``refresh`` kept at *path*.

        Raises:
            ConfigurationError: the file cannot be read, is broken, or is older than the bundled catalog.
        """
        snapshot = read_snapshot(path)
        return cls(snapshot.providers, f"genai-prices {to_datetime(snapshot.fetched_us):%Y-%m-%d}")

    def with_operator(self, prices: OperatorPrices) -> "PriceBook":
        """Return the same catalog with the operator's *prices* over it."""
        return PriceBook(self._providers, self._label, prices)

    def rate(
        self,
        source: str,
        model: str,
        at_us: int,
        *,
        context: Context = (),
        provider: str = "",
        deployment: str = "",
    ) -> Rate:
        """Return the rate of *model* at *at_us*, microseconds since the epoch.

        *source* is the catalog's name for the provider, *provider* and *deployment* are solvent's own.
        *context* are the caller's choices that may select another price. One that the catalog does not know
        changes nothing where it is known to cost no more, and is refused otherwise.

        Raises:
            ModelUnpriced: no price is known; the message says how to declare one.
        """
        if len(model) > _MAX_NAME:
            raise ModelUnpriced(f"no model's name is longer than {_MAX_NAME} characters; got {len(model)}")
        chosen = tuple(sorted(pair for pair in context if pair in self._contexts or _may_cost_more(pair)))
        rate = self._tariff(Asked(source, model, chosen, provider, deployment)).at(at_us)
        if not chosen:
            return rate
        try:
            standard = self._tariff(Asked(source, model, (), provider, deployment)).at(at_us)
        except ModelUnpriced:
            return rate
        return replace(rate, instead=standard)

    def search(self, text: str) -> tuple[Listed, ...]:
        """Return the catalog's models whose provider or name contains *text*, in any case."""
        wanted = text.lower().strip()
        return tuple(
            Listed(provider.id, model.id, model.context_window)
            for provider in self._providers
            for model in provider.models
            if wanted in f"{provider.id}/{model.id}".lower()
        )

    def _find(self, asked: Asked) -> "_Tariff":
        found, refusal = None, ""
        try:
            found = self._listed(asked)
        except ModelUnpriced as error:
            refusal = error.message
        rows, discounts = self._operator.rows(asked), self._operator.discounts(asked)
        return _Tariff(asked, self._label, rows, discounts, found=found, refusal=refusal)

    def _listed(self, asked: Asked) -> Listing:
        own = self._provider(asked.source)
        if own is None:
            raise _unknown(asked, f"the catalog has no provider {asked.source!r}")
        model = own.find_model(asked.model, all_providers=list(self._providers))
        if model is None:
            raise _unknown(asked, f"the catalog ({self._label}) does not list it")
        listed_here = _among(model, own.models)
        known = self._operator.contexts() | (contexts(model) if listed_here else frozenset())
        unpriced = [
            f"{key}={value}"
            for key, value in asked.context
            if _may_cost_more((key, value)) and (key, value) not in known
        ]
        if unpriced:
            raise _unknown(asked, f"the catalog ({self._label}) has no price for {', '.join(unpriced)}")
        return listing(model, asked.context, own=listed_here)

    def _provider(self, source: str) -> Provider | None:
        return next((provider for provider in self._providers if provider.id == source), None)


class _Tariff:
    """All that is ever charged for one question; compiles each price once, when it is first asked for."""

    def __init__(
        self,
        asked: Asked,
        label: str,
        rows: tuple[PriceRow, ...],
        discounts: tuple[FactorRow, ...],
        *,
        found: Listing | None,
        refusal: str,
    ) -> None:
        self._asked = asked
        self._label = label
        self._rows = rows
        self._discounts = discounts
        self._found = found
        self._refusal = refusal
        self._rows_from_us = tuple(row.from_us for row in rows)
        self._discounts_from_us = tuple(row.from_us for row in discounts)
        self._complete = tuple(row.complete for row in rows)
        self._rates: dict[tuple[int, int, Choice | None], Rate] = {}

    def at(self, at_us: int) -> Rate:
        row = _in_force(self._rows_from_us, at_us)
        if row >= 0 and self._complete[row]:
            key: tuple[int, int, Choice | None] = (row, -1, None)
        elif self._found is None:
            raise ModelUnpriced(self._refusal)
        else:
            key = (row, _in_force(self._discounts_from_us, at_us), self._found.choice(at_us))
        rate = self._rates.get(key)
        if rate is None:
            rate = self._rates[key] = self._compile(*key)
        return rate

    def _compile(self, row: int, discount: int, choice: Choice | None) -> Rate:
        own = self._rows[row] if row >= 0 else None
        if choice is None or self._found is None:
            sheet, parts, context_tokens = EMPTY, [], None
        else:
            sheet, parts = self._found.sheet(choice), [self._label]
            context_tokens = self._found.context_tokens
        if discount >= 0:
            factor = self._discounts[discount].factor
            sheet = sheet.times(Fraction(factor))
            parts.append(f"×{factor.normalize():.6g}")
        if own is not None:
            sheet = sheet.under(own.sheet())
            context_tokens = own.context_tokens or context_tokens
            parts.append("operator" if parts or own.from_ is None else f"operator {own.from_:%Y-%m-%d}")
        asked = self._asked
        name = f"{asked.provider or asked.source}/{asked.model}"
        rate = sheet.compiled(name, " ".join(parts), context_tokens, traits(asked.source, asked.model))
        return replace(rate, declared=own is not None or discount >= 0)


def _in_force(from_us: Sequence[int], at_us: int) -> int:
    """Return the index of the first row that holds at *at_us*, -1 where none does."""
    return next((index for index, start_us in enumerate(from_us) if start_us <= at_us), -1)


def _may_cost_more(pair: tuple[str, str]) -> bool:
    """Say whether a choice may be dearer than the standard price; these words are the ones that are not."""
    return pair[1].lower() not in _NO_DEARER


def _unknown(asked: Asked, why: str) -> ModelUnpriced:
    return ModelUnpriced(
        f"{asked.provider or asked.source}/{asked.model} has no price: {why}; declare one in the operator's "
        f"price file ([[price]] model = {json.dumps(asked.model)}), or free = true if it costs nothing"
    )


def _among(model: ModelInfo, models: Iterable[ModelInfo]) -> bool:
    return any(model is other for other in models)
