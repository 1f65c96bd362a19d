"""Readers: tables of invoices and contacts become histories, and what contradicts itself is reported by line.

Nothing is guessed: a row with a problem is left out and named. Columns are known by several names, among them
those of the tables ``payment_records`` and ``contact_attempts``.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from solvent.risk.cells import Cell, shown
from solvent.risk.contact_rows import CONTACT_COLUMNS, contact_in
from solvent.risk.invoice_rows import INVOICE_COLUMNS, invoice_in
from solvent.risk.problems import Problem, attempt
from solvent.risk.records import Contact, History, Invoice
from solvent.risk.rows import Columns
from solvent.risk.tables import Table, read_table, table_of

_HEADER: Final = 1


@dataclass(frozen=True, slots=True)
class ReadReport:
    """The histories that were read, by customer, and all that was not.

    ``rows`` were there, ``used`` of them stand in the histories; ``ignored`` are columns whose names say nothing
    here, for a column that is merely misspelt is easily missed.
    """

    histories: tuple[History, ...]
    problems: tuple[Problem, ...]
    rows: int
    used: int
    ignored: tuple[str, ...]


def read_ledger(invoices: Path, contacts: Path | None = None, *, currency: str | None = None) -> ReadReport:
    """Read a ledger from files: CSV, or Parquet by the end of the name.

    *currency* stands where a row names none.

    Raises:
        ConfigurationError: a file cannot be read at all.
    """
    return _histories(read_table(invoices), read_table(contacts) if contacts else None, currency)


def read_records(
    invoices: Iterable[Mapping[str, Cell]],
    contacts: Iterable[Mapping[str, Cell]] = (),
    *,
    currency: str | None = None,
) -> ReadReport:
    """Read a ledger from rows, such as ``payment_records`` and ``contact_attempts``; lines count from 1."""
    made = table_of("contacts", contacts)
    return _histories(table_of("invoices", invoices), made if made.rows else None, currency)


def _histories(invoices: Table, contacts: Table | None, currency: str | None) -> ReadReport:
    problems: list[Problem] = []
    bills = _invoices(invoices, currency, problems)
    known = {(invoice.customer_id, invoice.id) for invoice in bills}
    attempts = _contacts(contacts, currency, known, problems) if contacts else []
    customers = sorted({bill.customer_id for bill in bills} | {each.customer_id for each in attempts})
    by_customer: dict[str, tuple[list[Invoice], list[Contact]]] = {name: ([], []) for name in customers}
    for invoice in bills:
        by_customer[invoice.customer_id][0].append(invoice)
    for contact in attempts:
        by_customer[contact.customer_id][1].append(contact)
    histories = (
        History(customer_id=name, invoices=tuple(bills), contacts=tuple(attempts))
        for name, (bills, attempts) in by_customer.items()
    )
    tables = [(invoices, INVOICE_COLUMNS)] + ([(contacts, CONTACT_COLUMNS)] if contacts else [])
    return ReadReport(
        tuple(histories),
        tuple(problems),
        rows=sum(len(table.rows) for table, _ in tables),
        used=len(bills) + len(attempts),
        ignored=tuple(f"{table.name}: {name}" for table, known in tables for name in _unknown(table, known)),
    )


def _unknown(table: Table, columns: Columns) -> Iterator[str]:
    names = {name for names in columns.values() for name in names}
    return (column for column in table.columns if column and column not in names)


def _invoices(table: Table, currency: str | None, problems: list[Problem]) -> list[Invoice]:
    """Read the invoices; of those that contradict each other under one number, none is believed."""
    if not _has_columns(table, INVOICE_COLUMNS, ("id", "customer_id", "issued", "due", "amount"), problems):
        return []
    first: dict[tuple[str, str], tuple[int, Invoice]] = {}
    torn: set[tuple[str, str]] = set()
    for row in table.rows:
        invoice = attempt(table.name, row.line, partial(invoice_in, row, currency), problems)
        if invoice is None:
            continue
        key = (invoice.customer_id, invoice.id)
        if key not in first:
            first[key] = row.line, invoice
            continue
        line, before = first[key]
        if before == invoice:
            what = f"{shown(invoice.id)} repeats line {line}; it counts once"
        else:
            what = f"{shown(invoice.id)} contradicts line {line} under the same number; neither counts"
            torn.add(key)
        problems.append(Problem(table.name, row.line, "id", what))
    return [invoice for key, (_, invoice) in first.items() if key not in torn]


def _contacts(
    table: Table, currency: str | None, known: Collection[tuple[str, str]], problems: list[Problem]
) -> list[Contact]:
    if not _has_columns(table, CONTACT_COLUMNS, ("customer_id", "channel", "at"), problems):
        return []
    contacts = []
    for row in table.rows:
        contact = attempt(table.name, row.line, partial(contact_in, row, currency), problems)
        if contact is None:
            continue
        wanted = contact.promise.invoice_id if contact.promise else None
        if wanted and (contact.customer_id, wanted) not in known:
            what = f"the promise is for {shown(wanted)}, which no invoice of the customer bears"
            problems.append(Problem(table.name, row.line, "invoice_id", what))
        else:
            contacts.append(contact)
    return contacts


def _has_columns(table: Table, columns: Columns, needed: Iterable[str], problems: list[Problem]) -> bool:
    """Whether every needed field has a column; a table without rows needs none."""
    lacking = [field for field in needed if table.rows and not set(columns[field]) & set(table.columns)]
    for field in lacking:
        names = " or ".join(columns[field])
        problems.append(Problem(table.name, _HEADER, field, f"no such column; name it {names}"))
    return not lacking
