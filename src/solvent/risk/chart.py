"""Drawings: ranked assessments with their intervals, and what was predicted against what came."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from solvent.errors import ConfigurationError
from solvent.risk.assess import RiskAssessment
from solvent.risk.evaluate import Figures

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

_COLOURS: Final[Mapping[str, str]] = MappingProxyType(
    {"low": "#2e7d32", "medium": "#b8860b", "high": "#d2691e", "critical": "#b71c1c", "unknown": "#757575"}
)
_INCHES_PER_CUSTOMER: Final = 0.3
_LONGEST_NAME: Final = 40


def draw_ranked(ranked: Sequence[RiskAssessment], path: Path) -> None:
    """Draw *ranked*, the first on top, into *path*; its suffix (``.svg``, ``.png``, ``.pdf``) decides the form.

    Raises:
        ConfigurationError: matplotlib is missing, or the file cannot be written.
    """
    drawing = _drawing(9, 1.2 + _INCHES_PER_CUSTOMER * len(ranked))
    axes = drawing.add_subplot()
    for place, found in enumerate(ranked):
        late, colour = found.late, _COLOURS[found.level]
        axes.hlines(place, 100 * late.low, 100 * late.high, color=colour, alpha=0.45, linewidth=5)
        axes.plot(100 * late.value, place, "o", color=colour)
    axes.set_yticks(range(len(ranked)), [_plain(found.customer_id) for found in ranked])
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.set_xlabel("probability that the next invoice is paid late, in percent, with 90 % interval")
    axes.grid(axis="x", alpha=0.3)
    _save(drawing, path)


def draw_reliability(figures: Mapping[str, Figures], path: Path) -> None:
    """Draw, for each of *figures* by name, what was observed where a probability was predicted, into *path*.

    Raises:
        ConfigurationError: as for ``draw_ranked``.
    """
    drawing = _drawing(6, 6)
    axes = drawing.add_subplot()
    axes.plot([0, 100], [0, 100], color="#757575", linestyle="--", label="perfectly calibrated")
    for name, found in figures.items():
        said = [100 * each.predicted for each in found.bins]
        axes.plot(said, [100 * each.observed for each in found.bins], "o-", label=_plain(name))
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 100)
    axes.set_xlabel("predicted, in percent: mean of each tenth of the invoices")
    axes.set_ylabel("paid late, in percent")
    axes.grid(alpha=0.3)
    axes.legend()
    _save(drawing, path)


def _drawing(width: float, height: float) -> "Drawing":
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise ConfigurationError("A drawing needs optional packages; install 'solvent[risk]'") from error
    return Figure(figsize=(width, height), layout="constrained")


_UNDATED: Final = MappingProxyType({"Date": None})
"""A drawing of the same figures is the same file."""


def _save(drawing: "Drawing", path: Path) -> None:
    try:
        drawing.savefig(path, metadata=_UNDATED if path.suffix == ".svg" else None)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"{path} cannot be drawn: {error}; name a .svg, .png or .pdf file"
        ) from error


def _plain(name: str) -> str:
    """Return *name* short, and without the sign that would begin a formula."""
    short = name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
    return short.replace("$", r"\$")
