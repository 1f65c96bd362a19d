"""``solvent verify``: add up the whole book and say what does not hold."""

from collections.abc import Sequence

import typer
from rich.table import Table

from solvent.app import Books
from solvent.cli.opening import Database, with_books
from solvent.cli.screen import AsJson, progress, show, table, words
from solvent.ports.storage import Filter, Finding


def verify(*, as_json: AsJson = False, database: Database = None) -> None:
    """Check the promises on the stored books; the status is 1 when one does not hold.

    Every balance must equal its entries and open holds, every total its entries, every reservation what was
    booked for it. Changes nothing, and may run while calls are served.
    """
    entries, findings = with_books(database, _checked)
    document = {
        "entries": entries,
        "holds": not findings,
        "findings": [_document(found) for found in findings],
    }
    people = (
        findings_table(findings) if findings else f"The books balance: {entries:,} entries, nothing amiss."
    )
    show(document, people, as_json=as_json)
    if findings:
        raise typer.Exit(1)


def findings_table(findings: Sequence[Finding]) -> Table:
    """Return *findings* as a table."""
    drawn = table(
        words("promise"), words("where"), words("by the book"), words("found"), title="These do not hold"
    )
    for found in findings:
        drawn.add_row(found.promise, found.subject, found.expected, found.found)
    return drawn


async def _checked(books: Books) -> tuple[int, Sequence[Finding]]:
    entries = await books.store.count(Filter())
    with progress(f"adding up {entries:,} entries"):
        return entries, await books.store.verify()


def _document(found: Finding) -> dict[str, str]:
    return {
        "promise": found.promise,
        "subject": found.subject,
        "expected": found.expected,
        "found": found.found,
    }
