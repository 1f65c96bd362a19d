"""The card: an additive, monotone logistic model of ten readable features, kept as data.

A card is a JSON file: for each feature a curve of points (log-odds), straight between its knots and level beyond
them. The probability is the logistic function of their sum, so that each contribution is exact. Fitting is in
``fit``; nothing here needs more than the standard library and pydantic.
"""

import math
from bisect import bisect_right
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple, Self

from pydantic import Field, PrivateAttr, ValidationError, model_validator

from solvent.errors import ConfigurationError
from solvent.risk.features import KIND, Features, Kind
from solvent.risk.records import Contradiction, Record

DEFAULT_CARD: Final = "default-1"
PLAUSIBLE_LOG_ODDS: Final = 12.0
"""Beyond this a probability is closer to 0 or 1 than any number of invoices could show."""

Finite = Annotated[float, Field(allow_inf_nan=False)]
Points = Annotated[float, Field(ge=-PLAUSIBLE_LOG_ODDS, le=PLAUSIBLE_LOG_ODDS, allow_inf_nan=False)]
Words = Annotated[str, Field(min_length=1, max_length=1000)]


class Curve(Record):
    """What one feature adds to the log-odds.

    Points are measured from an average customer of the fit; a value that is unknown adds nothing. *origin* says
    whether data stand behind the points (*fitted*), a least slope that was asked for (*held*) or judgement alone.

    Raises:
        ValidationError: the points turn against the feature's direction, or the knots are not in order.
    """

    feature: str
    knots: tuple[Finite, ...] = Field(min_length=2, max_length=32)
    points: tuple[Points, ...]
    origin: Literal["fitted", "held", "judged"]
    _places: tuple[float, ...] = PrivateAttr(default=())

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        kind = KIND.get(self.feature)
        if kind is None:
            raise Contradiction("feature", f"{self.feature!r} is none of {', '.join(KIND)}")
        if len(self.points) != len(self.knots):
            raise Contradiction("points", f"{len(self.points)} points for {len(self.knots)} knots")
        places = tuple(kind.place(knot) for knot in self.knots)
        if any(left >= right for left, right in pairwise(places)):
            raise Contradiction("knots", "not in rising order")
        sign = 1 if kind.more == "raises" else -1
        if any(sign * left > sign * right for left, right in pairwise(self.points)):
            raise Contradiction("points", f"more of {self.feature} must never act against its direction")
        self._places = places
        return self

    @property
    def kind(self) -> Kind:
        """The feature that it weighs."""
        return KIND[self.feature]

    def at(self, value: float | None) -> float:
        """Return what *value* adds to the log-odds of an average customer."""
        if value is None:
            return 0.0
        place = self.kind.place(value)
        right = bisect_right(self._places, place)
        if right == 0:
            return self.points[0]
        if right == len(self._places):
            return self.points[-1]
        start, end = self._places[right - 1 : right + 1]
        share = (place - start) / (end - start)
        return self.points[right - 1] + share * (self.points[right] - self.points[right - 1])


class Calibration(Record):
    """Log-odds of the card = *slope* × sum + *offset*, fitted on customers that the curves had not seen."""

    slope: Annotated[float, Field(gt=0, le=10)] = 1.0
    offset: Points = 0.0


class Source(Record):
    """What a card was fitted on: enough to find the data, check them, and know what they are not."""

    name: Words
    population: Words
    event: Words
    customers: Annotated[int, Field(ge=1)]
    base_rate: Annotated[float, Field(gt=0, lt=1)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    reference: Words | None = None
    licence: Words | None = None


class Contribution(NamedTuple):
    """What one feature adds to the log-odds of an average customer."""

    feature: str
    log_odds: float


class Card(Record):
    """A card, by its *version*; *intercept* is the log-odds of an average customer of the fit.

    Raises:
        ValidationError: a feature stands on it twice, or a curve is not monotone.
    """

    version: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
    event: Words
    intercept: Points
    calibration: Calibration = Calibration()
    curves: tuple[Curve, ...] = Field(min_length=1)
    fitted_on: Source

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        names = [curve.feature for curve in self.curves]
        if len(set(names)) < len(names):
            raise Contradiction("curves", "a feature stands on the card twice")
        return self

    def contributions(self, features: Features) -> tuple[Contribution, ...]:
        """Return what each feature adds; with the average customer's log-odds they sum to ``log_odds``."""
        slope = self.calibration.slope
        return tuple(
            Contribution(curve.feature, slope * curve.at(getattr(features, curve.feature)))
            for curve in self.curves
        )

    @property
    def average_log_odds(self) -> float:
        """The calibrated log-odds of an average customer of the fit."""
        return self.calibration.slope * self.intercept + self.calibration.offset

    def log_odds(self, features: Features) -> float:
        """Return the calibrated log-odds of the event."""
        return self.average_log_odds + math.fsum(each.log_odds for each in self.contributions(features))

    def shift(self, feature: str, before: float, after: float) -> float:
        """Return by how much the log-odds move when one feature goes from *before* to *after*."""
        found = [curve for curve in self.curves if curve.feature == feature]
        return self.calibration.slope * math.fsum(curve.at(after) - curve.at(before) for curve in found)


def probability(log_odds: float) -> float:
    """Return the probability that *log_odds* stand for; never outside 0 … 1, never an overflow."""
    if log_odds >= 0:
        return 1 / (1 + math.exp(-log_odds))
    odds = math.exp(log_odds)
    return odds / (1 + odds)


def default_card() -> Card:
    """Return the card that comes with solvent."""
    text = files("solvent.risk").joinpath("cards", f"{DEFAULT_CARD}.json").read_text(encoding="utf-8")
    return Card.model_validate_json(text)


def read_card(path: Path) -> Card:
    """Return the card in the JSON file at *path*.

    Raises:
        ConfigurationError: it cannot be read, or is not a card.
    """
    try:
        return Card.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"The card {path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(f"{path} is not a card: {where}: {first['msg']}") from error
