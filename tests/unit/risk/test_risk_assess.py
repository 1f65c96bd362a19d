"""The assessment: exact sums, one direction, nothing from the future, and honest words where nothing is known."""

import json
import math
from datetime import date, timedelta
from random import Random

import pytest
from pydantic import ValidationError

from solvent.errors import ConfigurationError
from solvent.risk.assess import Levels, RiskAssessment, assess, judge
from solvent.risk.card import Card, Curve, default_card, probability, read_card
from solvent.risk.features import Features
from solvent.risk.records import Business, History, Promise

SOME = 1_500
TYPICAL = {"EUR": 20_000, "USD": 15_000, "JPY": 900_000}


@pytest.fixture(scope="module")
def card():
    return default_card()


@pytest.fixture(scope="module")
def steep(card):
    """A card that weighs every feature, so that none is left out of what is tried."""
    curves = [
        {"feature": "late_rate", "knots": (0.01, 0.99), "points": (-4, 4)},
        {"feature": "overdue_days", "knots": (0, 100), "points": (0, 2)},
        {"feature": "worst_days_late", "knots": (0, 100), "points": (0, 1)},
        {"feature": "severe_lates", "knots": (0, 4), "points": (0, 2)},
        {"feature": "calm_days", "knots": (0, 720), "points": (1, 0)},
        {"feature": "paid_on_time", "knots": (0, 1, 16), "points": (1, 0, -1)},
        {"feature": "credit_room", "knots": (0, 1, 16), "points": (1, 0, -1)},
        {"feature": "credit_use", "knots": (0, 1), "points": (-1, 1)},
        {"feature": "broken_promises", "knots": (0, 1), "points": (-1, 1)},
        {"feature": "unanswered", "knots": (0, 1), "points": (-1, 1)},
    ]
    return Card(
        version="steep",
        event=card.event,
        intercept=-1,
        curves=[Curve(**curve, origin="judged") for curve in curves],
        fitted_on=card.fitted_on,
    )


def with_limit(history):
    return history.model_copy(update={"business": Business(credit_limit_minor=50_000, currency="EUR")})


def test_ten_thousand_random_histories_give_sound_assessments(random_histories, card):
    for history, as_of in random_histories:
        found = assess(with_limit(history), as_of, card, typical_minor=TYPICAL)
        assert 0 <= found.late.low <= found.late.value <= found.late.high <= 1
        assert 0 <= found.very_late <= found.late.value
        assert found.score == round(100 * found.late.value)
        assert len(found.reasons) <= 4
        assert all(math.isfinite(each) for each in found.contributions.values())


def test_contributions_add_up_to_the_score_exactly(random_histories, steep):
    for history, as_of in random_histories[:SOME]:
        found = assess(with_limit(history), as_of, steep, typical_minor=TYPICAL)
        log_odds = found.average_log_odds + math.fsum(found.contributions.values())
        assert probability(log_odds) == found.late.value


@pytest.mark.parametrize("paid_days_late", [0, -10])
def test_one_more_invoice_on_time_never_raises_the_risk(random_histories, steep, ledger, paid_days_late):
    dice = Random(4)
    for history, as_of in random_histories[:SOME]:
        ago = dice.randrange(20, 600)
        due = ledger.invoice("more", ago, ago - paid_days_late, amount_minor=dice.randrange(1, 10**6))
        moved = shifted(due, as_of - ledger.as_of)
        assert risk(with_one(history, moved), as_of, steep) <= risk(history, as_of, steep) + 1e-12


@pytest.mark.parametrize("paid", [True, False])
def test_one_more_late_invoice_never_lowers_the_risk(random_histories, steep, ledger, paid):
    dice = Random(5)
    for history, as_of in random_histories[:SOME]:
        ago = dice.randrange(2, 600)
        payments = (dice.randrange(ago),) if paid else ()
        late = ledger.invoice("more", ago, *payments, amount_minor=dice.randrange(1, 10**6))
        moved = shifted(late, as_of - ledger.as_of)
        assert risk(with_one(history, moved), as_of, steep) >= risk(history, as_of, steep) - 1e-12


def shifted(invoice, by):
    payments = tuple(each.model_copy(update={"paid": each.paid + by}) for each in invoice.payments)
    return invoice.model_copy(
        update={"issued": invoice.issued + by, "due": invoice.due + by, "payments": payments}
    )


def with_one(history, invoice):
    return history.model_copy(update={"invoices": (*history.invoices, invoice)})


def risk(history, as_of, card):
    return assess(with_limit(history), as_of, card, typical_minor=TYPICAL).late.value


def test_a_shuffled_future_leaves_the_assessment_as_it_was(random_histories, steep):
    dice = Random(6)
    changed = 0
    for history, as_of in random_histories[:SOME]:
        other = History(
            customer_id=history.customer_id,
            invoices=tuple(with_another_future(each, as_of, dice) for each in history.invoices),
            contacts=history.contacts,
        )
        changed += other != history
        assert assess(other, as_of, steep) == assess(history, as_of, steep)
    assert changed > SOME / 4


def with_another_future(invoice, as_of, dice):
    """The same invoice with the payments after the date at other days, of those that may come."""
    someday = date(2031, 1, 1) + timedelta(days=dice.randrange(3_000))
    spread = (
        each if each.paid <= as_of else each.model_copy(update={"paid": someday}) for each in invoice.payments
    )
    return invoice.model_copy(update={"payments": tuple(spread)})


