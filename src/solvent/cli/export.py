"""``solvent export``: the book as a file for spreadsheets and data tools."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import typer

from solvent.app import Books
from solvent.cli.opening import Database, with_books
from solvent.cli.screen import AsJson, progress, show, warn
from solvent.cli.selection import Agent, Campaign, Customer, From, Model, Provider, Tag, To, selection
from solvent.domain.clock import SystemClock
from solvent.errors import CallInvalid, ConfigurationError
from solvent.ledger.export import Form, replacing
from solvent.ledger.export import export as write_entries
from solvent.ports.storage import Filter

STDOUT: Final = Path("-")

_BY_SUFFIX: Final[Mapping[str, Form]] = {".csv": "csv", ".jsonl": "jsonl", ".parquet": "parquet"}


class Format(StrEnum):
    """The forms of a file."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


def export(
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write; - is standard output.")
    ] = STDOUT,
    form: Annotated[
        Format | None,
        typer.Option("--format", metavar="FORM", help="csv, jsonl or parquet; left out, by the file's name."),
    ] = None,
    since: From = None,
    until: To = None,
    customer: Customer = None,
    agent: Agent = None,
    campaign: Campaign = None,
    provider: Provider = None,
    model: Model = None,
    tag: Tag = None,
    as_json: AsJson = False,
    database: Database = None,
) -> None:
    """Write one row for each entry of the book, corrections included, in the order they were booked.

    With --json, entries on standard output are JSON lines, and a file is summed up in one JSON document.
    """
    chosen = _form(output, form, as_json=as_json)
    wanted = selection(
        SystemClock().now_us(),
        since=since,
        until=until,
        customer=customer,
        agent=agent,
        campaign=campaign,
        provider=provider,
        model=model,
        tag=tag,
    )
    entries = with_books(database, lambda books: _written(books, wanted, chosen, output))
    if output != STDOUT:
        document = {"entries": entries, "file": str(output), "format": chosen}
        show(document, f"{entries:,} entries written to {output} ({chosen}).", as_json=as_json)
    elif sys.stderr.isatty() and not as_json:
        warn(f"{entries:,} entries")


def _form(output: Path, asked: Format | None, *, as_json: bool) -> Form:
    """Return the form of the file.

    Raises:
        CallInvalid: it does not go with where the file goes.
    """
    if output == STDOUT:
        if asked is Format.PARQUET:
            raise CallInvalid("Parquet is not written to standard output; name a file with -o")
        if as_json and asked is Format.CSV:
            raise CallInvalid(
                "--json writes JSON lines to standard output; leave --format out, or name a file"
            )
        return "jsonl" if as_json or asked is Format.JSONL else "csv"
    suffix = output.suffix.lower() if asked is None else f".{asked}"
    return _BY_SUFFIX.get(suffix, "csv")


async def _written(books: Books, wanted: Filter, form: Form, output: Path) -> int:
    total = await books.store.count(wanted)
    with (
        _stdout() if output == STDOUT else replacing(output) as file,
        progress("writing entries", total) as steps,
    ):
        return await write_entries(books.store, wanted, form, file, steps.done)


@contextmanager
def _stdout() -> Iterator[BinaryIO]:
    """Give standard output; a reader that has seen enough is no error of ours, but a full disk is told."""
    try:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise ConfigurationError(f"standard output cannot be written: {error.strerror}") from error
