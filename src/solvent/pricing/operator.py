"""The operator's own prices: a TOML file of dated rows and negotiated factors. ``declare`` writes it.

::

    [[price]]                    # dollars per million tokens, by bucket of usage
    model = "llama-3.3-70b"      # or "llama-*"; and/or provider, deployment
    from = 2026-01-01            # a date or an instant, UTC where no offset is given; absent: always
    input = "0.15"
    output = "0.60"

    [[price]]
    provider = "ollama"
    free = true                  # zero is never assumed: it is said

    [[factor]]                   # what was negotiated off the catalog's prices
    provider = "azure"
    factor = "0.85"
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from solvent.domain.clock import from_datetime
from solvent.domain.money import NANOS_PER_USD
from solvent.domain.usage import BUCKETS
from solvent.errors import ConfigurationError
from solvent.pricing.rate import DECLARED_AS
from solvent.pricing.sheet import ALWAYS, CLASSES, REQUESTS, Sheet

_FEES: Final[Mapping[str, str]] = {key: name for name, key in DECLARED_AS.items()} | {"per_request": REQUESTS}
_TOKENS: Final = tuple(name for name in BUCKETS if name not in DECLARED_AS)
_TOKENS_PER_PRICE: Final = 10**6


def _exact(value: object) -> object:
    if isinstance(value, bool | float):
        raise ValueError("a price is a decimal number, best written as text")  # noqa: TRY004 - pydantic reads it
    return value


Price: TypeAlias = Annotated[
    Decimal, BeforeValidator(_exact), Field(ge=0, le=1_000_000, max_digits=24, decimal_places=18)
]
Factor: TypeAlias = Annotated[
    Decimal, BeforeValidator(_exact), Field(gt=0, le=10, max_digits=20, decimal_places=18)
]
Name: TypeAlias = Annotated[str, Field(max_length=255, pattern=r"^\S.*\S$|^\S?$")]
Moment: TypeAlias = datetime | date


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class TokenPrices(_Strict):
    """Dollars per million tokens of each bucket; what is left out takes its stand-in or stays unpriced."""

    input: Price | None = None
    input_audio: Price | None = None
    input_image: Price | None = None
    input_video: Price | None = None
    cached_input: Price | None = None
    cached_audio: Price | None = None
    cached_image: Price | None = None
    cache_write_5m: Price | None = None
    cache_write_1h: Price | None = None
    output: Price | None = None
    reasoning: Price | None = None
    output_audio: Price | None = None
    output_image: Price | None = None

    def own(self) -> dict[str, Fraction]:
        """Return the stated prices in nano-dollars per token."""
        stated = {name: getattr(self, name) for name in _TOKENS}
        return {
            name: Fraction(price) * NANOS_PER_USD / _TOKENS_PER_PRICE
            for name, price in stated.items()
            if price is not None
        }


class Above(TokenPrices):
    """Prices of a call with more than ``input_tokens`` input tokens: for the whole call."""

    input_tokens: int = Field(ge=1, le=10**9, strict=True)


class _Target(_Strict):
    """What a row is for: every name that is given must match."""

    model: Name = ""
    provider: Name = ""
    deployment: Name = ""
    from_: Moment | None = Field(default=None, alias="from")

    @property
    def from_us(self) -> int:
        """The instant from which the row holds; 0 where it always did."""
        if self.from_ is None:
            return 0
        if isinstance(self.from_, datetime):
            return from_datetime(self.from_)
        return from_datetime(datetime.combine(self.from_, time()))

    def weight(self, asked: "Asked") -> tuple[int, ...] | None:
        """Return how closely the row names what is *asked*, the closest greatest; None where it does not."""
        exact = self.model.lower() == asked.model.lower()
        stem = self.model.lower().removesuffix("*") if self.model.endswith("*") else None
        if self.model and not exact and (stem is None or not asked.model.lower().startswith(stem)):
            return None
        if self.provider and self.provider not in (asked.provider, asked.source):
            return None
        if self.deployment and self.deployment != asked.deployment:
            return None
        named = len(stem or "") if not exact else len(self.model) + 1
        return (bool(self.deployment), bool(self.model), named, bool(self.provider))


class PriceRow(_Target, TokenPrices):
    """One dated price. Without ``input`` and ``output`` it completes the catalog's price, else it replaces it."""

    when: dict[str, str] = Field(default_factory=dict)
    context_tokens: int | None = Field(default=None, ge=1, le=10**9, strict=True)
    free: Literal[True] | tuple[str, ...] | None = None
    per_request: Price | None = None
    per_web_search: Price | None = None
    per_file_search: Price | None = None
    above: tuple[Above, ...] = ()

    @model_validator(mode="after")
    def _says_something(self) -> "PriceRow":
        if not (self.model or self.provider or self.deployment):
            raise ValueError("name a model, a provider or a deployment")
        stated = self._base()
        unknown = [name for name in self._free() if name not in CLASSES]
        if unknown:
            raise ValueError(
                f"free names {', '.join(unknown)}; it can be true or any of {', '.join(CLASSES)}"
            )
        if not stated and not self.free:
            raise ValueError("state at least one price, or free = true")
        if self.free is True and (stated or self.above):
            raise ValueError("free = true leaves no room for a price")
        zeros = [name for name, price in self._all() if price == 0 or (price > 0 and name in self._free())]
        if zeros:
            raise ValueError(
                f"{', '.join(sorted(set(zeros)))}: a class is either priced above zero or listed in free"
            )
        return self

    def _free(self) -> tuple[str, ...]:
        return CLASSES if self.free is True else (self.free or ())

    def _base(self) -> dict[str, Fraction]:
        fees = {name: getattr(self, key) for key, name in _FEES.items()}
        return self.own() | {
            name: Fraction(fee) * NANOS_PER_USD for name, fee in fees.items() if fee is not None
        }

    def _all(self) -> list[tuple[str, Fraction]]:
        return [*self._base().items(), *(pair for step in self.above for pair in step.own().items())]

    @property
    def complete(self) -> bool:
        """Whether the row is a price by itself, and not a completion of the catalog's."""
        return self.free is True or "input" in self._named() or "output" in self._named()

    def _named(self) -> frozenset[str]:
        return frozenset(self._base()) | frozenset(self._free())

    def sheet(self) -> Sheet:
        """Return the row's prices."""
        base = self._base() | dict.fromkeys(self._free(), Fraction(0))
        found = [(ALWAYS, base)]
        for step in sorted(self.above, key=lambda above: above.input_tokens):
            found.append((step.input_tokens, {**found[-1][1], **step.own()}))
        return Sheet(tuple(found))


