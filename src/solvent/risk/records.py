"""What is known of a customer: invoices, payments, promises, contacts, the business and the case at hand.

The records refuse what contradicts itself; how files become records is in ``readers``. Every fact has its day, so
that a history can be seen as of any date. Amounts are whole minor units (cents) of an ISO 4217 currency.
"""

from datetime import UTC, date, datetime
from typing import Annotated, Final, Literal, Self, TypeAlias, get_args

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from solvent.risk.currency import LARGEST_MINOR, MINOR_DIGITS, show

Status = Literal["open", "paid", "cancelled", "credited", "duplicate"]
"""``cancelled``, ``credited`` and ``duplicate`` invoices are void: they say nothing about paying."""
Channel = Literal["email", "phone", "sms", "letter"]
Outcome = Literal[
    "reached", "promise", "refused", "dispute", "no_answer", "voicemail", "wrong_person", "other"
]
"""How a contact ended, in a fixed vocabulary: what customers write never enters a record."""
Trend = Literal["growing", "stable", "declining"]

CHANNELS: Final = get_args(Channel)
OUTCOMES: Final = get_args(Outcome)
TRENDS: Final = get_args(Trend)


def _known(currency: str) -> str:
    if currency not in MINOR_DIGITS:
        raise ValueError("not a currency of ISO 4217; write its three capital letters, such as EUR")
    return currency


def _written_as_a_day(value: object) -> object:
    """Numbers are refused: nobody can tell the seconds since an epoch from a number of days."""
    if isinstance(value, int | float):
        raise ValueError("not a day; write YYYY-MM-DD")  # noqa: TRY004 - pydantic shows a ValueError to the user
    return value


Day: TypeAlias = Annotated[
    date, BeforeValidator(_written_as_a_day), Field(ge=date(1970, 1, 1), le=date(2199, 12, 31))
]
Instant: TypeAlias = Annotated[
    AwareDatetime,
    BeforeValidator(_written_as_a_day),
    Field(ge=datetime(1970, 1, 1, tzinfo=UTC), le=datetime(2199, 12, 31, tzinfo=UTC)),
]
Identifier: TypeAlias = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^\S(.*\S)?$")]
Currency: TypeAlias = Annotated[str, AfterValidator(_known)]
Minor: TypeAlias = Annotated[int, Field(strict=True, gt=0, le=LARGEST_MINOR)]
Count: TypeAlias = Annotated[int, Field(strict=True, ge=0, le=LARGEST_MINOR)]


class Contradiction(ValueError):
    """One *field* of a record contradicts the rest; readers show both beside the line."""

    def __init__(self, field: str, what: str) -> None:
        super().__init__(f"{field}: {what}")
        self.field = field
        self.what = what


