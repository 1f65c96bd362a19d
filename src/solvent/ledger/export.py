"""Export: the book as CSV, JSON lines or Parquet, a page at a time, so that its size does not matter.

One row for each entry, corrections included, in the order they were booked; sums over ``cost_nanos`` are the
book's own.
"""

import asyncio
import csv
import io
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal, TypeAlias

from solvent.domain.clock import to_iso
from solvent.domain.entry import Entry
from solvent.errors import ConfigurationError
from solvent.ledger.columns import COLUMNS, Column, Kind
from solvent.ports.storage import Filter, LedgerStore

Form = Literal["csv", "jsonl", "parquet"]
Pages: TypeAlias = Iterator[Sequence[Entry]]

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


async def export(
    ledger: LedgerStore, wanted: Filter, form: Form, file: BinaryIO, done: Callable[[int], None]
) -> int:
    """Write the entries that *wanted* names to *file*, and return how many; *done* is told after each page.

    Memory does not grow with the book. *file* is written in a thread, which asks for one page after the other.

    Raises:
        ConfigurationError: Parquet was asked for, and its packages are missing.
        OSError: *file* cannot be written.
    """
    loop = asyncio.get_running_loop()
    source = ledger.entries(wanted)
    written = 0

    def pages() -> Pages:
        nonlocal written
        while page := asyncio.run_coroutine_threadsafe(_next(source), loop).result():
            yield page
            written += len(page)
            done(len(page))

    await asyncio.to_thread(_WRITERS[form], pages(), file)
    return written


async def _next(source: AsyncIterator[Sequence[Entry]]) -> Sequence[Entry]:
    """Return the next page that holds anything; an empty one when there is none."""
    async for page in source:
        if page:
            return page
    return ()


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Give a file that takes the place of *path* when the context ends well, and leaves no trace otherwise.

    Whoever reads *path* sees the old or the new one, also if the process dies.

    Raises:
        ConfigurationError: it cannot be written there, or the disk is full.
    """
    fresh = path.parent / f".{path.name}.{os.getpid()}.part"
    try:
        with fresh.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}; name another file") from error
    finally:
        fresh.unlink(missing_ok=True)


def _write_csv(pages: Pages, file: BinaryIO) -> None:
    text = io.TextIOWrapper(file, "utf-8", newline="", write_through=True)
    rows = csv.writer(text)
    rows.writerow([column.name for column in COLUMNS])
    for page in pages:
        rows.writerows([_cell(column, column.read(entry)) for column in COLUMNS] for entry in page)
    text.detach()


def _cell(column: Column, value: Any) -> object:
    """Return *value* as a CSV cell; text that a spreadsheet would take for a formula begins with ``'``."""
    if value is None:
        return ""
    if column.kind in ("whole", "flag"):
        return int(value)
    text = _TEXTS.get(column.kind, str)(value)
    return f"'{text}" if column.kind == "text" and text.startswith(_FORMULA) else text


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


_TEXTS: Final[Mapping[Kind, Callable[[Any], str]]] = {"instant": to_iso, "tags": _json}


def _write_jsonl(pages: Pages, file: BinaryIO) -> None:
    for page in pages:
        file.writelines(
            f"{_json({column.name: _plain(column, entry) for column in COLUMNS})}\n".encode()
            for entry in page
        )


def _plain(column: Column, entry: Entry) -> object:
    value = column.read(entry)
    return to_iso(value) if column.kind == "instant" else value


def _write_parquet(pages: Pages, file: BinaryIO) -> None:
    try:
        from arro3 import core  # noqa: PLC0415 - an optional package
        from arro3.io import write_parquet  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise ConfigurationError("Parquet needs optional packages; install 'solvent[parquet]'") from error
    types = {
        "text": core.DataType.utf8(),
        "amount": core.DataType.utf8(),
        "tags": core.DataType.utf8(),
        "whole": core.DataType.int64(),
        "flag": core.DataType.bool(),
        "instant": core.DataType.timestamp("us", tz="UTC"),
    }
    schema = core.Schema(
        [core.Field(column.name, types[column.kind], nullable=column.optional) for column in COLUMNS]
    )

    def batches() -> Iterator[Any]:
        for page in pages:
            arrays = [_array(core, column, types[column.kind], page) for column in COLUMNS]
            yield core.RecordBatch.from_arrays(arrays, schema=schema)

    write_parquet(core.RecordBatchReader.from_batches(schema, batches()), file, compression="zstd(3)")


def _array(core: Any, column: Column, kind: Any, page: Sequence[Entry]) -> Any:
    values = [column.read(entry) for entry in page]
    if column.kind == "tags":
        return core.Array([_json(value) for value in values], type=kind)
    if column.kind == "instant":
        return core.Array(values, type=core.DataType.int64()).cast(kind)
    return core.Array(values, type=kind)


_WRITERS: Final[Mapping[Form, Callable[[Pages, BinaryIO], None]]] = {
    "csv": _write_csv,
    "jsonl": _write_jsonl,
    "parquet": _write_parquet,
}
