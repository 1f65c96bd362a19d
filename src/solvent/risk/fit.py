"""Fitting a card: a logistic regression over the rises of each curve, with the sign of every rise held.

The optimiser and the calibration are scipy's and scikit-learn's (the extra ``risk``); here is only what they are
asked. A curve between two knots is one coefficient, so that a bound on its sign makes the curve monotone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from solvent.errors import ConfigurationError
from solvent.risk.card import Calibration, Card, Curve, Source
from solvent.risk.features import KINDS, Features, Kind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

FEWEST_EXAMPLES: Final = 200
FEWEST_OF_EACH: Final = 50
"""Fewer late or on-time examples than this say too little for ten curves."""
FOLDS: Final = 5
HELD_WITHIN: Final = 1e-4
SEED: Final = 20051001

_DAYS: Final = (0.0, 15.0, 30.0, 60.0, 90.0, 150.0)
_VOLUMES: Final = (0.0, 1 / 16, 1 / 4, 1 / 2, 1.0, 2.0, 4.0, 16.0)
_SHARES: Final = (0.0, 0.25, 0.5, 0.75, 1.0)

KNOTS: Final[Mapping[str, tuple[float, ...]]] = MappingProxyType(
    {
        "late_rate": (0.01, 0.99),
        "overdue_days": _DAYS,
        "worst_days_late": _DAYS,
        "severe_lates": (0.0, 0.5, 1.0, 2.0, 4.0),
        "calm_days": (0.0, 30.0, 60.0, 90.0, 150.0, 720.0),
        "paid_on_time": _VOLUMES,
        "credit_room": (0.0, 1 / 4, 1.0, 4.0, 8.0, 16.0, 32.0, 64.0),
        "credit_use": (*_SHARES, 1.25),
        "broken_promises": _SHARES,
        "unanswered": _SHARES,
    }
)

JUDGED: Final = (
    Curve(feature="broken_promises", knots=(0.0, 0.5, 1.0), points=(-0.3, 0.0, 0.5), origin="judged"),
    Curve(feature="unanswered", knots=(0.0, 0.75, 1.0), points=(-0.2, 0.0, 0.2), origin="judged"),
)
"""For features that the data of a fit do not hold: their direction is plain, their size is a small judgement."""


@dataclass(frozen=True, slots=True)
class Example:
    """What was known of a customer at some date, and whether the event came after it."""

    customer_id: str
    features: Features
    happened: bool


@dataclass(frozen=True, slots=True)
class Weights:
    """What the regression found: its intercept, and a curve for each feature that the examples know."""

    intercept: float
    curves: tuple[Curve, ...]

    def log_odds(self, features: Features) -> float:
        """Return the uncalibrated log-odds of the event."""
        return self.intercept + sum(curve.at(getattr(features, curve.feature)) for curve in self.curves)


def fit_card(
    examples: Sequence[Example],
    *,
    version: str,
    event: str,
    source: Source,
    without: Iterable[str] = (),
    anchor: float | None = None,
    seed: int = SEED,
) -> Card:
    """Return the card that *examples* teach, calibrated on customers whose examples its curves had not seen.

    Minimises log loss + ½ Σ rise² (a standard normal prior on each rise) under the signs of the features. The same
    examples and seed give the same card. Features that no fifth of the examples know keep their judged curve;
    those named in *without* stay away. *anchor* is the least slope of the log-odds of the late rate; None leaves
    it to the examples. A feature that turns out to weigh nothing has no curve.

    Raises:
        ConfigurationError: there are too few examples, or they teach nothing.
    """
    _check_enough(examples)
    left_out = frozenset(without)
    kinds = tuple(kind for kind in KINDS if kind.id not in left_out and _is_known(kind, examples))
    weights = _regress(examples, kinds, anchor or 0.0)
    fitted = {kind.id for kind in kinds}
    judged = (curve for curve in JUDGED if curve.feature not in fitted | left_out)
    weighing = (curve for curve in weights.curves if any(curve.points))
    return Card(
        version=version,
        event=event,
        intercept=weights.intercept,
        calibration=_calibrate(examples, kinds, anchor or 0.0, seed),
        curves=(*weighing, *judged),
        fitted_on=source,
    )


def _check_enough(examples: Sequence[Example]) -> None:
    happened = sum(example.happened for example in examples)
    fewest = min(happened, len(examples) - happened)
    if len(examples) < FEWEST_EXAMPLES or fewest < FEWEST_OF_EACH:
        raise ConfigurationError(
            f"{len(examples)} invoices of known outcome, {happened} of them late, are too few to fit a card: "
            f"{FEWEST_EXAMPLES} are needed, {FEWEST_OF_EACH} of either kind; use the default card until then"
        )


def _is_known(kind: Kind, examples: Sequence[Example]) -> bool:
    known = sum(getattr(example.features, kind.id) is not None for example in examples)
    return 5 * known >= len(examples)


def _regress(examples: Sequence[Example], kinds: Sequence[Kind], anchor: float) -> Weights:
    import numpy as np  # noqa: PLC0415 - an optional package
    from scipy.optimize import minimize  # noqa: PLC0415 - an optional package

    happened = np.array([example.happened for example in examples], dtype=float)
    blocks = [_rises(kind, examples) for kind in kinds]
    middles = [np.nanmean(block, axis=0) for block in blocks]
    centred = (block - middle for block, middle in zip(blocks, middles, strict=True))
    design = np.nan_to_num(np.hstack(list(centred)))

    def loss(coefficients: "Numbers") -> "tuple[float, Numbers]":
        intercept, rises = coefficients[0], coefficients[1:]
        log_odds = intercept + design @ rises
        error = 1 / (1 + np.exp(-log_odds)) - happened
        value = np.logaddexp(0, log_odds).sum() - happened @ log_odds + rises @ rises / 2
        return value / len(happened), np.r_[error.sum(), design.T @ error + rises] / len(happened)

    bounds = [(None, None), *(bound for kind in kinds for bound in _bounds(kind, anchor))]
    start = np.zeros(1 + design.shape[1])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    if not found.success:
        raise ConfigurationError(f"The card could not be fitted to these examples: {found.message}")
    ends = np.cumsum([0, *(block.shape[1] for block in blocks)])
    pieces = [found.x[1 + start : 1 + end] for start, end in pairwise(ends)]
    curves = [_curve(*each) for each in zip(kinds, pieces, middles, strict=True)]
    return Weights(round(float(found.x[0]), 6), tuple(_marked(curve, anchor) for curve in curves))


def _bounds(kind: Kind, anchor: float) -> list[tuple[float | None, float | None]]:
    """The sign that each rise must have; the late rate's is at least *anchor* for each unit of log-odds."""
    knots = KNOTS[kind.id]
    if kind.id == "late_rate":
        return [(anchor * (kind.place(right) - kind.place(left)), None) for left, right in pairwise(knots)]
    return [(0.0, None) if kind.more == "raises" else (None, 0.0)] * (len(knots) - 1)


