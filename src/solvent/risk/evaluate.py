"""What predictions are worth: discrimination, calibration and their uncertainty, beside the base rate.

Intervals are 90 %, from a bootstrap over customers (clusters), not over rows: the invoices of one customer are not
independent (Field and Welsh, JRSS B 69, 2007). The figures are scikit-learn's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

BINS: Final = 10
RESAMPLES: Final = 200
SEED: Final = 7
GUESSING: Final = 0.5
"""The AUC of a resample in which only one outcome occurs: it tells nothing apart."""
LEAST_PROBABILITY: Final = 0.01
"""Where a raw rate of 0 or 1 is cut off to be kind to it."""


class Prediction(NamedTuple):
    """What was said of one customer, and what came."""

    customer_id: str
    probability: float
    happened: bool


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and its 90 % interval over resampled customers."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bin:
    """One tenth of the predictions, by rising probability: what was said and what came, on average."""

    predicted: float
    observed: float
    rows: int


@dataclass(frozen=True, slots=True)
class Figures:
    """How good predictions are. *auc* is None where only one outcome occurs.

    ``calibration_error`` is the mean gap between said and come over ten bins of equal size (expected calibration
    error). ``base_brier`` and ``base_log_loss`` are of saying the base rate to everyone.
    """

    rows: int
    customers: int
    base_rate: float
    auc: Figure | None
    brier: Figure
    log_loss: Figure
    calibration_error: Figure
    base_brier: float
    base_log_loss: float
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """One group of people: what was said of it and what came, on average."""

    name: str
    rows: int
    base_rate: float
    predicted: float
    auc: float

    @property
    def calibration_gap(self) -> float:
        """Predicted minus observed, on average."""
        return self.predicted - self.base_rate


def measure_predictions(predictions: Sequence[Prediction], *, seed: int = SEED) -> Figures:
    """Return the figures of *predictions*; the same for the same predictions and seed."""
    import numpy as np  # noqa: PLC0415 - an optional package

    said = np.array([each.probability for each in predictions])
    came = np.array([each.happened for each in predictions], dtype=float)
    names, customers = np.unique([each.customer_id for each in predictions], return_inverse=True)
    binned = _bins(said)
    plain = _scores(said, came, np.ones(len(said)), binned)
    random = np.random.default_rng(seed)
    drawn = []
    for _ in range(RESAMPLES):
        counts = np.bincount(random.integers(len(names), size=len(names)), minlength=len(names))
        drawn.append(_scores(said, came, counts[customers].astype(float), binned))
    low, high = np.quantile(np.array(drawn), (0.05, 0.95), axis=0)
    auc, brier, loss, error = (
        Figure(float(value), float(min(value, below)), float(max(value, above)))
        for value, below, above in zip(plain, low, high, strict=True)
    )
    rate = float(came.mean())
    entropy = -sum(share * float(np.log(share)) for share in (rate, 1 - rate) if share)
    return Figures(
        rows=len(said),
        customers=len(names),
        base_rate=rate,
        auc=auc if 0 < rate < 1 else None,
        brier=brier,
        log_loss=loss,
        calibration_error=error,
        base_brier=rate * (1 - rate),
        base_log_loss=entropy,
        bins=tuple(_bin(said, came, binned == number) for number in range(BINS) if (binned == number).any()),
    )


def _bins(said: "Numbers") -> "NDArray[np.intp]":
    """The bin of each prediction: as many in each, equal ones together."""
    import numpy as np  # noqa: PLC0415 - an optional package

    edges = np.quantile(said, np.linspace(0, 1, BINS + 1)[1:-1])
    return np.searchsorted(edges, said, side="right")


def _bin(said: "Numbers", came: "Numbers", inside: "NDArray[np.bool_]") -> Bin:
    return Bin(float(said[inside].mean()), float(came[inside].mean()), int(inside.sum()))


def _scores(
    said: "Numbers", came: "Numbers", weights: "Numbers", binned: "NDArray[np.intp]"
) -> tuple[float, float, float, float]:
    import numpy as np  # noqa: PLC0415 - an optional package
    from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score  # noqa: PLC0415 - an optional package

    gaps = np.bincount(binned, weights=weights * (said - came), minlength=BINS)
    both = 0 < (weights * came).sum() < weights.sum()
    return (
        float(roc_auc_score(came, said, sample_weight=weights)) if both else GUESSING,
        float(brier_score_loss(came, said, sample_weight=weights, labels=[0, 1])),
        float(log_loss(came, said, sample_weight=weights, labels=[0, 1])),
        float(np.abs(gaps).sum() / weights.sum()),
    )


def by_group(predictions: Sequence[Prediction], groups: Sequence[str]) -> tuple[Group, ...]:
    """Return the figures of each group of *predictions*; *groups* names the group of each."""
    from sklearn.metrics import roc_auc_score  # noqa: PLC0415 - an optional package

    found = []
    for name in sorted(set(groups)):
        mine = [each for each, group in zip(predictions, groups, strict=True) if group == name]
        came = [each.happened for each in mine]
        said = [each.probability for each in mine]
        rate, mean = sum(came) / len(mine), sum(said) / len(mine)
        found.append(Group(name, len(mine), rate, mean, float(roc_auc_score(came, said))))
    return tuple(found)
