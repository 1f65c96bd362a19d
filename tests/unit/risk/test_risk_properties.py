"""What holds for every history: ten thousand random ones, and none may break a rule."""

import math
from dataclasses import fields
from datetime import date, timedelta
from random import Random

import pytest

from solvent.risk.estimates import Estimate, Priors
from solvent.risk.metrics import DEFAULT_PRIORS, measure
from solvent.risk.records import History
from solvent.risk.standing import standing

SOME = 1_500
RATES = ("late", "very_late", "promise_kept")


def estimates(metrics):
    own = {name: value for name in dir(metrics) if isinstance(value := getattr(metrics, name), Estimate)}
    for channel in metrics.channels:
        own |= {
            f"{channel.channel} response": channel.response,
            f"{channel.channel} reached": channel.reached,
        }
    return own


def check_sound(metrics):
    for name, estimate in estimates(metrics).items():
        assert all(math.isfinite(value) for value in (estimate.shrunk, estimate.low, estimate.high)), name
        assert estimate.low <= estimate.shrunk <= estimate.high, name
        assert (estimate.raw is None) == (estimate.n == 0), name
        if not name.startswith("days"):
            assert estimate.low >= 0, name
            assert estimate.high <= 1, name


def without_the_future(history, as_of):
    """The history as somebody knew it on that day."""

    def then(invoice):
        payments = tuple(payment for payment in invoice.payments if payment.paid <= as_of)
        void = invoice.is_void and (invoice.voided_on is None or invoice.voided_on <= as_of)
        disputed = invoice.disputed and (invoice.disputed_on is None or invoice.disputed_on <= as_of)
        covered = sum(payment.amount_minor for payment in payments) >= invoice.amount_minor
        change = {
            "payments": payments,
            "status": invoice.status if void else "paid" if covered else "open",
            "voided_on": invoice.voided_on if void else None,
            "disputed": disputed,
            "disputed_on": invoice.disputed_on if disputed else None,
            "promises": tuple(promise for promise in invoice.promises if promise.made <= as_of),
        }
        return type(invoice).model_validate(invoice.model_dump() | change)

    return History(
        customer_id=history.customer_id,
        invoices=tuple(then(invoice) for invoice in history.invoices if invoice.issued <= as_of),
        contacts=tuple(contact for contact in history.contacts if contact.at.date() <= as_of),
    )


def test_every_metric_of_every_random_history_is_sound(random_histories):
    for history, as_of in random_histories:
        metrics = measure(history, as_of)
        check_sound(metrics)
        counts = metrics.counts
        issued = sum(invoice.issued <= as_of for invoice in history.invoices)
        assert counts.on_time + counts.late + counts.pending + counts.disputed + counts.void == issued
        assert counts.closed + counts.open_late == counts.matured == metrics.late.n
        for amounts in metrics.amounts:
            assert amounts.weighted_days_to_pay is None or amounts.weighted_days_to_pay >= 0


def test_on_time_and_late_add_up_to_a_hundred(random_histories):
    matured = 0
    for history, as_of in random_histories:
        metrics = measure(history, as_of)
        if metrics.counts.matured:
            matured += 1
            assert metrics.on_time_percent + metrics.late_percent == 100
            assert metrics.on_time.raw + metrics.late.raw == pytest.approx(1)
            assert metrics.on_time.shrunk + metrics.late.shrunk == pytest.approx(1)
        else:
            assert metrics.on_time_percent is None
            assert metrics.late_percent is None
    assert matured > SOME


def test_the_order_of_records_does_not_matter(random_histories):
    dice = Random(7)
    for history, as_of in random_histories[:SOME]:
        invoices = [
            invoice.model_copy(
                update={"payments": tuple(dice.sample(invoice.payments, len(invoice.payments)))}
            )
            for invoice in dice.sample(history.invoices, len(history.invoices))
        ]
        contacts = dice.sample(history.contacts, len(history.contacts))
        change = {"invoices": tuple(invoices), "contacts": tuple(contacts)}
        assert measure(history.model_copy(update=change), as_of) == measure(history, as_of)


def test_before_any_record_there_is_nothing_but_the_priors(random_histories):
    as_of = date(2021, 12, 31)
    empty = measure(History(customer_id="c1"), as_of)
    for history, _ in random_histories[:SOME]:
        assert measure(history, as_of) == empty


def test_what_happens_after_the_date_changes_nothing(random_histories):
    for history, as_of in random_histories[:SOME]:
        assert measure(without_the_future(history, as_of), as_of) == measure(history, as_of)


def test_one_more_late_invoice_never_looks_better_and_one_more_on_time_never_worse(random_histories, ledger):
    for history, _ in random_histories[:SOME]:
        as_of, dice = ledger.as_of, Random(len(history.invoices))
        due_ago = dice.randrange(31, 900)
        late = ledger.invoice("late", due_ago, due_ago - dice.randrange(1, 31))
        open_still = ledger.invoice("open", due_ago)
        on_time = ledger.invoice("good", due_ago, due_ago + dice.randrange(30))
        before = measure(history, as_of)
        for more, sign in ((late, 1), (open_still, 1), (on_time, -1)):
            change = {"invoices": (*history.invoices, more)}
            after = measure(history.model_copy(update=change), as_of)
            assert sign * (after.late.shrunk - before.late.shrunk) > 0
            assert sign * (after.late.low - before.late.low) >= 0
            assert sign * (after.late.high - before.late.high) >= 0


def test_what_is_open_is_in_exactly_one_place(random_histories):
    for history, as_of in random_histories[:SOME]:
        for amounts in measure(history, as_of).amounts:
            seen = [standing(each, as_of) for each in history.invoices if each.currency == amounts.currency]
            open_minor = sum(each.rest_minor for each in seen if each)
            assert amounts.aging.open_minor + amounts.disputed_minor == open_minor


def test_priors_are_what_an_empty_history_gives():
    metrics = measure(History(customer_id="nobody"), date(2025, 1, 1))
    for name in RATES:
        assert getattr(metrics, name).shrunk == getattr(DEFAULT_PRIORS, name).mean
        assert getattr(metrics, name).high - getattr(metrics, name).low > 0.3
    for name in ("days_to_pay", "days_late", "days_delinquent"):
        assert getattr(metrics, name).shrunk == getattr(DEFAULT_PRIORS, name).mean
    assert {field.name for field in fields(Priors)} > set(RATES)


def test_an_old_observation_weighs_half_after_each_half_life(ledger):
    gaps = []
    for closed_ago in (0, 180, 360):
        late = ledger.invoice("late", closed_ago + 5, closed_ago)
        metrics = measure(ledger.history(late), ledger.as_of)
        strength, mean = DEFAULT_PRIORS.late.strength, DEFAULT_PRIORS.late.mean
        shrunk = metrics.late.shrunk
        gaps.append(strength * (shrunk - mean) / (1 - shrunk))
    assert gaps == pytest.approx([1, 0.5, 0.25])


def test_a_far_date_neither_overflows_nor_forgets_the_debt(ledger):
    metrics = measure(ledger.history(ledger.invoice("old", 30)), date(2199, 12, 31))
    assert metrics.counts.open_late == 1
    assert metrics.late.raw == 1
    assert metrics.worst_days_past_due == (date(2199, 12, 31) - ledger.as_of + timedelta(days=30)).days
    check_sound(metrics)
