"""What was recovered: money that arrived late and after a contact, once, and only in its period."""

from datetime import UTC, date, datetime

from solvent.risk.records import Contact, History, Invoice, Payment
from solvent.risk.recovery import recovered_minor

DUE = date(2025, 3, 1)
SINCE, UNTIL = date(2025, 3, 1), date(2025, 5, 31)


def ledger(*payments, contacted=date(2025, 3, 5), amount_minor=1000, status=None):
    paid = sum(minor for _, minor in payments) >= amount_minor
    bill = Invoice(
        id="1",
        customer_id="c1",
        issued=date(2025, 2, 1),
        due=DUE,
        amount_minor=amount_minor,
        currency="EUR",
        payments=tuple(Payment(paid=day, amount_minor=minor) for day, minor in payments),
        status=status or ("paid" if paid else "open"),
    )
    at = datetime.combine(contacted, datetime.min.time(), UTC) if contacted else None
    contacts = (Contact(customer_id="c1", channel="email", at=at),) if at else ()
    return [History(customer_id="c1", invoices=(bill,), contacts=contacts)]


def test_money_after_the_due_date_and_a_contact_is_recovered():
    assert recovered_minor(ledger((date(2025, 3, 20), 1000)), SINCE, UNTIL) == {"EUR": 1000}


def test_money_in_time_or_before_any_contact_is_not_recovered():
    assert recovered_minor(ledger((DUE, 1000)), SINCE, UNTIL) == {}
    assert recovered_minor(ledger((date(2025, 3, 4), 1000)), SINCE, UNTIL) == {}
    assert recovered_minor(ledger((date(2025, 3, 20), 1000), contacted=None), SINCE, UNTIL) == {}


def test_money_counts_in_the_period_in_which_it_arrived_both_ends_included():
    parts = ledger((UNTIL, 300), (date(2025, 6, 1), 700))
    assert recovered_minor(parts, SINCE, UNTIL) == {"EUR": 300}
    assert recovered_minor(parts, date(2025, 6, 1), date(2025, 6, 1)) == {"EUR": 700}


def test_what_was_paid_too_much_and_what_was_withdrawn_is_not_recovered():
    assert recovered_minor(ledger((date(2025, 3, 20), 1500)), SINCE, UNTIL) == {"EUR": 1000}
    void = ledger((date(2025, 3, 20), 1000), status="cancelled")
    assert recovered_minor(void, SINCE, UNTIL) == {}
