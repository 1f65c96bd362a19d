"""Fitting and trying cards: signs hold, splits cannot leak, figures are those of the textbook."""

import math
import os
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from solvent.errors import ConfigurationError
from solvent.risk.card import Source, default_card
from solvent.risk.consumers import AS_OF, JULY, MONTH_ENDS, Consumer, read_consumers, source
from solvent.risk.evaluate import Prediction, by_group, measure_predictions
from solvent.risk.features import typical_volume
from solvent.risk.fit import JUDGED, fit_card
from solvent.risk.records import History
from solvent.risk.trial import EVENT, Norms, Span, fit_ledger, ledger_examples, try_ledger

SHARED = Path(__file__).resolve().parents[3] / ".." / "shared" / "risk" / "default_of_credit_card_clients.csv"
ORIGIN = Source(
    name="ledger.csv", population="made up", event=EVENT, customers=60, base_rate=0.4, sha256="0" * 64
)


@pytest.fixture(scope="module")
def portfolio(ledger):
    """Sixty customers, each with a habit of its own: from always late to always on time."""
    dice = Random(11)
    return tuple(customer(dice, ledger, number) for number in range(60))


def customer(dice, ledger, number):
    habit = (number % 10) / 10
    invoices = []
    for month in range(1, 19):
        due_ago = 30 * month
        paid_ago = due_ago - dice.randrange(5, 45) if dice.random() < habit else due_ago + 2
        invoices.append(ledger.invoice(f"{number}-{month}", due_ago, *((paid_ago,) if paid_ago >= 0 else ())))
    named = (each.model_copy(update={"customer_id": f"c{number}"}) for each in invoices)
    return History(customer_id=f"c{number}", invoices=tuple(named))


def test_a_card_of_ones_own_tells_late_from_punctual_customers(portfolio, ledger):
    trial = try_ledger(portfolio, ledger.as_of, default_card(), ORIGIN)
    assert trial.why_not is None
    for figures in (trial.given, trial.fitted):
        assert figures.auc.low > 0.6
        assert figures.brier.value < figures.base_brier
        assert figures.auc.low <= figures.auc.value <= figures.auc.high
    assert trial.fitted.calibration_error.value < 0.15


def test_no_example_changes_when_its_future_does(portfolio, ledger):
    cut = ledger.day(200)
    norms = Norms.of(portfolio, cut)
    span = Span(ledger.day(600), cut, known_by=cut)
    before = list(ledger_examples(portfolio, span, norms))
    scrambled = [scramble(history, cut) for history in portfolio]
    assert Norms.of(scrambled, cut) == norms
    assert list(ledger_examples(scrambled, span, norms)) == before
    assert any(history != other for history, other in zip(portfolio, scrambled, strict=True))
    assert len(before) > 500


def scramble(history, cut):
    """The same customer with everything after the cut put off by a year."""
    later = timedelta(days=365)
    moved = (
        each.model_copy(update={"payments": tuple(put_off(payment, cut, later) for payment in each.payments)})
        for each in history.invoices
    )
    return history.model_copy(update={"invoices": tuple(moved)})


def put_off(payment, cut, later):
    return payment if payment.paid <= cut else payment.model_copy(update={"paid": payment.paid + later})


def test_an_example_is_of_the_day_of_issue_and_knows_no_outcome_of_its_own(portfolio, ledger):
    norms = Norms.of(portfolio, ledger.as_of)
    span = Span(ledger.day(600), ledger.as_of, known_by=ledger.as_of)
    first = [each for each in ledger_examples(portfolio, span, norms) if each.features.matured == 0]
    assert len(first) >= 60
    assert {each.happened for each in first} == {True, False}
    assert len({each.features.late_rate for each in first}) == 1


def test_the_same_ledger_gives_the_same_card(portfolio, ledger):
    card = fit_ledger(portfolio, ledger.as_of, "own-1", ORIGIN)
    assert fit_ledger(portfolio, ledger.as_of, "own-1", ORIGIN) == card
    assert {curve.feature for curve in JUDGED} <= {curve.feature for curve in card.curves}


def test_outcomes_against_all_sense_cannot_turn_a_curve(portfolio, ledger):
    norms = Norms.of(portfolio, ledger.as_of)
    span = Span(ledger.day(600), ledger.as_of, known_by=ledger.as_of)
    examples = list(ledger_examples(portfolio, span, norms))
    perverse = [
        each.__class__(each.customer_id, each.features, each.features.late_rate < 0.4) for each in examples
    ]
    with pytest.raises(ConfigurationError, match=r"teach nothing|could not be fitted"):
        fit_card(perverse, version="own-2", event=EVENT, source=ORIGIN)


