"""The assessment of one customer: a pure function of history, date and card.

No I/O, no clock, no language model. Everything after the features is a function of the features and the card
alone, so that an assessment is repeated exactly from what its audit kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from solvent.errors import ConfigurationError
from solvent.risk.card import Card, probability
from solvent.risk.estimates import Priors
from solvent.risk.features import KIND, NO_TYPICAL, Direction, Features, Rate, read_features
from solvent.risk.metrics import DEFAULT_PRIORS, Metrics, measure
from solvent.risk.records import Contradiction, History, Record

Level = Literal["low", "medium", "high", "critical", "unknown"]
Evidence = Literal["none", "thin", "fair", "strong"]

MAX_REASONS: Final = 4
SMALLEST_REASON: Final = 0.01
"""A contribution below this moves no probability by more than a quarter of a percent point: it is no reason."""
FAIR_FROM: Final = 5
STRONG_FROM: Final = 12


@dataclass(frozen=True, slots=True)
class Levels:
    """The probabilities from which a risk is *medium*, *high* and *critical*; below the first it is low.

    Raises:
        ConfigurationError: they do not rise between 0 and 1.
    """

    medium: float = 0.20
    high: float = 0.45
    critical: float = 0.75

    def __post_init__(self) -> None:
        if not 0 < self.medium < self.high < self.critical < 1:
            told = f"{self.medium}, {self.high}, {self.critical}"
            raise ConfigurationError(f"Levels of risk must rise between 0 and 1, not {told}")

    def of(self, late_probability: float) -> Level:
        """Return the level of a probability."""
        if late_probability >= self.critical:
            return "critical"
        if late_probability >= self.high:
            return "high"
        return "medium" if late_probability >= self.medium else "low"


DEFAULT_LEVELS: Final = Levels()


class Interval(Record):
    """A figure and the bounds of its 90 % interval."""

    value: Annotated[float, Field(allow_inf_nan=False)]
    low: Annotated[float, Field(allow_inf_nan=False)]
    high: Annotated[float, Field(allow_inf_nan=False)]

    @model_validator(mode="after")
    def _agrees(self) -> "Interval":
        if not self.low <= self.value <= self.high:
            raise Contradiction("value", f"{self.value} lies outside {self.low} … {self.high}")
        return self


class Reason(Record):
    """One of the features that moved the score most, from what an average customer has.

    *code* is the feature's id and never changes its meaning; *log_odds* is its exact contribution; *numbers* are
    fields of the features.
    """

    code: str
    effect: Direction
    log_odds: Annotated[float, Field(allow_inf_nan=False)]
    words: str
    numbers: dict[str, float | int | None]


class RiskAssessment(Record):
    """Whether the next invoice of a customer will be paid late, and why.

    *late* is the probability that it is paid late, with the 90 % interval of the late rate carried through the
    card (what the card itself may be wrong by is in its report); *very_late* that it is more than 30 days late.
    *days_late* is how many days late an invoice is expected to be. *score* is the probability in whole percent.
    *level* is ``unknown`` where there is neither a matured invoice nor overdue debt; the figures are then what the
    card says of the prior. *contributions* and *average_log_odds* sum to the log-odds of *late*.
    """

    customer_id: str
    as_of: date
    score: Annotated[int, Field(ge=0, le=100)]
    level: Level
    evidence: Evidence
    late: Interval
    very_late: Rate
    days_late: Interval
    reasons: tuple[Reason, ...]
    contributions: dict[str, float]
    average_log_odds: float
    features: Features
    features_hash: str
    card_version: str


def assess(
    history: History,
    as_of: date,
    card: Card,
    *,
    priors: Priors = DEFAULT_PRIORS,
    typical_minor: Mapping[str, int] = NO_TYPICAL,
    levels: Levels = DEFAULT_LEVELS,
    grace_days: int = 0,
) -> RiskAssessment:
    """Return the assessment of a customer from what was known on *as_of*.

    Pure, and independent of the order of records; no history makes it fail. *priors* and *typical_minor* are
    those of the portfolio that the customer belongs to.

    Raises:
        ConfigurationError: the packages of the extra ``risk`` are missing.
    """
    metrics = measure(history, as_of, priors=priors, grace_days=grace_days)
    return assess_measured(history, metrics, card, typical_minor=typical_minor, levels=levels)


def assess_measured(
    history: History,
    metrics: Metrics,
    card: Card,
    *,
    typical_minor: Mapping[str, int] = NO_TYPICAL,
    levels: Levels = DEFAULT_LEVELS,
) -> RiskAssessment:
    """Return the assessment of a customer whose *metrics* are known already."""
    features = read_features(history, metrics, typical_minor=typical_minor)
    return judge(history.customer_id, features, card, levels=levels)


def judge(
    customer_id: str, features: Features, card: Card, *, levels: Levels = DEFAULT_LEVELS
) -> RiskAssessment:
    """Return the assessment that *features* and *card* lead to: the same for the same, to the last bit."""
    contributions = card.contributions(features)
    log_odds = card.log_odds(features)
    late = _late(features, card, log_odds)
    evidence = _evidence(features)
    return RiskAssessment(
        customer_id=customer_id,
        as_of=features.as_of,
        score=round(100 * late.value),
        level="unknown" if evidence == "none" else levels.of(late.value),
        evidence=evidence,
        late=late,
        very_late=late.value * _very_late_share(features),
        days_late=Interval(
            value=features.days_late, low=features.days_late_low, high=features.days_late_high
        ),
        reasons=() if evidence == "none" else _reasons(features, dict(contributions)),
        contributions=dict(contributions),
        average_log_odds=card.average_log_odds,
        features=features,
        features_hash=features.features_hash,
        card_version=card.version,
    )


def _late(features: Features, card: Card, log_odds: float) -> Interval:
    rate = features.late_rate
    low = log_odds + card.shift("late_rate", rate, features.late_rate_low)
    high = log_odds + card.shift("late_rate", rate, features.late_rate_high)
    value = probability(log_odds)
    return Interval(value=value, low=min(value, probability(low)), high=max(value, probability(high)))


def _very_late_share(features: Features) -> float:
    """Of the invoices that are late, the share that is more than 30 days late."""
    return min(1.0, features.very_late_rate / features.late_rate) if features.late_rate else 0.0


def _evidence(features: Features) -> Evidence:
    if features.matured == 0:
        return "thin" if features.overdue_days else "none"
    if features.matured < FAIR_FROM:
        return "thin"
    return "fair" if features.matured < STRONG_FROM else "strong"


def _reasons(features: Features, contributions: Mapping[str, float]) -> tuple[Reason, ...]:
    """The largest contributions first; equal ones in the card's order."""
    telling = [code for code, log_odds in contributions.items() if abs(log_odds) >= SMALLEST_REASON]
    largest = sorted(telling, key=lambda code: -abs(contributions[code]))[:MAX_REASONS]
    return tuple(_reason(code, contributions[code], features) for code in largest)


def _reason(code: str, log_odds: float, features: Features) -> Reason:
    kind = KIND[code]
    return Reason(
        code=code,
        effect="raises" if log_odds > 0 else "lowers",
        log_odds=log_odds,
        words=kind.words,
        numbers={name: getattr(features, name) for name in kind.numbers},
    )
