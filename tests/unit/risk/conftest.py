"""Histories for the tests of risk: one invoice at a time, or thousands at random."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random

import pytest

from solvent.risk.records import CHANNELS, Contact, History, Invoice, Payment, Promise

FIRST = date(2022, 1, 1)
DAYS = 1500


@dataclass(frozen=True)
class Ledger:
    """Makes records of customer ``c1`` around the date of the look."""

    as_of: date = date(2025, 6, 30)

    def day(self, ago):
        return self.as_of - timedelta(days=ago)

    def invoice(self, name, due_ago, *payments, terms=30, amount_minor=10_000, **more):
        """An invoice due *due_ago* days before the look; *payments* are (days ago, amount) or days ago alone."""
        parts = [part if isinstance(part, tuple) else (part, amount_minor) for part in payments]
        covered = sum(part_minor for _, part_minor in parts) >= amount_minor
        fields = {
            "id": name,
            "customer_id": "c1",
            "issued": self.day(due_ago + terms),
            "due": self.day(due_ago),
            "amount_minor": amount_minor,
            "currency": "EUR",
            "payments": tuple(Payment(paid=self.day(ago), amount_minor=minor) for ago, minor in parts),
            "status": "paid" if covered else "open",
        }
        return Invoice(**(fields | more))

    def contact(self, channel, ago, *, delivered=True, answered_ago=None, **more):
        replied_at = None if answered_ago is None else self.noon(answered_ago)
        fields = {"customer_id": "c1", "channel": channel, "at": self.noon(ago), "delivered": delivered}
        answer = {"replied": replied_at is not None, "replied_at": replied_at}
        return Contact(**(fields | answer | more))

    def noon(self, ago):
        return datetime.combine(self.day(ago), time(12), UTC)

    def history(self, *records):
        return History(
            customer_id="c1",
            invoices=tuple(record for record in records if isinstance(record, Invoice)),
            contacts=tuple(record for record in records if isinstance(record, Contact)),
        )


@pytest.fixture(scope="session")
def ledger():
    return Ledger()


def random_payments(dice, issued, amount_minor):
    parts = dice.choice((0, 1, 1, 1, 2, 3))
    whole = dice.random() < 0.7
    left_minor = amount_minor if whole else amount_minor - 1
    for part in range(parts, 0, -1):
        part_minor = left_minor if part == 1 else dice.randrange(left_minor + 1)
        if part_minor:
            yield Payment(paid=issued + timedelta(days=dice.randrange(200)), amount_minor=part_minor)
        left_minor -= part_minor
    if whole and dice.random() < 0.1:
        yield Payment(paid=issued + timedelta(days=dice.randrange(400)), amount_minor=1 + dice.randrange(900))


def random_promise(dice, made, **more):
    amount_minor = dice.choice((None, 1 + dice.randrange(20_000)))
    if "currency" in more:
        amount_minor = 500
    return Promise(
        made=made, due=made + timedelta(days=dice.randrange(60)), amount_minor=amount_minor, **more
    )


def random_invoice(dice, number):
    issued = FIRST + timedelta(days=dice.randrange(DAYS))
    amount_minor = dice.choice((1, 99, 10_000, 2**50, 1 + dice.randrange(10**7)))
    payments = tuple(random_payments(dice, issued, amount_minor))
    status = "paid" if sum(each.amount_minor for each in payments) >= amount_minor else "open"
    status = dice.choices((status, "cancelled", "credited", "duplicate"), (20, 1, 1, 1))[0]
    disputed = dice.random() < 0.1
    some_day = issued + timedelta(days=dice.randrange(300))
    return Invoice(
        id=f"i{number}",
        customer_id="c1",
        issued=issued,
        due=issued + timedelta(days=dice.choice((0, 14, 30, 90))),
        amount_minor=amount_minor,
        currency=dice.choice(("EUR", "EUR", "USD", "JPY")),
        payments=payments,
        status=status,
        disputed=disputed,
        disputed_on=some_day if disputed and dice.random() < 0.7 else None,
        voided_on=some_day if status in ("cancelled", "credited") and dice.random() < 0.7 else None,
        promises=(random_promise(dice, some_day),) if dice.random() < 0.2 else (),
    )


def random_contact(dice):
    at = datetime(2022, 1, 1, tzinfo=UTC) + timedelta(hours=dice.randrange(24 * DAYS))
    replied = dice.random() < 0.4
    delivered = dice.choice((True, None)) if replied else dice.choice((True, True, False, None))
    return Contact(
        customer_id="c1",
        channel=dice.choice(CHANNELS),
        at=at,
        delivered=delivered,
        replied=replied,
        replied_at=at + timedelta(hours=dice.randrange(400)) if replied and dice.random() < 0.8 else None,
        promise=random_promise(dice, at.date(), currency="EUR") if dice.random() < 0.2 else None,
    )


def random_history(dice):
    return History(
        customer_id="c1",
        invoices=tuple(random_invoice(dice, number) for number in range(dice.choice((0, 1, 2, 3, 8, 20)))),
        contacts=tuple(random_contact(dice) for _ in range(dice.choice((0, 0, 1, 5)))),
    )


@pytest.fixture(scope="session")
def random_histories():
    """Ten thousand customers and a date of the look for each, some before or after everything."""
    seed = 20250630
    print(f"seed {seed}")
    dice = Random(seed)
    return [
        (random_history(dice), FIRST + timedelta(days=dice.randrange(-30, DAYS + 500))) for _ in range(10_000)
    ]
