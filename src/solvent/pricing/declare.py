"""Writing the operator's price file: a row is appended, and no row that is there is ever touched."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from solvent.domain.clock import to_datetime
from solvent.errors import ConfigurationError
from solvent.pricing.operator import OperatorPrices
from solvent.pricing.refresh import replace_file

_LONGEST: Final = 30
_HEADER: Final = "# Prices that solvent uses before its catalog's; see docs/reference/prices.md\n"


def set_price(
    path: Path,
    *,
    from_us: int,
    prices: Mapping[str, Decimal],
    model: str = "",
    provider: str = "",
    deployment: str = "",
    when: Mapping[str, str] | None = None,
    free: bool = False,
) -> OperatorPrices:
    """Append a price that holds from *from_us* on to the file at *path*, and return what the file then declares.

    *prices* are dollars by the file's keys (``input``, ``output``, ``per_web_search`` …). Comments and rows stay
    as they are. The file is replaced in one step: whoever reads it sees it before or after, also if the process
    dies; it is not idempotent, but the same row twice is refused.

    Raises:
        ConfigurationError: the file or the row cannot be, or the row's target and date are there already.
    """
    row: dict[str, object] = {"model": model, "provider": provider, "deployment": deployment}
    row = {key: name for key, name in row.items() if name}
    row["from"] = to_datetime(from_us)
    if free:
        row["free"] = True
    row |= prices
    if when:
        row["when"] = dict(when)
    table = _table(row)
    declared = OperatorPrices()

    def appended() -> bytes:
        nonlocal declared
        old = _read(path)
        text = f"{old}\n{table}" if old.endswith("\n") else f"{old}\n\n{table}"
        declared = OperatorPrices.parse(text, str(path))
        return text.encode()

    replace_file(path, appended)
    return declared


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return _HEADER
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the price file {path} cannot be read: {error}") from error


def _table(row: Mapping[str, object]) -> str:
    return "[[price]]\n" + "".join(f"{key} = {_value(value)}\n" for key, value in row.items())


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_text(key)} = {_text(item)}" for key, item in value.items()) + " }"
    return _text(_written_out(value) if isinstance(value, Decimal) else str(value))


def _written_out(price: Decimal) -> str:
    """Write *price* without an exponent, unless it is none that a file accepts and would be zeros without end."""
    return format(price, "f") if abs(price.adjusted()) <= _LONGEST else str(price)


def _text(text: str) -> str:
    """Write a TOML basic string: JSON's escapes are TOML's, but for the DEL that TOML also wants escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