class FactorRow(_Target):
    """What the catalog's prices are multiplied by; the operator's own prices are not."""

    factor: Factor


class _File(_Strict):
    price: tuple[PriceRow, ...] = ()
    factor: tuple[FactorRow, ...] = ()

    @model_validator(mode="after")
    def _says_it_once(self) -> "_File":
        for kind, rows in (("price", self.price), ("factor", self.factor)):
            seen: dict[object, int] = {}
            for number, row in enumerate(rows, 1):
                when = tuple(sorted(row.when.items())) if isinstance(row, PriceRow) else ()
                key = (row.model.lower(), row.provider, row.deployment, row.from_us, when)
                if key in seen:
                    raise ValueError(
                        f"{kind} {number} names what {kind} {seen[key]} does, from the same instant; "
                        "give the new one a later from"
                    )
                seen[key] = number
        return self


@dataclass(frozen=True, slots=True)
class Asked:
    """For what a price is wanted: *source* is the catalog's provider, *provider* solvent's."""

    source: str
    model: str
    context: tuple[tuple[str, str], ...] = ()
    provider: str = ""
    deployment: str = ""


@dataclass(frozen=True, slots=True)
class OperatorPrices:
    """The rows of one file, in its order."""

    prices: tuple[PriceRow, ...] = ()
    factors: tuple[FactorRow, ...] = ()

    @classmethod
    def parse(cls, text: str, name: str = "prices.toml") -> "OperatorPrices":
        """Return the prices that *text* declares; *name* is used in messages.

        Raises:
            ConfigurationError: not TOML, an unknown key, or a value that is no price; says where.
        """
        try:
            document = tomllib.loads(text, parse_float=Decimal)
        except tomllib.TOMLDecodeError as error:
            raise ConfigurationError(f"{name} is not TOML: {error}") from error
        try:
            file = _File.model_validate(document)
        except ValidationError as error:
            raise ConfigurationError(_explain(error, text, name)) from error
        return cls(file.price, file.factor)

    @classmethod
    def load(cls, path: Path) -> "OperatorPrices":
        """Return the prices declared in the file at *path*.

        Raises:
            ConfigurationError: it cannot be read, or as for ``parse``.
        """
        try:
            return cls.parse(path.read_text(encoding="utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"the price file {path} cannot be read: {error}") from error

    def rows(self, asked: Asked) -> tuple[PriceRow, ...]:
        """Return the rows for what is *asked*, the one that decides first: closest, then latest."""
        chosen = set(asked.context)
        ranked = [
            ((*weight, len(row.when), row.from_us), row)
            for row in self.prices
            if (weight := row.weight(asked)) is not None and chosen.issuperset(row.when.items())
        ]
        return tuple(row for _, row in sorted(ranked, key=lambda pair: pair[0], reverse=True))

    def discounts(self, asked: Asked) -> tuple[FactorRow, ...]:
        """Return the factors for what is *asked*, the one that decides first."""
        ranked = [
            ((*weight, row.from_us), row) for row in self.factors if (weight := row.weight(asked)) is not None
        ]
        return tuple(row for _, row in sorted(ranked, key=lambda pair: pair[0], reverse=True))

    def contexts(self) -> frozenset[tuple[str, str]]:
        """Return the callers' choices that select a row."""
        return frozenset(pair for row in self.prices for pair in row.when.items())


def _explain(error: ValidationError, text: str, name: str) -> str:
    said = []
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        place = [part for part in problem["loc"] if not (isinstance(part, str) and "[" in part)]
        said.append(f"{_where(place, text)}{problem['msg'].removeprefix('Value error, ')}")
    return f"{name}: " + "; ".join(said)


def _where(place: list[int | str], text: str) -> str:
    if not place:
        return ""
    if len(place) == 1 or not isinstance(place[1], int):
        return f"{place[0]}: "
    kind, index, *rest = place
    lines = [
        number
        for number, line in enumerate(text.splitlines(), 1)
        if re.match(rf"\s*\[\[\s*{re.escape(str(kind))}\s*\]\]", line)
    ]
    line = f" (line {lines[index]})" if isinstance(index, int) and index < len(lines) else ""
    number = index + 1 if isinstance(index, int) else index
    return f"{kind} {number}{line}: " + (f"{'.'.join(map(str, rest))}: " if rest else "")


def as_document(prices: OperatorPrices) -> dict[str, list[dict[str, Any]]]:
    """Return the rows as plain values, for showing them."""
    return {
        "price": [row.model_dump(mode="json", by_alias=True, exclude_defaults=True) for row in prices.prices],
        "factor": [
            row.model_dump(mode="json", by_alias=True, exclude_defaults=True) for row in prices.factors
        ],
    }