def test_the_order_of_records_does_not_matter(random_histories, steep):
    dice = Random(7)
    for history, as_of in random_histories[:SOME]:
        invoices, contacts = list(history.invoices), list(history.contacts)
        dice.shuffle(invoices)
        dice.shuffle(contacts)
        other = history.model_copy(update={"invoices": tuple(invoices), "contacts": tuple(contacts)})
        before = assess(history, as_of, steep, typical_minor=TYPICAL)
        assert assess(other, as_of, steep, typical_minor=TYPICAL) == before


def test_a_customer_without_history_is_unknown_and_not_without_risk(card, ledger):
    found = assess(ledger.history(), ledger.as_of, card)
    assert (found.level, found.evidence, found.reasons) == ("unknown", "none", ())
    assert found.score > 0
    assert found.late.high - found.late.low > 0.15


def test_a_look_before_any_record_gives_what_an_empty_history_gives(card, ledger):
    later = ledger.history(ledger.invoice("a", 30, 2), ledger.invoice("b", 60))
    early = ledger.day(5_000)
    assert assess(later, early, card) == assess(ledger.history(), early, card)


def test_overdue_debt_alone_is_enough_for_a_level(card, ledger):
    within_grace = ledger.history(ledger.invoice("a", 3))
    found = assess(within_grace, ledger.as_of, card, grace_days=7)
    assert found.evidence == "thin"
    assert found.level != "unknown"


def test_a_habit_of_paying_late_scores_high_with_nothing_overdue(card, ledger):
    late = ledger.history(*(ledger.invoice(f"i{n}", 30 * n + 15, 30 * n) for n in range(1, 25)))
    punctual = ledger.history(*(ledger.invoice(f"i{n}", 30 * n, 30 * n) for n in range(1, 25)))
    scores = [assess(each, ledger.as_of, card).score for each in (late, punctual)]
    assert scores[0] > 2 * scores[1]
    assert assess(late, ledger.as_of, card).level in ("high", "critical")


def test_reasons_are_the_largest_contributions_with_their_numbers(steep, ledger):
    history = ledger.history(
        *(ledger.invoice(f"i{n}", 40 * n, *(() if n == 2 else (40 * n,))) for n in range(1, 9))
    )
    found = assess(history, ledger.as_of, steep)
    sizes = [abs(reason.log_odds) for reason in found.reasons]
    assert sizes == sorted(map(abs, found.contributions.values()), reverse=True)[:4]
    overdue = next(reason for reason in found.reasons if reason.code == "overdue_days")
    assert (overdue.effect, overdue.numbers) == ("raises", {"overdue_days": 80})


def test_the_features_alone_repeat_an_assessment_to_the_last_bit(card, ledger):
    history = ledger.history(ledger.invoice("a", 50, 10), ledger.contact("email", 9))
    found = assess(history, ledger.as_of, card)
    kept = Features.model_validate_json(found.features.model_dump_json())
    assert judge("c1", kept, card) == found
    assert kept.features_hash == found.features_hash
    assert RiskAssessment.model_validate_json(found.model_dump_json()) == found


def test_a_broken_promise_raises_the_risk_and_a_kept_one_lowers_it(card, ledger):
    def promising(kept):
        promise = Promise(made=ledger.day(30), due=ledger.day(20), kept=kept)
        return assess(ledger.history(ledger.invoice("a", 40, 10, promises=(promise,))), ledger.as_of, card)

    plain = assess(ledger.history(ledger.invoice("a", 40, 10)), ledger.as_of, card)
    assert promising(kept=True).late.value < plain.late.value < promising(kept=False).late.value


@pytest.mark.parametrize("levels", [(0.5, 0.4, 0.9), (0, 0.4, 0.9), (0.2, 0.4, 1), (float("nan"), 0.4, 0.9)])
def test_levels_that_do_not_rise_are_refused(levels):
    with pytest.raises(ConfigurationError, match="must rise"):
        Levels(*levels)


@pytest.mark.parametrize(
    ("late_probability", "level"), [(0, "low"), (0.2, "medium"), (0.45, "high"), (0.75, "critical")]
)
def test_a_level_begins_at_its_probability(late_probability, level):
    assert Levels().of(late_probability) == level


@pytest.mark.parametrize(
    "change",
    [
        {"points": (1.0, 0.0)},
        {"points": (0.0, float("nan"))},
        {"knots": (1.0, 0.0)},
        {"knots": (0.0, 0.0)},
        {"points": (0.0, 0.1, 0.2)},
        {"feature": "sex"},
        {"points": (0.0, 100.0)},
    ],
)
def test_a_curve_that_turns_or_makes_no_sense_is_refused(change):
    sound = {"feature": "overdue_days", "knots": (0.0, 30.0), "points": (0.0, 1.0), "origin": "fitted"}
    assert Curve(**sound).at(15) == 0.5
    with pytest.raises(ValidationError):
        Curve(**(sound | change))


def test_a_file_that_is_no_card_is_refused_with_what_is_wrong(tmp_path, card):
    document = json.loads(card.model_dump_json())
    document["curves"][0]["points"].reverse()
    path = tmp_path / "card.json"
    path.write_text(json.dumps(document))
    with pytest.raises(ConfigurationError, match="late_rate must never act against its direction"):
        read_card(path)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_card(tmp_path / "absent.json")


def test_a_card_that_was_written_is_the_card_that_is_read(tmp_path, card):
    path = tmp_path / "card.json"
    path.write_text(card.model_dump_json())
    assert read_card(path) == card
