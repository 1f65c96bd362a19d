"""Rows by field: the names a column may bear, and errors that name the field."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from solvent.risk.cells import Cell, CellError, shown, text_of
from solvent.risk.currency import MINOR_DIGITS
from solvent.risk.tables import Row

Columns: TypeAlias = Mapping[str, tuple[str, ...]]
"""For each field the columns that may hold it; the first that is not empty does."""

_T = TypeVar("_T")


class FieldError(ValueError):
    """What is wrong with one field of a row."""

    def __init__(self, field: str, what: str) -> None:
        super().__init__(f"{field}: {what}")
        self.field = field
        self.what = what


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one row; reading one that is wrong raises FieldError."""

    row: Row
    columns: Columns

    def __post_init__(self) -> None:
        if self.row.broken:
            raise FieldError("row", self.row.broken)

    def cell(self, field: str) -> Cell:
        """Return what *field* holds; None when it is empty or has no column."""
        return self.row.first(self.columns[field])

    def read(self, field: str, how: Callable[[Cell], _T]) -> _T | None:
        """Return *field* as *how* reads it; None when it is empty."""
        cell = self.cell(field)
        if cell is None:
            return None
        try:
            return how(cell)
        except CellError as error:
            raise FieldError(field, str(error)) from error

    def need(self, field: str, how: Callable[[Cell], _T]) -> _T:
        """Return *field* as *how* reads it; an empty one is an error."""
        found = self.read(field, how)
        if found is None:
            raise FieldError(field, "empty")
        return found

    def word(self, field: str, meanings: Mapping[str, _T]) -> _T | None:
        """Return what the word in *field* means; None when it is empty, an error when it is unknown."""
        cell = self.cell(field)
        word = text_of(cell).lower().replace(" ", "_").replace("-", "_")
        if word and word not in meanings:
            raise FieldError(field, f"{shown(cell)} is not one of {', '.join(meanings)}")
        return meanings[word] if word else None

    def currency(self, default: str | None) -> str | None:
        """Return the currency of the row, or the *default*; None without either."""
        code = text_of(self.cell("currency")).upper() or default
        if code is not None and code not in MINOR_DIGITS:
            raise FieldError("currency", f"{shown(code)} is not a currency of ISO 4217, such as EUR")
        return code
