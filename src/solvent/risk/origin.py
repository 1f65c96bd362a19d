"""The JSON shapes of the system that solvent succeeds, as a history; its tables are read by ``readers``.

The shapes lack dates, currency and terms: the caller states the last two, and what stands in for a date is written
at each function. Nothing else is added.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Final, TypeVar

from solvent.risk.cells import Cell, amount_in, flag_in, instant_in, number_in, text_of, whole_in
from solvent.risk.contact_rows import CHANNEL_WORDS, OUTCOME_WORDS
from solvent.risk.currency import MINOR_DIGITS
from solvent.risk.problems import Problem, attempt
from solvent.risk.readers import ReadReport
from solvent.risk.records import (
    TRENDS,
    Business,
    Contact,
    Context,
    History,
    Invoice,
    Payment,
    Promise,
    Trend,
    day_of,
)
from solvent.risk.rows import Columns, FieldError, Fields
from solvent.risk.tables import table_of

Item = Mapping[str, Cell]
_T = TypeVar("_T")


def _columns(*names: str) -> Columns:
    return {name: (name,) for name in names}


_PAYMENT: Final = _columns("amount", "daysToPay", "status")
_CONTACT: Final = _columns("channel", "date", "responded", "outcome", "commitmentMade", "commitmentKept")
_BUSINESS: Final = _columns("revenue", "employees", "yearsInBusiness", "creditRating", "industryTrend")
_CONTEXT: Final = _columns(
    "customerName", "companyName", "industry", "outstandingAmount", "daysPastDue", "previousAttempts"
)
_MOST_DAYS: Final = 3650
_STATUSES: Final[Mapping[str, str]] = {
    word: word for word in ("paid", "pending", "overdue", "partial", "cancelled")
}
_TREND_WORDS: Final[Mapping[str, Trend]] = {trend: trend for trend in TRENDS}


@dataclass(frozen=True, slots=True)
class Terms:
    """What the shapes leave out: whose they are, the date of the look, the days until due, and the currency."""

    customer_id: str
    as_of: date
    terms_days: int
    currency: str

    def __post_init__(self) -> None:
        if self.currency not in MINOR_DIGITS:
            raise ValueError(
                f"{self.currency!r} is not a currency of ISO 4217; write its three capital letters"
            )
        if not 0 <= self.terms_days <= _MOST_DAYS:
            raise ValueError(f"Nobody grants {self.terms_days} days to pay; name 0 to {_MOST_DAYS}")


def read_origin(
    terms: Terms,
    payments: Iterable[Item] = (),
    contacts: Iterable[Item] = (),
    *,
    business: Item | None = None,
    context: Item | None = None,
) -> ReadReport:
    """Return one customer's history from the old shapes; the line of a problem is the item's place, from 1.

    Open items have no date at all: their debt comes from the context's *outstandingAmount* and *daysPastDue*, as
    one invoice; without these, each of them is reported.
    """
    problems: list[Problem] = []
    cases = [context] if context is not None else []
    debts = list(_each("context", cases, _CONTEXT, partial(_debt, terms), problems))
    items = list(payments)
    read_payment = partial(_invoice, terms, has_debt=bool(debts))
    bills = [*_each("payments", items, _PAYMENT, read_payment, problems), *debts]
    met = list(contacts)
    history = History(
        customer_id=terms.customer_id,
        invoices=tuple(bills),
        contacts=tuple(_each("contacts", met, _CONTACT, partial(_contact, terms), problems)),
        business=next(
            _each("business", [business] if business else [], _BUSINESS, partial(_business, terms), problems),
            None,
        ),
        context=next(_each("context", cases, _CONTEXT, _context, problems), None),
    )
    used = len(bills) - len(debts) + len(history.contacts)
    return ReadReport((history,), tuple(problems), rows=len(items) + len(met), used=used, ignored=())


def _each(
    source: str,
    items: Iterable[Item],
    columns: Columns,
    read: Callable[[Fields], _T | None],
    problems: list[Problem],
) -> Iterator[_T]:
    """What *read* makes of each item that it can read, and that says anything."""
    for row in table_of(source, items).rows:
        record = attempt(source, row.line, partial(read, Fields(row, columns)), problems)
        if record is not None:
            yield record


def _days_in(cell: Cell) -> int:
    return whole_in(cell, _MOST_DAYS)


def _invoice(terms: Terms, fields: Fields, *, has_debt: bool) -> Invoice | None:
    """A paid item as an invoice closed on the date of the look and issued *daysToPay* before (0: the same day)."""
    amount_minor = fields.need("amount", lambda cell: amount_in(cell, terms.currency))
    status = fields.word("status", _STATUSES)
    if status == "cancelled" or (status in ("pending", "overdue", "partial") and has_debt):
        return None
    if status != "paid":
        raise FieldError(
            "status", f"{status or 'empty'}: without a date, and the context states no open debt"
        )
    issued = terms.as_of - timedelta(days=fields.need("daysToPay", _days_in))
    return Invoice(
        id=f"payment {fields.row.line}",
        customer_id=terms.customer_id,
        issued=issued,
        due=issued + timedelta(days=terms.terms_days),
        amount_minor=amount_minor,
        currency=terms.currency,
        payments=(Payment(paid=terms.as_of, amount_minor=amount_minor),),
        status="paid",
    )


def _debt(terms: Terms, fields: Fields) -> Invoice | None:
    """The open debt of the case as one invoice; None when nothing is owed."""
    if not fields.read("outstandingAmount", number_in):
        return None
    due = terms.as_of - timedelta(days=fields.need("daysPastDue", _days_in))
    return Invoice(
        id="outstanding",
        customer_id=terms.customer_id,
        issued=due - timedelta(days=terms.terms_days),
        due=due,
        amount_minor=fields.need("outstandingAmount", lambda cell: amount_in(cell, terms.currency)),
        currency=terms.currency,
    )


def _contact(terms: Terms, fields: Fields) -> Contact:
    """A contact, taken as delivered, for the shape knows no other; an outcome in free words is left out."""
    channel = fields.word("channel", CHANNEL_WORDS)
    if channel is None:
        raise FieldError("channel", "empty")
    at = fields.need("date", instant_in)
    return Contact(
        customer_id=terms.customer_id,
        channel=channel,
        at=at,
        delivered=True,
        replied=bool(fields.read("responded", flag_in)),
        outcome=OUTCOME_WORDS.get(text_of(fields.cell("outcome")).lower()),
        promise=_promise(fields, day_of(at)),
    )


def _promise(fields: Fields, day: date) -> Promise | None:
    """A commitment, of the day of its contact, kept or broken as the shape states."""
    made = fields.read("commitmentMade", flag_in)
    kept = fields.read("commitmentKept", flag_in)
    if made and kept is None:
        raise FieldError("commitmentKept", "empty, but a commitment was made; was it kept?")
    if kept and not made:
        raise FieldError("commitmentMade", "no, but the commitment was kept")
    return Promise(made=day, due=day, kept=kept) if made else None


def _business(terms: Terms, fields: Fields) -> Business:
    revenue_minor = None
    if fields.read("revenue", number_in):
        revenue_minor = fields.read("revenue", lambda cell: amount_in(cell, terms.currency))
    return Business(
        revenue_minor=revenue_minor,
        currency=terms.currency if revenue_minor else None,
        employees=fields.read("employees", whole_in),
        years_in_business=fields.read("yearsInBusiness", number_in),
        credit_rating=fields.read("creditRating", text_of),
        industry_trend=fields.word("industryTrend", _TREND_WORDS),
    )


def _context(fields: Fields) -> Context:
    return Context(
        customer_name=fields.read("customerName", text_of),
        company_name=fields.read("companyName", text_of),
        industry=fields.read("industry", text_of),
        previous_attempts=fields.read("previousAttempts", whole_in),
    )
