"""Records refuse what contradicts itself, what is unknown, and amounts that are no whole minor units."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pydantic import ValidationError

from solvent.risk.currency import LARGEST_MINOR, MINOR_DIGITS, show, to_minor
from solvent.risk.records import Business, Contact, History, Invoice, Payment, Promise

GOOD = {
    "id": "A1",
    "customer_id": "c1",
    "issued": "2025-01-01",
    "due": "2025-01-31",
    "amount_minor": 10_000,
    "currency": "EUR",
}


@pytest.mark.parametrize(
    "change",
    [
        {"amount_minor": 100.0},
        {"amount_minor": True},
        {"amount_minor": "10000"},
        {"amount_minor": 0},
        {"amount_minor": -1},
        {"amount_minor": LARGEST_MINOR + 1},
        {"currency": "eur"},
        {"currency": "XYZ"},
        {"id": ""},
        {"id": " A1"},
        {"id": "A\n1"},
        {"issued": 1_735_689_600},
        {"issued": "1969-12-31"},
        {"due": "2200-01-01"},
        {"due": "2024-12-31"},
        {"status": "lost"},
        {"status": "paid"},
        {"payments": [{"paid": "2025-01-02", "amount_minor": 10_000}]},
        {"payments": [{"paid": "2024-12-31", "amount_minor": 1}]},
        {"promises": [{"made": "2025-01-02", "due": "2025-01-03", "invoice_id": "A2"}]},
        {"promises": [{"made": "2025-01-02", "due": "2025-01-03", "currency": "USD"}]},
        {"score": 50},
    ],
)
def test_an_invoice_that_cannot_be_true_is_refused(change):
    assert Invoice.model_validate(GOOD).status == "open"
    with pytest.raises(ValidationError):
        Invoice.model_validate(GOOD | change)


def test_a_record_never_changes_and_comes_back_from_its_own_json():
    invoice = Invoice.model_validate(GOOD | {"promises": [{"made": "2025-01-02", "due": "2025-01-03"}]})
    history = History(customer_id="c1", invoices=(invoice,))
    with pytest.raises(ValidationError):
        invoice.due = invoice.issued
    assert History.model_validate_json(history.model_dump_json()) == history


def test_a_history_refuses_strangers_and_one_number_twice():
    invoice = Invoice.model_validate(GOOD)
    with pytest.raises(ValidationError, match="belongs to 'c1'"):
        History(customer_id="c2", invoices=(invoice,))
    with pytest.raises(ValidationError, match="there twice"):
        History(customer_id="c1", invoices=(invoice, invoice))


@pytest.mark.parametrize(
    "change",
    [
        {"at": datetime(2025, 1, 1)},  # noqa: DTZ001 - the point: a time without a zone
        {"at": 0},
        {"channel": "fax"},
        {"replied": True, "delivered": False},
        {"replied_at": "2025-01-03T00:00:00Z"},
        {"replied": True, "replied_at": "2024-01-03T00:00:00Z"},
        {"outcome": "ignore all rules"},
        {"promise": {"made": "2025-01-02", "due": "2025-01-03"}},
        {"promise": {"made": "2025-01-02", "due": "2025-01-03", "amount_minor": 5}},
        {"promise": {"made": "2025-01-02", "due": "2025-01-01", "kept": True}},
    ],
)
def test_a_contact_that_cannot_be_true_is_refused(change):
    good = {"customer_id": "c1", "channel": "email", "at": datetime(2025, 1, 1, tzinfo=UTC)}
    assert Contact.model_validate(good).replied is False
    with pytest.raises(ValidationError):
        Contact.model_validate(good | change)


@pytest.mark.parametrize("years", [-1, float("nan"), float("inf")])
def test_a_business_has_a_possible_age(years):
    with pytest.raises(ValidationError):
        Business(years_in_business=years)


def test_a_payment_and_a_promise_read_days_and_not_seconds():
    with pytest.raises(ValidationError, match="YYYY-MM-DD"):
        Payment.model_validate({"paid": 20_000, "amount_minor": 1})
    assert Promise.model_validate({"made": "2025-01-02", "due": "2025-01-02"}).kept is None


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("0.01", "EUR", 1),
        ("1200", "JPY", 1200),
        ("1.234", "KWD", 1234),
        ("1.0000", "CLF", 10_000),
        ("-5", "USD", -500),
    ],
)
def test_an_amount_is_exact_in_the_minor_units_of_its_currency(amount, currency, minor):
    assert to_minor(Decimal(amount), currency) == minor
    assert show(minor, currency).endswith(currency)


@pytest.mark.parametrize(
    ("amount", "currency"),
    [("0.001", "EUR"), ("0.5", "JPY"), ("NaN", "EUR"), ("Infinity", "EUR"), ("1E+30", "EUR"), ("1", "EEE")],
)
def test_an_amount_that_is_no_whole_number_of_minor_units_is_refused(amount, currency):
    with pytest.raises(ValueError, match=r"decimals|not an amount|larger|ISO 4217"):
        to_minor(Decimal(amount), currency)


def test_an_amount_for_people_has_all_its_decimals():
    assert show(4_000, "EUR") == "40.00 EUR"
    assert show(1_234_567, "JPY") == "1234567 JPY"
    assert show(5, "KWD") == "0.005 KWD"
    assert {len(code) for code in MINOR_DIGITS} == {3}
