"""Problems: what was wrong with a record that was read, by line, and how one is noted instead of raised."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from solvent.risk.cells import shown
from solvent.risk.records import Contradiction
from solvent.risk.rows import FieldError

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one *field* on one *line* of a *source*; the row was left out unless *what* says so."""

    source: str
    line: int
    field: str
    what: str

    def __str__(self) -> str:
        return f"{self.source}:{self.line}: {self.field}: {self.what}"


def attempt(source: str, line: int, read: Callable[[], _T], problems: list[Problem]) -> _T | None:
    """Return what *read* returns; None when it finds something wrong, which is added to *problems*."""
    try:
        return read()
    except FieldError as error:
        problems.append(Problem(source, line, error.field, error.what))
    except ValidationError as error:
        problems.extend(Problem(source, line, *_told(each)) for each in error.errors())
    return None


def _told(error: Mapping[str, Any]) -> tuple[str, str]:
    """The field and the words of what a record refused."""
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, Contradiction):
        return cause.field, cause.what
    return str(error["loc"][0]) if error["loc"] else "row", f"{shown(error['input'])}: {error['msg']}"