class Record(BaseModel):
    """The form of every record here: frozen, and nothing unknown is let in."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Payment(Record):
    """Money that arrived for one invoice on one day."""

    paid: Day
    amount_minor: Minor


class Promise(Record):
    """A promise to pay by a day.

    Kept when what was promised arrives from *made* to *due* (and grace); without an amount, when the invoice is
    closed by then. A source that only says whether it was kept states that in *kept*, and is believed.
    """

    made: Day
    due: Day
    amount_minor: Minor | None = None
    currency: Currency | None = None
    invoice_id: Identifier | None = None
    kept: bool | None = None

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.due < self.made:
            raise Contradiction("due", f"promised for {self.due}, before the promise of {self.made}")
        return self


class Invoice(Record):
    """One invoice and what became of it.

    *disputed_on* and *voided_on* say since when it is disputed or void; left out, it is so at every date.

    Raises:
        ValidationError: the parts contradict each other.
    """

    id: Identifier
    customer_id: Identifier
    issued: Day
    due: Day
    amount_minor: Minor
    currency: Currency
    payments: tuple[Payment, ...] = ()
    status: Status = "open"
    disputed: bool = False
    disputed_on: Day | None = None
    voided_on: Day | None = None
    promises: tuple[Promise, ...] = ()

    @property
    def is_void(self) -> bool:
        """Whether it was withdrawn, now or at any later date."""
        return self.status not in ("open", "paid")

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.due < self.issued:
            raise Contradiction("due", f"due on {self.due}, before it was issued on {self.issued}")
        for payment in self.payments:
            if payment.paid < self.issued:
                raise Contradiction(
                    "payments", f"paid on {payment.paid}, before it was issued on {self.issued}"
                )
        self._agree_sum()
        self._agree_days()
        for promise in self.promises:
            if promise.invoice_id not in (None, self.id):
                raise Contradiction("promises", f"the promise is for invoice {promise.invoice_id!r}")
            if promise.currency not in (None, self.currency):
                raise Contradiction("promises", f"promised in {promise.currency}, not {self.currency}")
        return self

    def _agree_sum(self) -> None:
        rest_minor = self.amount_minor - sum(payment.amount_minor for payment in self.payments)
        if self.status == "paid" and rest_minor > 0:
            rest, whole = show(rest_minor, self.currency), show(self.amount_minor, self.currency)
            raise Contradiction("status", f"paid, but {rest} of {whole} have not arrived")
        if self.status == "open" and rest_minor <= 0:
            raise Contradiction("status", "open, but its payments cover the whole amount")

    def _agree_days(self) -> None:
        if self.disputed_on and not self.disputed:
            raise Contradiction("disputed_on", "a day of dispute, but no dispute")
        if self.voided_on and not self.is_void:
            raise Contradiction("voided_on", f"withdrawn on {self.voided_on}, but {self.status}")
        for field, day in (("disputed_on", self.disputed_on), ("voided_on", self.voided_on)):
            if day and day < self.issued:
                raise Contradiction(field, f"{day} lies before it was issued on {self.issued}")


class Contact(Record):
    """One attempt to reach the customer.

    *delivered* is None when nobody knows. *replied* means an answer; by phone, that the right person was reached.
    An answer without *replied_at* counts as one in time.

    Raises:
        ValidationError: the parts contradict each other.
    """

    customer_id: Identifier
    channel: Channel
    at: Instant
    delivered: bool | None = None
    replied: bool = False
    replied_at: Instant | None = None
    outcome: Outcome | None = None
    promise: Promise | None = None

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.replied and self.delivered is False:
            raise Contradiction("replied", "answered, but never delivered")
        if self.replied_at and not self.replied:
            raise Contradiction("replied_at", "a time of answer, but no answer")
        if self.replied_at and self.replied_at < self.at:
            raise Contradiction("replied_at", f"answered {self.replied_at}, before the contact of {self.at}")
        if self.promise and self.promise.kept is None:
            self._agree_promise(self.promise)
        return self

    def _agree_promise(self, promise: Promise) -> None:
        """A promise outside an invoice can be checked only by its sum, or by the invoice that it names."""
        if promise.invoice_id is None and (promise.amount_minor is None or promise.currency is None):
            raise Contradiction("promise", "a promise needs an invoice, or an amount and its currency")


class Business(Record):
    """What is known of the customer's business; nothing here is ever guessed."""

    revenue_minor: Count | None = None
    credit_limit_minor: Count | None = None
    currency: Currency | None = None
    employees: Count | None = None
    years_in_business: Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)] | None = None
    credit_rating: Annotated[str, Field(max_length=32)] | None = None
    industry_trend: Trend | None = None

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.credit_limit_minor is not None and self.currency is None:
            raise Contradiction("credit_limit_minor", "a credit limit needs its currency")
        return self


class Context(Record):
    """The case at hand: names are for wording alone and never enter a score."""

    customer_name: Annotated[str, Field(max_length=255)] | None = None
    company_name: Annotated[str, Field(max_length=255)] | None = None
    industry: Annotated[str, Field(max_length=255)] | None = None
    previous_attempts: Count | None = None


class History(Record):
    """All that is known of one customer; the order of its records says nothing.

    Raises:
        ValidationError: a record belongs to somebody else, or an invoice is there twice.
    """

    customer_id: Identifier
    invoices: tuple[Invoice, ...] = ()
    contacts: tuple[Contact, ...] = ()
    business: Business | None = None
    context: Context | None = None

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        for kind, records in (("invoices", self.invoices), ("contacts", self.contacts)):
            strangers = {record.customer_id for record in records} - {self.customer_id}
            if strangers:
                raise Contradiction(kind, f"one belongs to {min(strangers)!r}, not to {self.customer_id!r}")
        seen: set[str] = set()
        for invoice in self.invoices:
            if invoice.id in seen:
                raise Contradiction("invoices", f"invoice {invoice.id!r} is there twice")
            seen.add(invoice.id)
        return self

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currencies of its invoices, sorted."""
        return tuple(sorted({invoice.currency for invoice in self.invoices}))

    def in_currency(self, currency: str) -> "History":
        """Return the history with only the invoices of *currency*; contacts stay."""
        kept = tuple(invoice for invoice in self.invoices if invoice.currency == currency)
        return self.model_copy(update={"invoices": kept})


def day_of(at: datetime) -> date:
    """Return the day of an instant, in the zone that it was written in."""
    return at.date()
