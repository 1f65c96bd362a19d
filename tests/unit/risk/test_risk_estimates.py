"""Estimates: shrinking, recency and intervals, against the formulas and an independent count."""

from datetime import date, timedelta
from random import Random

import pytest
from scipy import stats

from solvent.errors import ConfigurationError
from solvent.risk.estimates import DaysPrior, Observed, RatePrior, estimate_days, estimate_rate, recency

TODAY = date(2025, 6, 30)
PRIOR = RatePrior(0.4, 5)
DAYS = DaysPrior(mean=12, spread=20, strength=4, lowest=0, highest=100)


def today(*values):
    return [Observed(value, TODAY) for value in values]


def test_a_rate_is_the_posterior_of_a_beta_binomial():
    estimate = estimate_rate(today(1, 1, 1, 0), PRIOR, TODAY)
    posterior = stats.beta(0.4 * 5 + 3, 0.6 * 5 + 1)
    assert estimate.shrunk == pytest.approx(posterior.mean())
    assert (estimate.low, estimate.high) == pytest.approx(posterior.interval(0.9))
    assert (estimate.raw, estimate.n) == (0.75, 4)


def test_days_are_the_posterior_of_a_normal_mean():
    estimate = estimate_days(today(10, 20, 30), DAYS, TODAY)
    posterior = stats.norm((4 * 12 + 60) / 7, 20 / 7**0.5)
    assert estimate.shrunk == pytest.approx(posterior.mean())
    assert (estimate.low, estimate.high) == pytest.approx(posterior.interval(0.9))
    assert estimate.raw == 20


def test_one_forgotten_invoice_does_not_speak_for_the_rest():
    wild = estimate_days(today(10, 10, 10_000), DAYS, TODAY)
    tamed = estimate_days(today(10, 10, 100), DAYS, TODAY)
    assert (wild.shrunk, wild.low, wild.high) == (tamed.shrunk, tamed.low, tamed.high)
    assert wild.raw == pytest.approx(10_020 / 3)


def test_more_observations_narrow_the_interval_and_outweigh_the_prior():
    widths, gaps = [], []
    for count in (0, 1, 10, 100, 1000):
        estimate = estimate_rate(today(*[1] * count), PRIOR, TODAY)
        widths.append(estimate.high - estimate.low)
        gaps.append(1 - estimate.shrunk)
    assert widths == sorted(widths, reverse=True)
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] < 0.01


def test_an_observation_of_tomorrow_weighs_no_more_than_one_of_today():
    assert recency(TODAY + timedelta(days=5), TODAY) == 1
    assert recency(TODAY - timedelta(days=180), TODAY) == 0.5


def test_the_opposite_rate_mirrors_the_interval():
    late = estimate_rate(today(1, 0, 0), PRIOR, TODAY)
    on_time = late.complement()
    assert (on_time.low, on_time.high) == (1 - late.high, 1 - late.low)
    assert on_time.raw == pytest.approx(2 / 3)
    assert estimate_rate([], PRIOR, TODAY).complement().raw is None


def test_nine_of_ten_intervals_hold_the_truth_when_the_prior_is_true():
    seed = 11
    print(f"seed {seed}")
    dice, held = Random(seed), 0
    for _ in range(2_000):
        truth = dice.betavariate(2, 3)
        estimate = estimate_rate(today(*[int(dice.random() < truth) for _ in range(8)]), PRIOR, TODAY)
        held += estimate.low <= truth <= estimate.high
    assert 0.88 < held / 2_000 < 0.92


@pytest.mark.parametrize(
    ("mean", "strength"), [(0, 5), (1, 5), (0.5, 0), (float("nan"), 5), (0.5, float("inf"))]
)
def test_a_prior_that_cannot_be_is_refused(mean, strength):
    with pytest.raises(ConfigurationError, match="prior"):
        RatePrior(mean, strength)


@pytest.mark.parametrize("change", [{"spread": 0}, {"strength": -1}, {"lowest": 13}, {"highest": 11}])
def test_a_prior_of_days_that_cannot_be_is_refused(change):
    good = {"mean": 12, "spread": 20, "strength": 4, "lowest": 0, "highest": 100}
    with pytest.raises(ConfigurationError, match="prior of days"):
        DaysPrior(**(good | change))
