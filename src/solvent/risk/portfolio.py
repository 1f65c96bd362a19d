"""A portfolio: many customers at once, as figures that credit managers know, and as priors for single ones.

Days sales outstanding, best possible DSO and the collection effectiveness index are the formulas of the Credit
Research Foundation; amounts at risk are counted as lenders count a portfolio at risk.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, NamedTuple

from solvent.risk.estimates import DaysPrior, Priors, RatePrior
from solvent.risk.metrics import DEFAULT_PRIORS
from solvent.risk.observations import Behaviour, Several, observe, observe_attempts
from solvent.risk.records import History
from solvent.risk.standing import Aging, Standing, age, standing

PERIOD_DAYS: Final = 90
"""The stretch of sales that DSO and CEI look back on: a quarter."""
AT_RISK_DAYS: Final = 30
"""A customer with debt more days past due than this puts all of its open debt at risk."""

_FEWEST_CUSTOMERS: Final = 20
_FEWEST_REPEATS: Final = 20
_WEAKEST, _STRONGEST = 1.0, 50.0
_TRIMMED: Final = 0.01


@dataclass(frozen=True, slots=True)
class Portfolio:
    """The figures of one currency as of a date, in its minor units; None where a formula would divide by zero.

    ``aging`` leaves disputed debt out; ``receivables_minor``, and what is made of it, has it in.
    ``average_days_delinquent`` is DSO − best possible DSO.
    """

    as_of: date
    currency: str
    customers: int
    receivables_minor: int
    disputed_minor: int
    sales_minor: int
    aging: Aging
    dso: float | None
    best_possible_dso: float | None
    average_days_delinquent: float | None
    cei: float | None
    at_risk_minor: int


def measure_portfolio(
    histories: Iterable[History], as_of: date, *, period_days: int = PERIOD_DAYS
) -> tuple[Portfolio, ...]:
    """Return the figures of every currency of *histories*, by currency.

    With the receivables R at the end (R₀ at the beginning) of the period, C of them not past due, and the sales S
    of its *period_days* (invoices issued in it; void ones are no sales):
    DSO = R / S · days, best possible DSO = C / S · days, CEI = 100 · (R₀ + S − R) / (R₀ + S − C)
    (Credit Research Foundation, Standard Formulas for Measuring Accounts Receivable). At risk is all open debt of
    customers with any of it more than 30 days past due (portfolio at risk: CGAP, Microfinance Consensus
    Guidelines, 2003).

    Raises:
        ValueError: the period is not at least a day long.
    """
    if period_days < 1:
        raise ValueError(f"A period has at least one day, not {period_days}")
    all_of_them = tuple(histories)
    start = as_of - timedelta(days=period_days)
    ends, starts = _by_customer(all_of_them, as_of), _by_customer(all_of_them, start)
    currencies = sorted({each.invoice.currency for seen in ends for each in seen})
    return tuple(
        _figures(currency, _only(currency, starts), _only(currency, ends), as_of, period_days)
        for currency in currencies
    )


def fit_priors(
    histories: Iterable[History], as_of: date, *, grace_days: int = 0, fallback: Priors = DEFAULT_PRIORS
) -> Priors:
    """Return the priors that the portfolio itself suggests (empirical Bayes), as of a date.

    The mean is that of all observations, the strength the ratio of the variance within customers to the variance
    between them, both by the moments of a one-way analysis of variance; for rates that ratio is α + β of the
    Beta-Binomial (Kleinman, JASA 68, 1973; Ridout, Demétrio and Firth, Biometrics 55, 1999). A metric with fewer
    than 20 customers keeps its *fallback*; so does the strength alone without 20 repeated observations.
    """
    told = [_behaviour(history, as_of, grace_days) for history in histories]
    behaviours = [behaviour for behaviour, _, _ in told]
    return Priors(
        late=_rate_prior([each.late for each in behaviours], fallback.late),
        very_late=_rate_prior([each.very_late for each in behaviours], fallback.very_late),
        promise_kept=_rate_prior([each.promises_kept for each in behaviours], fallback.promise_kept),
        response=_rate_prior([answered for _, answered, _ in told], fallback.response),
        reached=_rate_prior([reached for _, _, reached in told], fallback.reached),
        days_to_pay=_days_prior([each.days_to_pay for each in behaviours], fallback.days_to_pay),
        days_late=_days_prior([each.days_late for each in behaviours], fallback.days_late),
        days_delinquent=_days_prior([each.days_delinquent for each in behaviours], fallback.days_delinquent),
    )


def _by_customer(histories: Sequence[History], as_of: date) -> list[list[Standing]]:
    stands = ([standing(invoice, as_of) for invoice in history.invoices] for history in histories)
    return [[each for each in seen if each] for seen in stands]


def _only(currency: str, customers: Sequence[Sequence[Standing]]) -> list[list[Standing]]:
    """The customers with any invoice in *currency*, and only those invoices."""
    kept = ([each for each in seen if each.invoice.currency == currency] for seen in customers)
    return [seen for seen in kept if seen]


def _figures(
    currency: str,
    starts: Sequence[Sequence[Standing]],
    ends: Sequence[Sequence[Standing]],
    as_of: date,
    period_days: int,
) -> Portfolio:
    end = [each for seen in ends for each in seen]
    receivables_minor = _open(end)
    current_minor = _open(each for each in end if each.days_past_due <= 0)
    before_minor = _open(each for seen in starts for each in seen)
    start = as_of - timedelta(days=period_days)
    sales_minor = sum(each.invoice.amount_minor for each in end if each.invoice.issued > start)
    collectable_minor = before_minor + sales_minor
    dso = _ratio(receivables_minor * period_days, sales_minor)
    best = _ratio(current_minor * period_days, sales_minor)
    return Portfolio(
        as_of,
        currency,
        customers=len(ends),
        receivables_minor=receivables_minor,
        disputed_minor=_open(each for each in end if each.disputed),
        sales_minor=sales_minor,
        aging=age(end),
        dso=dso,
        best_possible_dso=best,
        average_days_delinquent=None if dso is None or best is None else dso - best,
        cei=_ratio(100 * (collectable_minor - receivables_minor), collectable_minor - current_minor),
        at_risk_minor=sum(_open(seen) for seen in ends if _is_at_risk(seen)),
    )


def _open(seen: Iterable[Standing]) -> int:
    return sum(each.rest_minor for each in seen)


def _is_at_risk(seen: Iterable[Standing]) -> bool:
    return any(each.rest_minor and each.days_past_due > AT_RISK_DAYS for each in seen)


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _behaviour(history: History, as_of: date, grace_days: int) -> tuple[Behaviour, Several, Several]:
    """What one customer tells, with answers and arrivals of all channels together."""
    seen = [each for each in (standing(invoice, as_of) for invoice in history.invoices) if each]
    attempts = observe_attempts(history.contacts, as_of)
    answered = tuple(each for channel in attempts for each in channel.answered)
    reached = tuple(each for channel in attempts for each in channel.reached)
    return observe(history, seen, as_of, grace_days), answered, reached


class _Variance(NamedTuple):
    """The moments of grouped observations; *strength* is None where nothing was observed often enough."""

    mean: float
    within: float
    strength: float | None


def _rate_prior(customers: Sequence[Several], fallback: RatePrior) -> RatePrior:
    groups = [[float(each.value) for each in seen] for seen in customers if seen]
    if len(groups) < _FEWEST_CUSTOMERS:
        return fallback
    moments = _variance(groups)
    count = sum(map(len, groups))
    # A portfolio in which nobody was ever late says much, but not that nobody ever will be.
    mean = (moments.mean * count + fallback.mean) / (count + 1)
    return RatePrior(mean, moments.strength or fallback.strength)


def _days_prior(customers: Sequence[Several], fallback: DaysPrior) -> DaysPrior:
    values = sorted(each.value for seen in customers for each in seen)
    groups = [[each.value for each in seen] for seen in customers if seen]
    if len(groups) < _FEWEST_CUSTOMERS:
        return fallback
    lowest, highest = _quantile(values, _TRIMMED), _quantile(values, 1 - _TRIMMED)
    tamed = [[min(max(value, lowest), highest) for value in group] for group in groups]
    moments = _variance(tamed)
    known = moments.strength is not None and moments.within > 0
    return DaysPrior(
        mean=moments.mean,
        spread=math.sqrt(moments.within) if known else fallback.spread,
        strength=moments.strength or fallback.strength,
        lowest=min(lowest, moments.mean),
        highest=max(highest, moments.mean),
    )


def _variance(groups: Sequence[Sequence[float]]) -> _Variance:
    """One-way analysis of variance: the pooled mean, the variance within groups, and within / between."""
    count = sum(map(len, groups))
    means = [math.fsum(group) / len(group) for group in groups]
    mean = math.fsum(value for group in groups for value in group) / count
    repeats = count - len(groups)
    if repeats < _FEWEST_REPEATS or min(map(min, groups)) == max(map(max, groups)):
        return _Variance(mean, 0, None)
    pairs = tuple(zip(groups, means, strict=True))
    within = math.fsum((value - middle) ** 2 for group, middle in pairs for value in group) / repeats
    spread = math.fsum(len(group) * (middle - mean) ** 2 for group, middle in pairs) / (len(groups) - 1)
    usual = (count - sum(len(group) ** 2 for group in groups) / count) / (len(groups) - 1)
    between = (spread - within) / usual
    strength = within / between if between > 0 else _STRONGEST
    return _Variance(mean, within, min(max(strength, _WEAKEST), _STRONGEST))


def _quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which *share* of the sorted values lie; an observed one, the outer of two."""
    return ordered[round(share * (len(ordered) - 1))]
