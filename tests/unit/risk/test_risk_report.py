"""The report of the default card says what the card says, and what its figures are."""

from pathlib import Path
from random import Random

import pytest

from solvent.risk.card import default_card
from solvent.risk.consumers import Consumer
from solvent.risk.report import gap_between, render, report_consumers
from solvent.risk.trial import FREE, SHIPPED

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "risk-card.md"


def random_consumer(dice, number):
    """Somebody whose months are late as often as a habit says, and who defaults by the same habit."""
    habit = dice.random() ** 2
    late_months = tuple(dice.choice((1, 2, 2, 3)) if dice.random() < habit else 0 for _ in range(6))
    return Consumer(
        id=f"consumer-{number}",
        credit_line_minor=dice.randrange(1, 50) * 1_000_000,
        late_months=late_months,
        balances_minor=tuple(dice.randrange(2_000_000) for _ in range(6)),
        paid_minor=tuple(dice.choice((0, dice.randrange(1, 500_000))) for _ in range(6)),
        defaulted=dice.random() < habit,
        sex=dice.choice(("men", "women")),
    )


@pytest.fixture(scope="module")
def report():
    dice = Random(13)
    return report_consumers([random_consumer(dice, number) for number in range(500)])


def test_every_way_of_fitting_is_measured_on_every_consumer_once(report):
    assert {FREE, SHIPPED} < set(report.figures)
    for figures in report.figures.values():
        assert (figures.rows, figures.customers) == (500, 500)
        assert sum(each.rows for each in figures.bins) == 500
        assert figures.auc.value > 0.6


def test_groups_are_measured_though_no_card_knows_them(report):
    for groups in report.groups.values():
        assert [group.name for group in groups] == ["men", "women"]
        assert sum(group.rows for group in groups) == 500
        assert gap_between(groups) == abs(groups[0].calibration_gap - groups[1].calibration_gap)


def test_a_rate_drawn_to_its_prior_beats_the_raw_one_after_one_month(report):
    month = report.one_month
    assert month["shrunk"].log_loss.value < month["cut"].log_loss.value < month["raw"].log_loss.value


def test_the_page_shows_the_figures_and_the_caveats(report):
    page = render(default_card(), report, "plot.svg")
    shipped = report.figures[SHIPPED]
    assert f"| {SHIPPED} | {shipped.auc.value:.4f} (" in page
    assert "not companies" in page
    assert "CC BY 4.0" in page
    assert "](plot.svg)" in page


def test_the_page_in_the_documentation_is_of_the_card_that_is_shipped():
    card = default_card()
    page = PAGE.read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("|") and "`" in line]
    assert [curve.feature for curve in card.curves] == [row.split("`")[1] for row in rows]
    points = [
        f"{knot:g}: {point:+.2f}"
        for curve in card.curves
        for knot, point in zip(curve.knots, curve.points, strict=True)
    ]
    assert all(point in page for point in points)
    assert card.fitted_on.sha256 in page
