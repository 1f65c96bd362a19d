"""Assessing a portfolio: customers with 25 invoices each, on one core.

Run: ``python bench/risk.py [customers]``. Prints figures of this machine; asserts nothing.
"""

import sys
import time
from datetime import date, timedelta
from random import Random

from solvent.risk.assess import assess
from solvent.risk.card import default_card
from solvent.risk.features import typical_volume
from solvent.risk.portfolio import fit_priors
from solvent.risk.records import Business, History, Invoice, Payment

AS_OF = date(2026, 1, 31)
INVOICES = 25


def invoice(dice: Random, customer_id: str, number: int) -> Invoice:
    issued = AS_OF - timedelta(days=dice.randrange(1, 900))
    due = issued + timedelta(days=30)
    amount_minor = dice.randrange(1_000, 1_000_000)
    paid = due + timedelta(days=dice.choice((-5, 0, 0, 3, 15, 50)))
    payments = (Payment(paid=paid, amount_minor=amount_minor),) if paid <= AS_OF else ()
    return Invoice(
        id=str(number),
        customer_id=customer_id,
        issued=issued,
        due=due,
        amount_minor=amount_minor,
        currency="EUR",
        payments=payments,
        status="paid" if payments else "open",
    )


def customer(dice: Random, number: int) -> History:
    customer_id = f"c{number}"
    return History(
        customer_id=customer_id,
        invoices=tuple(invoice(dice, customer_id, each) for each in range(INVOICES)),
        business=Business(credit_limit_minor=5_000_000, currency="EUR"),
    )


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    dice = Random(1)
    histories = [customer(dice, number) for number in range(count)]
    card = default_card()
    started = time.process_time()
    priors, typical_minor = fit_priors(histories, AS_OF), typical_volume(histories, AS_OF)
    fitted = time.process_time()
    for history in histories:
        assess(history, AS_OF, card, priors=priors, typical_minor=typical_minor)
    ended = time.process_time()
    print(f"{count:,} customers × {INVOICES} invoices, seconds of one core")
    print(f"fit priors and typical volume     {fitted - started:10.2f} s")
    print(f"assess                            {ended - fitted:10.2f} s")
    print(f"assess, one customer              {(ended - fitted) / count * 1e6:10.0f} µs")


if __name__ == "__main__":
    main()