def test_too_few_outcomes_are_refused_with_their_number(portfolio, ledger):
    with pytest.raises(ConfigurationError, match="too few to fit a card"):
        fit_ledger(portfolio[:3], ledger.as_of, "own-3", ORIGIN)
    trial = try_ledger(portfolio[:10], ledger.as_of, default_card(), ORIGIN)
    assert trial.fitted is None
    assert "too few" in trial.why_not


def test_a_ledger_without_invoices_cannot_be_tried(ledger):
    with pytest.raises(ConfigurationError, match="nothing to try"):
        try_ledger([ledger.history()], ledger.as_of, default_card(), ORIGIN)


def test_figures_are_those_of_the_textbook():
    said = [0.9, 0.8, 0.3, 0.1]
    came = [True, False, True, False]
    found = measure_predictions(
        [Prediction(f"c{n}", p, happened) for n, (p, happened) in enumerate(zip(said, came, strict=True))]
    )
    assert found.auc.value == 0.75
    assert found.brier.value == pytest.approx((0.01 + 0.64 + 0.49 + 0.01) / 4)
    assert found.log_loss.value == pytest.approx(-sum(map(math.log, (0.9, 0.2, 0.3, 0.9))) / 4)
    assert (found.base_rate, found.base_brier) == (0.5, 0.25)
    assert found.base_log_loss == pytest.approx(math.log(2))


def test_one_outcome_alone_has_no_auc():
    found = measure_predictions([Prediction(name, 0.2, happened=False) for name in "ab"])
    assert found.auc is None
    assert found.base_log_loss == 0


def test_groups_show_what_was_said_of_them_against_what_came():
    said = [
        Prediction(str(n), p, happened) for n, (p, happened) in enumerate([(0.5, True), (0.1, False)] * 2)
    ]
    men, women = by_group(said, ["men", "men", "women", "women"])
    assert (men.rows, men.base_rate, women.calibration_gap) == (2, 0.5, pytest.approx(-0.2))


@pytest.fixture
def consumer():
    return Consumer(
        id="consumer-1",
        credit_line_minor=1_000_000,
        late_months=(0, 2, 3, 1, 0, 0),
        balances_minor=(50_000, 60_000, 70_000, 40_000, 10_000, 20_000),
        paid_minor=(5_000, 0, 0, 30_000, 9_000, 0),
        defaulted=False,
        sex="women",
    )


def test_months_become_invoices_that_are_as_late_as_the_bank_said(consumer):
    found = {each.id: each for each in consumer.history().invoices}
    assert sorted(found) == ["2005-04", "2005-05", "2005-06", "2005-07", "2005-08", "statement"]
    assert found["2005-04"].payments[0].paid == found["2005-04"].due == MONTH_ENDS[0]
    assert (MONTH_ENDS[1] - found["2005-05"].due).days == 60
    assert found["2005-05"].payments[0].paid == MONTH_ENDS[3]
    assert found["statement"].issued == AS_OF


def test_a_history_of_fewer_months_holds_nothing_of_later_ones(consumer):
    july = consumer.history(JULY + 1)
    assert max(each.issued for each in july.invoices) <= MONTH_ENDS[JULY]
    assert {each.paid for invoice in july.invoices for each in invoice.payments} <= set(
        MONTH_ENDS[: JULY + 1]
    )
    other = Consumer(
        **{name: getattr(consumer, name) for name in ("id", "credit_line_minor", "defaulted", "sex")},
        late_months=(*consumer.late_months[: JULY + 1], 8, 8),
        balances_minor=(*consumer.balances_minor[: JULY + 1], 1, 1),
        paid_minor=(*consumer.paid_minor[: JULY + 1], 1, 1),
    )
    assert other.history(JULY + 1) == july
    assert len(consumer.only(JULY).invoices) == 1


def test_typical_volume_is_of_those_who_pay_on_time(ledger):
    histories = [
        ledger.history(ledger.invoice("a", 0, 0, amount_minor=amount_minor))
        for amount_minor in (100, 300, 900)
    ]
    late = ledger.history(ledger.invoice("a", 9, 2, amount_minor=10**6))
    assert typical_volume([*histories, late], ledger.as_of) == {"EUR": 300}


def test_another_file_than_the_public_one_is_refused(tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("ID,SEX\n1,2\n")
    with pytest.raises(ConfigurationError, match="SHA-256"):
        read_consumers(path)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_consumers(tmp_path / "absent.csv")


def test_the_default_card_names_the_data_it_came_from():
    if not SHARED.exists():
        assert os.environ.get("CI") != "true", f"{SHARED} is absent"
        pytest.skip("the public data are not beside the project")
    consumers = read_consumers(SHARED)
    assert len(consumers) == 30_000
    assert default_card().fitted_on == source(consumers)
