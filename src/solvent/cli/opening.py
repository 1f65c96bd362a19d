"""Opening solvent for one command: its settings, its books, and what a program of theirs may say on the way."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer

from solvent.app import Books, opened_books
from solvent.domain.clock import SystemClock
from solvent.errors import ConfigurationError
from solvent.settings import Settings
from solvent.storage.open import files

T = TypeVar("T")

Database = Annotated[
    str | None,
    typer.Option(
        "--database", metavar="URL", help="Where the book is kept, instead of the setting database_url."
    ),
]


def settings_for(database: str | None, **overrides: object) -> Settings:
    """Return the settings in force, with what the command line says on top; None leaves a setting alone.

    Raises:
        ConfigurationError: the settings file cannot be read, or a value is not of its kind.
    """
    said = overrides | {"database_url": database}
    return Settings.load({name: value for name, value in said.items() if value is not None})


def with_books(
    database: str | None, work: Callable[[Books], Awaitable[T]], *, made_if_absent: bool = False
) -> T:
    """Open the books, do *work* with them, and close them. A command that only looks leaves no new file behind.

    Raises:
        ConfigurationError, StorageError: they cannot be opened, or are not there.
    """
    settings = settings_for(database)
    kept = files(settings.database_url)
    if kept is not None and not made_if_absent and not kept.database.exists():
        raise ConfigurationError(
            f"there is no book at {kept.database}; the first call or budget makes one, --database names another"
        )

    async def opened() -> T:
        async with opened_books(settings, SystemClock()) as books:
            return await work(books)

    return asyncio.run(opened())
