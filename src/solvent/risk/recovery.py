"""What contacting customers brought in, and what each recovered dollar cost.

Recovered is what arrived after its due date and after a contact: money that a contact may have moved, not proof
that it did.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction

from solvent.domain.money import NANOS_PER_USD
from solvent.risk.currency import MINOR_DIGITS
from solvent.risk.records import History, day_of


def recovered_minor(histories: Iterable[History], since: date, until: date) -> dict[str, int]:
    """Return what was recovered from *since* to *until*, both included, in minor units by currency.

    A payment counts up to the invoice's amount: what was paid too much was not recovered.
    """
    totals: dict[str, int] = {}
    for history in histories:
        first_contact = min((day_of(contact.at) for contact in history.contacts), default=None)
        if first_contact is None:
            continue
        for invoice in history.invoices:
            if invoice.is_void:
                continue
            rest_minor = invoice.amount_minor
            for paid, amount_minor in sorted((p.paid, p.amount_minor) for p in invoice.payments):
                part_minor = min(amount_minor, rest_minor)
                rest_minor -= part_minor
                if since <= paid <= until and paid > invoice.due and paid >= first_contact:
                    totals[invoice.currency] = totals.get(invoice.currency, 0) + part_minor
    return {currency: total for currency, total in sorted(totals.items()) if total}


def in_nanos(amounts_minor: Mapping[str, int], rates: Mapping[str, Decimal]) -> int:
    """Return *amounts_minor* in nano-dollars, rounded down; a currency without a rate counts nothing."""
    known = {**rates, "USD": Decimal(1)}
    total = sum(
        Fraction(amount_minor, 10 ** MINOR_DIGITS[currency]) * Fraction(known[currency]) * NANOS_PER_USD
        for currency, amount_minor in amounts_minor.items()
        if currency in known
    )
    return int(total)


def nanos_per_dollar(cost_nanos: int, recovered_nanos: int) -> int | None:
    """Return what one recovered dollar cost, in nano-dollars, rounded up; None where nothing was recovered."""
    return -(-cost_nanos * NANOS_PER_USD // recovered_nanos) if recovered_nanos > 0 else None
