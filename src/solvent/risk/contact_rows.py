"""One row, one contact: its columns, and what the words for its channel, status and outcome mean."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from solvent.risk.cells import amount_in, day_in, flag_in, instant_in, text_of
from solvent.risk.records import CHANNELS, OUTCOMES, Channel, Contact, Outcome, Promise, day_of
from solvent.risk.rows import FieldError, Fields
from solvent.risk.tables import Row

CONTACT_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "customer_id": ("customer_id", "customer"),
    "channel": ("channel",),
    "at": ("at", "timestamp", "contacted_at", "sent_at", "date"),
    "status": ("status",),
    "delivered": ("delivered",),
    "replied": ("replied", "responded"),
    "replied_at": ("replied_at", "responded_at"),
    "outcome": ("outcome",),
    "promise_date": ("promise_date", "promised_for"),
    "promise_amount": ("promise_amount", "promised_amount"),
    "promise_kept": ("promise_kept", "commitment_kept"),
    "promised": ("promised", "commitment_made"),
    "currency": ("currency",),
    "invoice_id": ("invoice_number", "invoice_id", "invoice"),
}


class _Fate(NamedTuple):
    delivered: bool | None
    replied: bool


_FATES: Final[Mapping[str, _Fate]] = {
    "sent": _Fate(delivered=None, replied=False),
    "delivered": _Fate(delivered=True, replied=False),
    "opened": _Fate(delivered=True, replied=False),
    "answered": _Fate(delivered=True, replied=True),
    "replied": _Fate(delivered=True, replied=True),
    "bounced": _Fate(delivered=False, replied=False),
    "failed": _Fate(delivered=False, replied=False),
}
CHANNEL_WORDS: Final[Mapping[str, Channel]] = {
    **{channel: channel for channel in CHANNELS},
    "e_mail": "email",
    "call": "phone",
}
OUTCOME_WORDS: Final[Mapping[str, Outcome]] = {outcome: outcome for outcome in OUTCOMES}
_NOT_THE_PERSON: Final = ("no_answer", "voicemail", "wrong_person")


def contact_in(row: Row, default_currency: str | None) -> Contact:
    """Return the contact in *row*.

    ``answered`` means that the right person was reached, unless the outcome says otherwise.

    Raises:
        FieldError: a field is missing or cannot be read, or two of them contradict each other.
        ValidationError: the fields can be read, and contradict each other.
    """
    fields = Fields(row, CONTACT_COLUMNS)
    channel = fields.word("channel", CHANNEL_WORDS)
    if channel is None:
        raise FieldError("channel", "empty")
    at = fields.need("at", instant_in)
    outcome = fields.word("outcome", OUTCOME_WORDS)
    fate = _fate(fields, outcome)
    return Contact(
        customer_id=fields.need("customer_id", text_of),
        channel=channel,
        at=at,
        delivered=fate.delivered,
        replied=fate.replied,
        replied_at=fields.read("replied_at", instant_in),
        outcome=outcome,
        promise=_promise(fields, at, default_currency),
    )


def _fate(fields: Fields, outcome: Outcome | None) -> _Fate:
    """What became of the attempt, by its status and by its own columns, which must agree."""
    told = fields.word("status", _FATES)
    delivered, replied = fields.read("delivered", flag_in), fields.read("replied", flag_in)
    if told and told.replied and outcome in _NOT_THE_PERSON:
        told = _Fate(told.delivered, replied=False)
    if told and told.delivered is not None and delivered not in (None, told.delivered):
        raise FieldError("delivered", f"{delivered}, but the status is {text_of(fields.cell('status'))}")
    if told and told.replied and replied is False:
        raise FieldError("replied", f"no, but the status is {text_of(fields.cell('status'))}")
    if told and delivered is None:
        delivered = told.delivered
    return _Fate(delivered, replied=bool(replied or (told and told.replied)))


def _promise(fields: Fields, at: datetime, default_currency: str | None) -> Promise | None:
    due = fields.read("promise_date", day_in)
    currency = fields.currency(default_currency)
    kept = fields.read("promise_kept", flag_in)
    promised = fields.read("promised", flag_in)
    amount = fields.cell("promise_amount")
    if due is None:
        if promised or kept is not None or amount is not None:
            raise FieldError("promise_date", "empty, but something was promised; by which day?")
        return None
    if promised is False:
        raise FieldError("promise_date", f"promised for {due}, but the row says that nothing was promised")
    if amount is not None and currency is None:
        raise FieldError("currency", "empty; add the column, or name the ledger's currency")
    return Promise(
        made=day_of(at),
        due=due,
        amount_minor=fields.read("promise_amount", lambda cell: amount_in(cell, currency or "")),
        currency=currency,
        invoice_id=fields.read("invoice_id", text_of),
        kept=kept,
    )
