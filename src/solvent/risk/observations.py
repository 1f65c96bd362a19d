"""What a history lets us observe as of a date: one value and day for each invoice, promise and attempt that tells.

*Matured* invoices are closed, or open and past due and grace; only they tell whether a customer pays on time.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final

from solvent.risk.estimates import Observed
from solvent.risk.records import Channel, Contact, History, Invoice, Promise, day_of
from solvent.risk.standing import Standing, known_by, standing

VERY_LATE_DAYS: Final = 30
"""More days late than this are *very late*."""
ANSWER_DAYS: Final[Mapping[Channel, int]] = MappingProxyType({"email": 7, "sms": 7, "phone": 0, "letter": 14})
"""Within so many days an answer counts; a phone is answered or not."""

Several = tuple[Observed, ...]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """The observations behind every estimate: late and kept are 0 or 1, the rest are days.

    ``days_late`` counts an open invoice by what it is late until now. A closed invoice is of the day of its
    closing, an open one of the date of the look, for its debt is still there.
    """

    late: Several
    very_late: Several
    days_to_pay: Several
    days_late: Several
    days_delinquent: Several
    promises_kept: Several


@dataclass(frozen=True, slots=True)
class Attempts:
    """What one channel's attempts tell: *answered* in time, of those that arrived; *reached*, of known fate."""

    channel: Channel
    answered: Several
    reached: Several
    made: int


def matured(seen: Iterable[Standing], grace_days: int) -> list[Standing]:
    """Return the undisputed invoices that are closed, or open and past due and grace."""
    return [each for each in seen if not each.disputed and (each.closed or each.days_past_due > grace_days)]


def observe(history: History, seen: Sequence[Standing], as_of: date, grace_days: int) -> Behaviour:
    """Return what the invoices (*seen* as of the date) and promises of *history* tell."""
    ripe = matured(seen, grace_days)
    closed = [each for each in ripe if each.closed]
    return Behaviour(
        late=tuple(Observed(each.days_past_due > grace_days, each.told) for each in ripe),
        very_late=tuple(Observed(each.days_past_due > VERY_LATE_DAYS, each.told) for each in ripe),
        days_to_pay=tuple(Observed((each.told - each.invoice.issued).days, each.told) for each in closed),
        days_late=tuple(Observed(max(0, each.days_past_due), each.told) for each in ripe),
        days_delinquent=tuple(Observed(each.days_past_due, each.told) for each in closed),
        promises_kept=tuple(_promises(history, as_of, grace_days)),
    )


def observe_attempts(contacts: Sequence[Contact], as_of: date) -> tuple[Attempts, ...]:
    """Return what every channel that was tried by then tells, by the channels' names.

    An attempt tells about answers once its time to answer is over, so that silence is not counted too early.
    """
    made = [contact for contact in contacts if day_of(contact.at) <= as_of]
    return tuple(
        _attempts(channel, [contact for contact in made if contact.channel == channel], as_of)
        for channel in sorted({contact.channel for contact in made})
    )


def _attempts(channel: Channel, made: Sequence[Contact], as_of: date) -> Attempts:
    return Attempts(channel, tuple(_answers(channel, made, as_of)), tuple(_fates(made)), len(made))


def _answers(channel: Channel, made: Sequence[Contact], as_of: date) -> Iterator[Observed]:
    wait = timedelta(days=ANSWER_DAYS[channel])
    for contact in made:
        arrived = contact.delivered or contact.replied
        if arrived and day_of(contact.at) + wait <= as_of:
            late = contact.replied_at and day_of(contact.replied_at) - day_of(contact.at) > wait
            yield Observed(contact.replied and not late, day_of(contact.at))


def _fates(made: Sequence[Contact]) -> Iterator[Observed]:
    for contact in made:
        if contact.delivered is not None or contact.replied:
            yield Observed(contact.delivered or contact.replied, day_of(contact.at))


def _promises(history: History, as_of: date, grace_days: int) -> Iterator[Observed]:
    """Every promise that fell due: once its day and the grace are over."""
    for promise, invoices in _promised(history, as_of):
        until = promise.due + timedelta(days=grace_days)
        if until < as_of and _can_be_told(promise, invoices, as_of):
            yield Observed(_kept(promise, invoices, until), promise.due)


def _promised(history: History, as_of: date) -> Iterator[tuple[Promise, Sequence[Invoice]]]:
    """Each promise made by then, with the invoices that it is about: the one it names, or all of its currency."""
    issued = [invoice for invoice in history.invoices if invoice.issued <= as_of]
    for invoice in issued:
        yield from ((promise, (invoice,)) for promise in invoice.promises)
    promises = (each.promise for each in history.contacts if each.promise and day_of(each.at) <= as_of)
    for promise in promises:
        if promise.invoice_id:
            yield promise, [each for each in issued if each.id == promise.invoice_id]
        else:
            yield promise, [each for each in issued if each.currency == promise.currency]


def _can_be_told(promise: Promise, invoices: Sequence[Invoice], as_of: date) -> bool:
    """Whether the source says if it was kept, or there is an invoice that it was about and that is not void."""
    stands = not all(known_by(as_of, each.voided_on, happened=each.is_void) for each in invoices)
    return stands or (promise.kept is not None and not invoices)


def _kept(promise: Promise, invoices: Sequence[Invoice], until: date) -> bool:
    if promise.kept is not None:
        return promise.kept
    if promise.amount_minor is None:
        stands = [standing(invoice, until) for invoice in invoices]
        return all(each and each.closed for each in stands)
    payments = (payment for invoice in invoices for payment in invoice.payments)
    arrived = (payment.amount_minor for payment in payments if promise.made <= payment.paid <= until)
    return sum(arrived) >= promise.amount_minor
