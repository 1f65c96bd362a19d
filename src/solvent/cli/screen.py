"""What commands show: tables for people, one JSON document for programs; progress and errors go to stderr."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

import orjson
import typer
from pydantic import BaseModel
from rich import box
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Column, Table

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]

_PIPED_WIDTH: Final = 200
"""Columns of a table that no terminal narrows, so that amounts are never cut in a file or a pipe."""


def console(*, stderr: bool = False) -> Console:
    """Return a console that shows text as it is: ids are never read as markup."""
    stream = sys.stderr if stderr else sys.stdout
    narrowed = stream.isatty() or "COLUMNS" in os.environ
    width = None if narrowed else _PIPED_WIDTH
    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, width=width)


def show(document: object, *people: RenderableType, as_json: bool) -> None:
    """Print *document* as one line of JSON, or what is meant for *people*."""
    if as_json:
        sys.stdout.write(orjson.dumps(document, default=_plain).decode() + "\n")
        return
    screen = console()
    for part in people:
        screen.print(part)


def warn(words: str) -> None:
    """Say one line on stderr."""
    console(stderr=True).print(words, soft_wrap=True)


def table(*columns: Column, title: str | None = None, footer: bool = False) -> Table:
    """Return an empty table in the one style of all commands."""
    return Table(
        *columns,
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        show_footer=footer,
    )


def words(header: str, footer: str = "") -> Column:
    """Return a column of text, which wraps before it is cut."""
    return Column(header, footer, overflow="fold")


def figures(header: str, footer: str = "") -> Column:
    """Return a column of figures, which are never cut."""
    return Column(header, footer, justify="right", no_wrap=True)


@contextmanager
def progress(said: str, total: int | None = None) -> Iterator["Steps"]:
    """Show on stderr, on a terminal only, that work goes on: a bar towards *total*, else a turning sign."""
    measured = (BarColumn(), MofNCompleteColumn()) if total is not None else ()
    screen = console(stderr=True)
    shown = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        *measured,
        console=screen,
        transient=True,
        disable=not screen.is_terminal,
    )
    with shown:
        yield Steps(shown, said, total)


class Steps:
    """How far the work has come; may be told from any thread."""

    def __init__(self, shown: Progress, said: str, total: int | None) -> None:
        self._shown = shown
        self._task = shown.add_task(said, total=total)

    def done(self, count: int = 1) -> None:
        """Say that *count* more are done."""
        self._shown.advance(self._task, count)


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"{type(value).__name__} has no JSON form")
