"""Cells: one value of a table read strictly as a day, an instant, an amount, a flag or a word.

A cell is text (CSV) or a value (Parquet, a database driver). What can be read in two ways is refused.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final, TypeAlias

from solvent.risk.currency import to_minor

Cell: TypeAlias = object
"""None and blank text are empty."""

_SHOWN: Final = 40
_PLAIN: Final = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{1,10})?")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FLAGS: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("true", "t", "yes", "y", "1"), True),
    **dict.fromkeys(("false", "f", "no", "n", "0"), False),
}


class CellError(ValueError):
    """A cell that cannot be read; the message says what it holds and what was expected."""


def shown(cell: Cell) -> str:
    """Return *cell* for a message, quoted and cut short."""
    text = str(cell).strip()
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


def text_of(cell: Cell) -> str:
    """Return *cell* as text; empty for None."""
    return "" if cell is None else str(cell).strip()


def day_in(cell: Cell) -> date:
    """Return the day that *cell* names: ``YYYY-MM-DD``, with or without a time behind it.

    Raises:
        CellError: it names no day, or one in a form that has two readings.
    """
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = text_of(cell)
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else _instant(text).date()
    except ValueError as error:
        raise CellError(f"{shown(cell)} is not a day; write YYYY-MM-DD") from error


def instant_in(cell: Cell) -> datetime:
    """Return the instant that *cell* names; one without a zone is UTC, a day alone its beginning.

    Raises:
        CellError: it names no instant.
    """
    try:
        found = cell if isinstance(cell, datetime) else _instant(text_of(cell))
    except ValueError as error:
        raise CellError(f"{shown(cell)} is not a time; write YYYY-MM-DDThh:mm:ss+00:00") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def amount_in(cell: Cell, currency: str) -> int:
    """Return the amount that *cell* names in minor units of *currency*.

    Raises:
        CellError: it is no plain positive number, or has more decimals than the currency.
    """
    if isinstance(cell, bool) or not _PLAIN.fullmatch(_number(cell)):
        raise CellError(f"{shown(cell)} is not a plain number such as 1200.50")
    try:
        minor = to_minor(Decimal(_number(cell)), currency)
    except ValueError as error:
        raise CellError(str(error)) from error
    if minor <= 0:
        raise CellError(f"{shown(cell)} is not above zero; a credit note is no invoice and no payment")
    return minor


def flag_in(cell: Cell) -> bool:
    """Return whether *cell* says yes.

    Raises:
        CellError: it says neither yes nor no.
    """
    found = _FLAGS.get(text_of(cell).lower())
    if found is None:
        raise CellError(f"{shown(cell)} is neither yes nor no; write true or false")
    return found


def whole_in(cell: Cell, most: int = 10**9) -> int:
    """Return the whole number that *cell* names, from 0 to *most*.

    Raises:
        CellError: it names none.
    """
    found = number_in(cell)
    if found != int(found) or not 0 <= found <= most:
        raise CellError(f"{shown(cell)} is not a whole number from 0 to {most}")
    return int(found)


def number_in(cell: Cell) -> float:
    """Return the number that *cell* names; no amount is read by this.

    Raises:
        CellError: it is no plain number.
    """
    if isinstance(cell, bool) or not _PLAIN.fullmatch(_number(cell)):
        raise CellError(f"{shown(cell)} is not a plain number")
    return float(_number(cell))


def _instant(text: str) -> datetime:
    if not _DAY.match(text):
        raise ValueError("no day in front")
    return datetime.fromisoformat(text)


def _number(cell: Cell) -> str:
    """The digits of a cell; a float by its shortest form, which is what its writer meant."""
    return f"{Decimal(str(cell)):f}" if isinstance(cell, int | float | Decimal) else text_of(cell)
