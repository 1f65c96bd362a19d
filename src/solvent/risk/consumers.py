"""Public data as histories: 30,000 consumers with a credit card of a bank in Taiwan, April to September 2005.

Source: I-Cheng Yeh, "Default of Credit Card Clients", UCI Machine Learning Repository (2009),
DOI 10.24432/C55S3H, licence CC BY 4.0. These are consumers paying a card, not companies paying invoices.

How an account becomes a history, as of the end of a month:

- A month that was paid duly (status ≤ 0) with money is an invoice of that money, due and paid at the month's end.
  A month that was paid duly without money asked for nothing, and is no invoice.
- A month that was *n* months late is an invoice that fell due *n* months before the month's end. It was paid at
  the end of the next month that was less late than that debt would have been, else it is open. What was due is
  not told; the minimum that such cards ask, a twentieth of the balance, stands in its place.
- The statement of the last month is an invoice that is not yet due; the credit line is the credit limit.

Sex, age, marriage and education are kept apart, to measure fairness: no history holds them.
"""

import csv
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from solvent.errors import ConfigurationError
from solvent.risk.card import Source
from solvent.risk.currency import to_minor
from solvent.risk.records import Business, History, Invoice, Payment

SHA256: Final = "1dbd482cde20ce8b78b5721cf125646d318cef4f1ad30fe5803807447de13686"
"""Of the file that the figures in the documentation are about."""
MONTH_ENDS: Final = tuple(date(2005, month + 1, 1) - timedelta(days=1) for month in range(4, 10))
AS_OF: Final = MONTH_ENDS[-1]
JULY: Final = 3
"""Its place among the months; the data begin with April."""
MONTH_DAYS: Final = 30
MINIMUM_SHARE: Final = 20
CURRENCY: Final = "TWD"

_STATUS: Final = ("PAY_6", "PAY_5", "PAY_4", "PAY_3", "PAY_2", "PAY_0")
_BILLED: Final = tuple(f"BILL_AMT{number}" for number in range(6, 0, -1))
_PAID: Final = tuple(f"PAY_AMT{number}" for number in range(6, 0, -1))


@dataclass(frozen=True, slots=True)
class Consumer:
    """One account, April first: months late, balances and payments; what came in October; the holder's sex.

    No score sees the sex; it measures fairness.
    """

    id: str
    credit_line_minor: int
    late_months: tuple[int, ...]
    balances_minor: tuple[int, ...]
    paid_minor: tuple[int, ...]
    defaulted: bool
    sex: str

    def asked(self, month: int) -> bool:
        """Whether anything was to be paid in *month*, as far as the data tell."""
        return self.late_months[month] > 0 or self.paid_minor[month] > 0

    def history(self, months: int = len(MONTH_ENDS)) -> History:
        """Return what was known after the first *months*: nothing in it comes from a later one."""
        late_months = self.late_months[:months]
        asked = (month for month in range(months) if self.asked(month))
        invoices = (self._month(month, late_months) for month in asked)
        return History(
            customer_id=self.id,
            invoices=(*invoices, *self._statement(months - 1)),
            business=Business(credit_limit_minor=self.credit_line_minor, currency=CURRENCY),
        )

    def only(self, month: int) -> History:
        """Return what was known after *month* of that month alone."""
        whole = self.history(month + 1)
        name = f"{MONTH_ENDS[month]:%Y-%m}"
        return whole.model_copy(
            update={"invoices": tuple(each for each in whole.invoices if each.id == name)}
        )

    def _month(self, month: int, late_months: Sequence[int]) -> Invoice:
        months_late = late_months[month]
        if not months_late:
            return self._invoice(MONTH_ENDS[month], month, self.paid_minor[month], MONTH_ENDS[month])
        due = MONTH_ENDS[month] - timedelta(days=MONTH_DAYS * months_late)
        amount_minor = max(1, self.balances_minor[month] // MINIMUM_SHARE)
        return self._invoice(due, month, amount_minor, _settled(late_months, month))

    def _invoice(self, due: date, month: int, amount_minor: int, settled: date | None) -> Invoice:
        payments = () if settled is None else (Payment(paid=settled, amount_minor=amount_minor),)
        return Invoice(
            id=f"{MONTH_ENDS[month]:%Y-%m}",
            customer_id=self.id,
            issued=due - timedelta(days=MONTH_DAYS),
            due=due,
            amount_minor=amount_minor,
            currency=CURRENCY,
            payments=payments,
            status="paid" if payments else "open",
        )

    def _statement(self, month: int) -> Iterator[Invoice]:
        if self.balances_minor[month]:
            yield Invoice(
                id="statement",
                customer_id=self.id,
                issued=MONTH_ENDS[month],
                due=MONTH_ENDS[month] + timedelta(days=MONTH_DAYS),
                amount_minor=self.balances_minor[month],
                currency=CURRENCY,
            )


def read_consumers(path: Path) -> tuple[Consumer, ...]:
    """Return the accounts in the CSV file at *path*.

    Raises:
        ConfigurationError: it cannot be read, or is another file.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise ConfigurationError(
            f"{path} is not the file that this adaptor reads: its SHA-256 is {found}, not {SHA256}; "
            "take default_of_credit_card_clients.csv, with the target in the column 'class'"
        )
    return tuple(_consumer(row) for row in csv.DictReader(content.decode("ascii").splitlines()))


def source(consumers: Sequence[Consumer]) -> Source:
    """Return what a card that was fitted on *consumers* says of its origin."""
    return Source(
        name="I-Cheng Yeh, Default of Credit Card Clients, UCI Machine Learning Repository (2009)",
        population="consumers with a credit card of one bank in Taiwan, April to September 2005; not companies",
        event="the bank counted the account as in default in October 2005",
        customers=len(consumers),
        base_rate=sum(consumer.defaulted for consumer in consumers) / len(consumers),
        sha256=SHA256,
        reference="https://doi.org/10.24432/C55S3H",
        licence="CC BY 4.0",
    )


def _consumer(row: Mapping[str, str]) -> Consumer:
    return Consumer(
        id=f"consumer-{row['ID']}",
        credit_line_minor=_cents(row["LIMIT_BAL"]),
        late_months=tuple(max(0, int(row[name])) for name in _STATUS),
        balances_minor=tuple(max(0, _cents(row[name])) for name in _BILLED),
        paid_minor=tuple(_cents(row[name]) for name in _PAID),
        defaulted=row["class"] == "1",
        sex="men" if row["SEX"] == "1" else "women",
    )


def _cents(dollars: str) -> int:
    """The file writes some of its whole dollars as 5.00E+05."""
    return to_minor(Decimal(dollars), CURRENCY)


def _settled(late_months: Sequence[int], month: int) -> date | None:
    """The end of the first later month that was less late than the debt of *month* would have been."""
    later = enumerate(late_months[month + 1 :], start=1)
    found = (month + passed for passed, months in later if months < late_months[month] + passed)
    return next((MONTH_ENDS[each] for each in found), None)