def _marked(curve: Curve, anchor: float) -> Curve:
    """The curve, as held where it is the late rate's and no steeper than was asked for."""
    if curve.feature != "late_rate" or not anchor:
        return curve
    run = curve.kind.place(curve.knots[-1]) - curve.kind.place(curve.knots[0])
    steeper = curve.points[-1] - curve.points[0] > anchor * run + HELD_WITHIN
    return curve if steeper else curve.model_copy(update={"origin": "held"})


def _rises(kind: Kind, examples: Sequence[Example]) -> "Numbers":
    """How much of the way from each knot to the next each example has gone; NaN where its value is unknown."""
    import numpy as np  # noqa: PLC0415 - an optional package

    values = (getattr(example.features, kind.id) for example in examples)
    places = np.array([np.nan if value is None else kind.place(value) for value in values])
    knots = np.array([kind.place(knot) for knot in KNOTS[kind.id]])
    rises: Numbers = np.clip((places[:, None] - knots[:-1]) / np.diff(knots), 0, 1)
    return rises


def _curve(kind: Kind, rises: "Numbers", middle: "Numbers") -> Curve:
    """The curve whose rises these are, moved so that the average example has no points."""
    import numpy as np  # noqa: PLC0415 - an optional package

    points = np.r_[0, np.cumsum(rises)] - rises @ middle
    rounded = tuple(round(float(point), 6) for point in points)
    return Curve(feature=kind.id, knots=KNOTS[kind.id], points=rounded, origin="fitted")


def _calibrate(examples: Sequence[Example], kinds: Sequence[Kind], anchor: float, seed: int) -> Calibration:
    """Platt's scaling (1999) of log-odds that were found without the customer they are for."""
    import numpy as np  # noqa: PLC0415 - an optional package
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - an optional package
    from sklearn.model_selection import GroupKFold  # noqa: PLC0415 - an optional package

    customers = [example.customer_id for example in examples]
    happened = np.array([example.happened for example in examples])
    log_odds = np.empty(len(examples))
    folds = GroupKFold(FOLDS, shuffle=True, random_state=seed)
    for seen, unseen in folds.split(happened, groups=customers):
        weights = _regress([examples[each] for each in seen], kinds, anchor)
        log_odds[unseen] = [weights.log_odds(examples[each].features) for each in unseen]
    scaling = LogisticRegression(C=np.inf).fit(log_odds[:, None], happened)
    slope, offset = float(scaling.coef_[0, 0]), float(scaling.intercept_[0])
    if slope <= 0:
        raise ConfigurationError(
            "These examples teach nothing about other customers: what was late before does not tell what is late "
            "after; keep the default card"
        )
    return Calibration(slope=round(slope, 6), offset=round(offset, 6))
