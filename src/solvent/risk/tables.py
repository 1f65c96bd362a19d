"""Tables: a CSV or Parquet file as numbered rows, and what was wrong with the file itself."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from solvent.errors import ConfigurationError
from solvent.risk.cells import Cell, text_of

_DELIMITERS: Final = (",", ";", "\t")
_MAGIC: Final = b"PAR1"


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a table, by column; *line*, counted from 1, is where it begins.

    *broken* says why a record has no cells.
    """

    line: int
    cells: Mapping[str, Cell]
    broken: str = ""

    def first(self, columns: Iterable[str]) -> Cell:
        """Return the first cell of *columns* that holds anything; None when all are empty or missing."""
        return next((self.cells[name] for name in columns if text_of(self.cells.get(name))), None)


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one source, *name* for messages, and its columns."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def table_of(name: str, rows: Iterable[Mapping[str, Cell]]) -> Table:
    """Return rows that a database driver gave as a table; lines count from 1."""
    numbered = tuple(Row(line, row) for line, row in enumerate(rows, start=1))
    columns = dict.fromkeys(column for row in numbered for column in row.cells)
    return Table(name, tuple(columns), numbered)


def read_table(path: Path) -> Table:
    """Return the table in *path*: Parquet by its name's end, CSV otherwise (comma, semicolon or tab; UTF-8).

    Raises:
        ConfigurationError: the file cannot be read, is no such table, or Parquet's packages are missing.
    """
    try:
        return _read_parquet(path) if path.suffix.lower() == ".parquet" else _read_csv(path)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error.strerror or error}; name another file"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8 or as Parquet"
        ) from error


def _read_csv(path: Path) -> Table:
    with path.open(encoding="utf-8-sig", newline="") as file:
        delimiter = max(_DELIMITERS, key=file.readline().count)
        file.seek(0)
        lines: Any = csv.reader(file, delimiter=delimiter, strict=True)
        try:
            header = [name.strip().lower() for name in next(lines, [])]
            rows = tuple(_csv_rows(header, lines))
        except csv.Error as error:
            raise ConfigurationError(
                f"{path} is not a CSV table: line {lines.line_num}: {error}; mend it or save again as CSV"
            ) from error
    twice = {name for name in header if name and header.count(name) > 1}
    if twice:
        raise ConfigurationError(f"{path} has the column {min(twice)!r} twice; keep one of them")
    return Table(path.name, tuple(header), rows)


def _csv_rows(header: Sequence[str], lines: Any) -> Iterator[Row]:
    """Number each record by the line on which it begins, for a quoted cell may hold line breaks."""
    begins = lines.line_num + 1
    for cells in lines:
        if len(cells) == len(header):
            yield Row(begins, dict(zip(header, cells, strict=True)))
        elif cells:
            yield Row(begins, {}, f"{len(cells)} cells under {len(header)} columns")
        begins = lines.line_num + 1


def _read_parquet(path: Path) -> Table:
    try:
        from arro3.io import read_parquet  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise ConfigurationError("Parquet needs optional packages; install 'solvent[parquet]'") from error
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise _damaged(path)
    try:
        table = read_parquet(path).read_all()
        columns = tuple(name.strip().lower() for name in table.schema.names)
        values = [table.column(index).to_pylist() for index in range(len(columns))]
    except BaseException as error:
        # The reader panics over a damaged file, with an error that derives from none and has no name to import.
        if type(error) is Exception or type(error).__name__ == "PanicException":
            raise _damaged(path) from error
        raise
    rows = (dict(zip(columns, cells, strict=True)) for cells in zip(*values, strict=True))
    return Table(path.name, columns, table_of(path.name, rows).rows)


def _damaged(path: Path) -> ConfigurationError:
    return ConfigurationError(f"{path} is not a whole Parquet file; save it again, or as CSV")
