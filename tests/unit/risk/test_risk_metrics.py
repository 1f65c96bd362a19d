"""Every row of the definitions, by hand, and the old system's mistakes."""

from datetime import timedelta

import pytest

from solvent.risk.metrics import legacy_view, measure
from solvent.risk.records import History, Promise
from solvent.risk.standing import Aging


def measured(ledger, *records, **more):
    return measure(ledger.history(*records), ledger.as_of, **more)


def test_an_empty_history_has_no_days_to_pay_and_true_zeros_of_debt(ledger):
    metrics = measured(ledger)
    assert metrics.days_to_pay.raw is None
    assert metrics.days_to_pay.shrunk > 0
    assert metrics.on_time_percent is None
    assert metrics.late_percent is None
    assert metrics.late.raw is None
    assert metrics.in_currency("EUR").aging == Aging(0, 0, 0, 0, 0)
    assert metrics.in_currency("EUR").weighted_days_to_pay is None
    assert (metrics.channels, metrics.worst_days_past_due, metrics.last_seen) == ((), 0, None)


def test_a_same_day_payment_counts_as_zero_days(ledger):
    metrics = measured(ledger, ledger.invoice("same day", 10, 40), ledger.invoice("slow", 10, 20))
    assert metrics.days_to_pay.raw == 10
    assert metrics.days_to_pay.n == 2
    assert metrics.in_currency("EUR").weighted_days_to_pay == 10


def test_on_time_is_measured_by_the_due_date_and_not_by_thirty_days(ledger):
    quick_but_late = ledger.invoice("net 7", 50, 40, terms=7)
    slow_but_on_time = ledger.invoice("net 90", 20, 30, terms=90)
    assert measured(ledger, quick_but_late).late_percent == 100
    assert measured(ledger, slow_but_on_time).on_time_percent == 100


def test_an_unpaid_overdue_invoice_is_late_and_never_on_time(ledger):
    metrics = measured(ledger, ledger.invoice("open", 1))
    assert (metrics.counts.late, metrics.counts.on_time, metrics.counts.open_late) == (1, 0, 1)
    assert metrics.late.raw == 1
    assert metrics.days_late.raw == 1
    assert metrics.days_to_pay.raw is None


@pytest.mark.parametrize(("due_ago", "late"), [(-1, 0), (0, 0), (1, 1)])
def test_an_open_invoice_is_pending_until_its_due_date_is_over(ledger, due_ago, late):
    counts = measured(ledger, ledger.invoice("open", due_ago)).counts
    assert (counts.late, counts.pending) == (late, 1 - late)


@pytest.mark.parametrize(("grace_days", "late"), [(0, 2), (4, 2), (5, 0)])
def test_grace_delays_when_an_invoice_is_late(ledger, grace_days, late):
    records = ledger.invoice("closed", 40, 35), ledger.invoice("open", 5)
    assert measured(ledger, *records, grace_days=grace_days).counts.late == late


def test_days_late_are_censored_while_open_and_never_negative(ledger):
    records = ledger.invoice("early", 40, 60), ledger.invoice("late", 40, 34), ledger.invoice("open", 12)
    metrics = measured(ledger, *records)
    assert metrics.days_late.raw == 6
    assert metrics.days_late.n == 3


def test_average_days_delinquent_are_signed_and_of_closed_invoices_only(ledger):
    records = ledger.invoice("early", 40, 60), ledger.invoice("late", 40, 34), ledger.invoice("open", 12)
    assert measured(ledger, *records).days_delinquent.raw == -7


def test_an_invoice_paid_in_parts_closes_with_the_part_that_completes_it(ledger):
    parts = ledger.invoice("parts", 50, (70, 7_500), (20, 2_500))
    metrics = measured(ledger, parts)
    assert metrics.days_to_pay.raw == 60
    assert metrics.in_currency("EUR").weighted_days_to_pay == (7_500 * 10 + 2_500 * 60) / 10_000
    assert metrics.very_late.raw == 0


