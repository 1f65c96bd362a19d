"""Estimates: a rate or a number of days from few observations, drawn towards a prior, with a 90 % interval.

Rates are Beta-Binomial, days are normal with a known spread; both count recent observations more. Priors are data
here; ``portfolio`` fits them.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from solvent.errors import ConfigurationError

HALF_LIFE_DAYS: Final = 180
"""After so many days an observation counts half."""
INTERVAL: Final = 0.90
"""The share of the posterior between ``low`` and ``high``, with equal tails."""

_TAIL: Final = (1 - INTERVAL) / 2
_NORMAL_QUANTILE: Final = 1.6448536269514722
"""The 95 % quantile of the normal distribution: what INTERVAL leaves above ``high``."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and how far to trust it.

    ``raw`` is the plain mean of the *n* observations, None without any. ``shrunk`` weighs them by recency and
    draws them to the prior; ``low`` and ``high`` bound 90 % of what it may be. Without observations all three are
    the prior's.
    """

    raw: float | None
    shrunk: float
    low: float
    high: float
    n: int

    def complement(self) -> "Estimate":
        """Return the estimate of the opposite rate: on time where this is late."""
        raw = None if self.raw is None else 1 - self.raw
        return Estimate(raw, 1 - self.shrunk, 1 - self.high, 1 - self.low, self.n)


class Observed(NamedTuple):
    """One observation: *value* (0 or 1 for a rate, days otherwise) and the day on which it was last true."""

    value: float
    day: date


@dataclass(frozen=True, slots=True)
class RatePrior:
    """What to believe of a rate before any observation: its *mean*, worth *strength* observations."""

    mean: float
    strength: float

    def __post_init__(self) -> None:
        if not (0 < self.mean < 1 and 0 < self.strength < math.inf):
            raise ConfigurationError(
                f"A prior has a mean between 0 and 1 and a strength above 0, not {self.mean} and {self.strength}"
            )


@dataclass(frozen=True, slots=True)
class DaysPrior:
    """What to believe of a mean of days: *mean* ± *spread* (of single observations), worth *strength* of them.

    Observations outside *lowest* … *highest* count as the nearer of the two (winsorised), so that one forgotten
    invoice does not speak for the rest.
    """

    mean: float
    spread: float
    strength: float
    lowest: float
    highest: float

    def __post_init__(self) -> None:
        sound = 0 < self.spread < math.inf and 0 < self.strength < math.inf
        if not (sound and -math.inf < self.lowest <= self.mean <= self.highest < math.inf):
            raise ConfigurationError(
                f"A prior of days has a spread and a strength above 0 and its mean within its bounds, not {self}"
            )


@dataclass(frozen=True, slots=True)
class Priors:
    """The priors of all metrics.

    The defaults are assumptions of this project, weak on purpose (a handful of observations outweighs them), for
    a portfolio that is too small to fit its own; no study stands behind them.
    """

    late: RatePrior = RatePrior(0.40, 5)
    very_late: RatePrior = RatePrior(0.10, 5)
    promise_kept: RatePrior = RatePrior(0.50, 4)
    response: RatePrior = RatePrior(0.25, 4)
    reached: RatePrior = RatePrior(0.90, 10)
    days_to_pay: DaysPrior = DaysPrior(40, 25, 4, 0, 365)
    days_late: DaysPrior = DaysPrior(12, 25, 4, 0, 365)
    days_delinquent: DaysPrior = DaysPrior(8, 25, 4, -90, 365)


def recency(day: date, as_of: date) -> float:
    """Return the weight of an observation of *day*: 1 on *as_of*, halved every 180 days before it."""
    return float(2 ** (-max(0, (as_of - day).days) / HALF_LIFE_DAYS))


def estimate_rate(observed: Iterable[Observed], prior: RatePrior, as_of: date) -> Estimate:
    """Return the rate behind *observed* (values 0 or 1).

    The posterior of a Beta-Binomial model (Gelman et al., Bayesian Data Analysis, 3rd ed., §2.4): with weights w,
    α = mean·strength + Σw·value and β = (1 − mean)·strength + Σw·(1 − value). The order of *observed* does not
    matter, to the last bit.

    Raises:
        ConfigurationError: the packages of the extra ``risk`` are missing.
    """
    seen = tuple(observed)
    weights = [recency(each.day, as_of) for each in seen]
    hits = math.fsum(weight for weight, each in zip(weights, seen, strict=True) if each.value)
    alpha = prior.mean * prior.strength + hits
    total = prior.strength + math.fsum(weights)
    low, high = _beta_interval(alpha, total - alpha)
    mean = alpha / total
    raw = sum(1 for each in seen if each.value) / len(seen) if seen else None
    return Estimate(raw, mean, min(low, mean), max(high, mean), len(seen))


def estimate_days(observed: Iterable[Observed], prior: DaysPrior, as_of: date) -> Estimate:
    """Return the mean of *observed* days, drawn to the prior.

    The posterior of a normal mean with known spread (Gelman et al., §2.5), over winsorised, recency-weighted
    observations; the interval is of the mean, not of the next invoice.
    """
    seen = tuple(observed)
    weights = [recency(each.day, as_of) for each in seen]
    total = prior.strength + math.fsum(weights)
    tamed = [min(max(each.value, prior.lowest), prior.highest) for each in seen]
    products = (weight * value for weight, value in zip(weights, tamed, strict=True))
    mean = math.fsum((prior.mean * prior.strength, *products)) / total
    reach = _NORMAL_QUANTILE * prior.spread / math.sqrt(total)
    raw = math.fsum(each.value for each in seen) / len(seen) if seen else None
    low, high = max(prior.lowest, mean - reach), min(prior.highest, mean + reach)
    return Estimate(raw, mean, min(low, mean), max(high, mean), len(seen))


def _beta_interval(alpha: float, beta: float) -> tuple[float, float]:
    try:
        from scipy.special import betaincinv  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise ConfigurationError(
            "Estimates of risk need optional packages; install 'solvent[risk]'"
        ) from error
    return float(betaincinv(alpha, beta, _TAIL)), float(betaincinv(alpha, beta, 1 - _TAIL))
