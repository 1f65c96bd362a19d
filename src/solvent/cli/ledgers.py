"""Ledgers of invoices on the command line: which files, as of when, and what could not be read."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from solvent.cli.screen import warn
from solvent.domain.clock import SystemClock, to_datetime
from solvent.errors import CallInvalid
from solvent.risk.readers import ReadReport, read_ledger

_MOST_SHOWN: Final = 20

Invoices = Annotated[
    Path,
    typer.Argument(metavar="INVOICES", help="Invoices, one in each row: CSV, or Parquet by the file's name."),
]
Contacts = Annotated[
    Path | None, typer.Argument(metavar="CONTACTS", help="Contacts with customers, one in each row.")
]
AsOf = Annotated[
    str | None,
    typer.Option(metavar="DATE", help="See the ledger as it was on this day; today (UTC) when left out."),
]
Currency = Annotated[
    str | None, typer.Option(metavar="CODE", help="The currency of rows that name none, such as EUR.")
]


def read(invoices: Path, contacts: Path | None, currency: str | None) -> ReadReport:
    """Return the ledger in the files, and say on stderr what of it could not be used.

    Raises:
        ConfigurationError: a file cannot be read at all.
        CallInvalid: no row could be used.
    """
    report = read_ledger(invoices, contacts, currency=currency)
    for problem in report.problems[:_MOST_SHOWN]:
        warn(str(problem))
    if len(report.problems) > _MOST_SHOWN:
        warn(f"… and {len(report.problems) - _MOST_SHOWN} more; --json lists them all")
    for column in report.ignored:
        warn(f"the column {column} says nothing here")
    if not report.histories:
        raise CallInvalid(
            f"none of the {report.rows} rows of {invoices} could be used; mend them as told above"
        )
    return report


def day(text: str | None) -> date:
    """Return the day that *text* names; today (UTC) without one.

    Raises:
        CallInvalid: it names none.
    """
    if text is None:
        return to_datetime(SystemClock().now_us()).date()
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC).date()
    except ValueError:
        raise CallInvalid(f"{text!r} names no day; write it like 2026-01-31") from None