def test_amounts_weigh_the_days_and_money_paid_too_much_does_not(ledger):
    small = ledger.invoice("small", 10, 30, amount_minor=1_000)
    large = ledger.invoice("large", 10, (20, 9_000), (0, 5_000), amount_minor=9_000)
    assert measured(ledger, small, large).in_currency("EUR").weighted_days_to_pay == 19


def test_more_than_thirty_days_late_is_very_late(ledger):
    records = ledger.invoice("thirty", 60, 30), ledger.invoice("thirty-one", 60, 29)
    metrics = measured(ledger, *records)
    assert metrics.very_late.raw == 0.5
    assert metrics.late.raw == 1


def test_disputed_invoices_stand_apart_and_void_ones_nowhere(ledger):
    metrics = measured(
        ledger,
        ledger.invoice("disputed", 100, disputed=True),
        ledger.invoice("disputed and paid", 100, 10, disputed=True),
        ledger.invoice("cancelled", 100, status="cancelled"),
        ledger.invoice("credited", 100, status="credited"),
        ledger.invoice("duplicate", 100, 90, status="duplicate"),
    )
    assert metrics.late.n == 0
    assert (metrics.counts.disputed, metrics.counts.void) == (2, 3)
    assert metrics.in_currency("EUR").aging.open_minor == 0
    assert metrics.in_currency("EUR").disputed_minor == 10_000
    assert metrics.worst_days_past_due == 0


def test_a_dispute_or_withdrawal_of_a_later_day_is_not_known_yet(ledger):
    later = ledger.as_of + timedelta(days=1)
    disputed = ledger.invoice("disputed", 5, disputed=True, disputed_on=later)
    void = ledger.invoice("void", 5, status="cancelled", voided_on=later)
    assert measured(ledger, disputed, void).counts.late == 2
    assert measure(ledger.history(disputed, void), later).counts.late == 0


def test_aging_puts_each_open_amount_into_its_bucket_by_days_past_due(ledger):
    days = (-5, 0, 1, 30, 31, 60, 61, 90, 91, 500)
    invoices = [ledger.invoice(f"due {ago}", ago, amount_minor=10**place) for place, ago in enumerate(days)]
    partly = ledger.invoice("partly", 45, (50, 4_000), currency="USD")
    metrics = measured(ledger, *invoices, partly)
    assert metrics.in_currency("EUR").aging == Aging(11, 1_100, 110_000, 11_000_000, 1_100_000_000)
    assert metrics.in_currency("USD").aging == Aging(0, 0, 6_000, 0, 0)
    assert [amounts.currency for amounts in metrics.amounts] == ["EUR", "USD"]
    assert metrics.worst_days_past_due == 500


def test_a_history_in_one_currency_is_measured_alone(ledger):
    history = ledger.history(ledger.invoice("euro", 10, 20), ledger.invoice("dollar", 10, 5, currency="USD"))
    assert history.currencies == ("EUR", "USD")
    assert measure(history.in_currency("EUR"), ledger.as_of).late.raw == 0
    assert measure(history.in_currency("USD"), ledger.as_of).late.raw == 1
    assert measure(history, ledger.as_of).late.raw == 0.5


def promise(ledger, made_ago, due_ago, **more):
    return Promise(made=ledger.day(made_ago), due=ledger.day(due_ago), **more)


@pytest.mark.parametrize(
    ("paid_ago", "grace_days", "kept"),
    [((20, 10_000), 0, 1), ((19, 10_000), 0, 0), ((19, 10_000), 1, 1), ((20, 9_999), 0, 0)],
)
def test_a_promise_is_kept_when_the_invoice_is_closed_by_its_day_and_grace(
    ledger, paid_ago, grace_days, kept
):
    promised = ledger.invoice("promised", 60, paid_ago, promises=(promise(ledger, 40, 20),))
    assert measured(ledger, promised, grace_days=grace_days).promise_kept.raw == kept


