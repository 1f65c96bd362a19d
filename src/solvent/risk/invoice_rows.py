"""One row, one invoice: its columns, the words for its status, and how payments are written."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from solvent.risk.cells import Cell, CellError, amount_in, day_in, flag_in, shown, text_of
from solvent.risk.currency import show
from solvent.risk.records import Invoice, Payment, Promise, Status
from solvent.risk.rows import FieldError, Fields
from solvent.risk.tables import Row

INVOICE_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "id": ("invoice_number", "invoice_id", "invoice", "number", "id"),
    "customer_id": ("customer_id", "customer"),
    "issued": ("issued", "issued_on", "issue_date", "invoice_date", "created_at"),
    "due": ("due", "due_on", "due_date"),
    "amount": ("amount", "invoice_amount", "total"),
    "currency": ("currency",),
    "status": ("status",),
    "paid": ("paid", "paid_on", "paid_date", "payment_date"),
    "paid_amount": ("paid_amount", "amount_paid"),
    "payments": ("payments",),
    "disputed": ("disputed",),
    "disputed_on": ("disputed_on", "dispute_date"),
    "voided_on": ("voided_on", "cancelled_on"),
    "promise_made": ("promise_made",),
    "promise_date": ("promise_date", "promised_for"),
    "promise_amount": ("promise_amount", "promised_amount"),
}

_OPEN: Final = ("open", "unpaid", "pending", "sent", "overdue")
_STATUSES: Final[Mapping[str, Status]] = {
    **dict.fromkeys((*_OPEN, "partial"), "open"),
    "paid": "paid",
    **dict.fromkeys(("cancelled", "canceled", "void"), "cancelled"),
    "credited": "credited",
    "duplicate": "duplicate",
}


def invoice_in(row: Row, default_currency: str | None) -> Invoice:
    """Return the invoice in *row*.

    Without a status it is paid when its payments cover it, open otherwise. A day of payment without an amount
    means the whole amount, unless the status says that some is open.

    Raises:
        FieldError: a field is missing or cannot be read, or two of them contradict each other.
        ValidationError: the fields can be read, and contradict each other.
    """
    fields = Fields(row, INVOICE_COLUMNS)
    currency = fields.currency(default_currency)
    if currency is None:
        raise FieldError("currency", "empty; add the column, or name the ledger's currency")
    issued = fields.need("issued", day_in)
    amount_minor = fields.need("amount", lambda cell: amount_in(cell, currency))
    payments = _payments(fields, amount_minor, currency)
    status = fields.word("status", _STATUSES)
    if status is None:
        covered = sum(payment.amount_minor for payment in payments) >= amount_minor
        status = "paid" if covered else "open"
    return Invoice(
        id=fields.need("id", text_of),
        customer_id=fields.need("customer_id", text_of),
        issued=issued,
        due=fields.need("due", day_in),
        amount_minor=amount_minor,
        currency=currency,
        payments=payments,
        status=status,
        disputed=bool(fields.read("disputed", flag_in)),
        disputed_on=fields.read("disputed_on", day_in),
        voided_on=fields.read("voided_on", day_in),
        promises=_promises(fields, issued, currency),
    )


def _payments(fields: Fields, amount_minor: int, currency: str) -> tuple[Payment, ...]:
    several = fields.read("payments", lambda cell: _listed(cell, currency))
    paid = fields.read("paid", day_in)
    paid_minor = fields.read("paid_amount", lambda cell: amount_in(cell, currency))
    word = text_of(fields.cell("status")).lower()
    if several is not None:
        if paid or paid_minor:
            raise FieldError("payments", "stand beside a day or amount of one payment; keep one of the two")
        return several
    if paid is None:
        if paid_minor is not None or word in ("paid", "partial"):
            raise FieldError("paid", f"empty, but {_claim(word, paid_minor, currency)}")
        return ()
    if paid_minor is None and word in (*_OPEN, "partial"):
        raise FieldError("paid_amount", f"empty, but {word} and paid on {paid}; how much was paid?")
    return (Payment(paid=paid, amount_minor=paid_minor or amount_minor),)


def _claim(word: str, paid_minor: int | None, currency: str) -> str:
    return f"the status is {word}" if paid_minor is None else f"{show(paid_minor, currency)} were paid"


def _listed(cell: Cell, currency: str) -> tuple[Payment, ...]:
    """Payments in one cell: ``2025-01-31 100.00; 2025-02-28 50.00``."""
    payments = []
    for part in text_of(cell).split(";"):
        day, _, amount = part.strip().partition(" ")
        if not amount:
            raise CellError(f"{shown(part)} is not a payment; write YYYY-MM-DD 100.00; YYYY-MM-DD 50.00")
        payments.append(Payment(paid=day_in(day), amount_minor=amount_in(amount.strip(), currency)))
    return tuple(payments)


def _promises(fields: Fields, issued: date, currency: str) -> tuple[Promise, ...]:
    """The one promise that a row may hold; without its own day, payments count towards it from the issue on."""
    due = fields.read("promise_date", day_in)
    amount_minor = fields.read("promise_amount", lambda cell: amount_in(cell, currency))
    made = fields.read("promise_made", day_in)
    if due is None:
        if amount_minor is not None or made is not None:
            raise FieldError("promise_date", "empty, but something was promised; by which day?")
        return ()
    return (Promise(made=made or issued, due=due, amount_minor=amount_minor),)
