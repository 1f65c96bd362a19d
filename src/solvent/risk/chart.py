"""A drawing of ranked assessments: each customer's probability of paying late, with its interval."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from solvent.errors import ConfigurationError
from solvent.risk.assess import RiskAssessment

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
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise ConfigurationError("A drawing needs optional packages; install 'solvent[risk]'") from error
    height = 1.2 + _INCHES_PER_CUSTOMER * len(ranked)
    figure = Figure(figsize=(9, height), layout="constrained")
    axes = figure.add_subplot()
    for place, found in enumerate(ranked):
        late, colour = found.late, _COLOURS[found.level]
        axes.hlines(place, 100 * late.low, 100 * late.high, color=colour, alpha=0.45, linewidth=5)
        axes.plot(100 * late.value, place, "o", color=colour)
    axes.set_yticks(range(len(ranked)), [_plain(found.customer_id) for found in ranked])
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.set_xlabel("probability that the next invoice is paid late, in percent, with 90 % interval")
    axes.grid(axis="x", alpha=0.3)
    try:
        figure.savefig(path)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"{path} cannot be drawn: {error}; name a .svg, .png or .pdf file"
        ) from error


def _plain(name: str) -> str:
    """Return *name* short, and without the sign that would begin a formula."""
    short = name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
    return short.replace("$", r"\$")