def test_a_promise_of_a_part_is_kept_by_that_part_arriving_after_it_was_made(ledger):
    for ago, kept in ((50, 0), (30, 1), (10, 0)):
        part = promise(ledger, 40, 20, amount_minor=3_000)
        invoice = ledger.invoice("promised", 60, (ago, 3_000), promises=(part,))
        assert measured(ledger, invoice).promise_kept.raw == kept


def test_a_promise_counts_once_its_day_is_over_and_not_for_a_void_invoice(ledger):
    today = ledger.invoice("today", 60, promises=(promise(ledger, 40, 0),))
    void = ledger.invoice("void", 60, status="credited", promises=(promise(ledger, 40, 20),))
    assert measured(ledger, today, void).promise_kept.n == 0
    assert measure(ledger.history(today, void), ledger.day(-1)).promise_kept.n == 1


def test_a_promise_by_phone_is_checked_by_its_sum_or_by_the_invoice_it_names(ledger):
    invoice = ledger.invoice("A1", 60, (25, 10_000))
    by_sum = ledger.contact("phone", 40, promise=promise(ledger, 40, 20, amount_minor=10_000, currency="EUR"))
    by_name = ledger.contact("phone", 40, promise=promise(ledger, 40, 30, invoice_id="A1"))
    stated = ledger.contact("phone", 40, promise=promise(ledger, 40, 30, kept=True))
    unknown = ledger.contact("phone", 40, promise=promise(ledger, 40, 30, invoice_id="Z9"))
    assert measured(ledger, invoice, by_sum).promise_kept.raw == 1
    assert measured(ledger, invoice, by_name).promise_kept.raw == 0
    assert measured(ledger, invoice, stated).promise_kept.raw == 1
    assert measured(ledger, invoice, unknown).promise_kept.n == 0


@pytest.mark.parametrize(
    ("channel", "answer_ago", "counts"),
    [
        ("email", 43, 1),
        ("email", 42, 0),
        ("sms", 43, 1),
        ("phone", 50, 1),
        ("phone", 49, 0),
        ("letter", 36, 1),
    ],
)
def test_an_answer_counts_within_the_time_of_its_channel(ledger, channel, answer_ago, counts):
    (metrics,) = measured(ledger, ledger.contact(channel, 50, answered_ago=answer_ago)).channels
    assert metrics.response.raw == counts


def test_bounced_attempts_are_about_reaching_and_not_about_answering(ledger):
    (email,) = measured(
        ledger,
        ledger.contact("email", 50, answered_ago=49),
        ledger.contact("email", 40),
        ledger.contact("email", 30, delivered=False),
        ledger.contact("email", 20, delivered=None),
        ledger.contact("email", 3),
    ).channels
    assert (email.response.raw, email.response.n) == (0.5, 2)
    assert (email.reached.raw, email.reached.n) == (0.75, 4)
    assert email.attempts == 5


def test_the_legacy_view_is_plain_and_zero_only_where_nothing_is_known(ledger):
    empty = legacy_view(measured(ledger))
    assert (empty.average_days_to_pay, empty.on_time_percentage, empty.late_percentage) == (0.0, 0.0, 0.0)
    full = legacy_view(
        measured(
            ledger,
            ledger.invoice("good", 40, 60),
            ledger.invoice("late", 40, 30),
            ledger.contact("email", 50, answered_ago=49),
            ledger.contact("sms", 50),
            ledger.contact("sms", 40),
        )
    )
    assert (full.average_days_to_pay, full.on_time_percentage, full.late_percentage) == (25.0, 50.0, 50.0)
    assert full.response_rate == pytest.approx(100 / 3)
    assert full.commitment_kept_rate == 0.0


def test_a_history_of_contacts_alone_has_no_rate_of_late_invoices(ledger):
    metrics = measured(ledger, ledger.contact("email", 50))
    assert metrics.late.raw is None
    assert metrics.last_seen == ledger.day(50)
    assert measure(History(customer_id="c1"), ledger.as_of).last_seen is None
