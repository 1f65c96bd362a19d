"""Opening solvent for one command: its settings, its books, and what a program of theirs may say on the way."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer

from solvent.app import Books, RiskAssessmentService, opened, opened_books
from solvent.domain.clock import SystemClock
from solvent.domain.ids import RandomIds
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
    _check_there(settings, made_if_absent=made_if_absent)

    async def opened() -> T:
        async with opened_books(settings, SystemClock()) as books:
            return await work(books)

    return asyncio.run(opened())


def with_risk(
    database: str | None,
    work: Callable[[RiskAssessmentService], Awaitable[T]],
    *,
    asks_model: bool = False,
    made_if_absent: bool = False,
) -> T:
    """Open payment risk on the books, do *work* with it, and close them, as ``with_books``.

    The way to providers is opened only for a command that *asks_model*, and only where a setting names one.
    """
    settings = settings_for(database)
    _check_there(settings, made_if_absent=made_if_absent)

    async def opened_risk() -> T:
        if asks_model and settings.risk_model is not None:
            async with opened(settings) as app:
                return await work(app.risk())
        async with opened_books(settings, SystemClock()) as books:
            return await work(RiskAssessmentService(books, settings, RandomIds()))

    return asyncio.run(opened_risk())


def _check_there(settings: Settings, *, made_if_absent: bool) -> None:
    kept = files(settings.database_url)
    if kept is not None and not made_if_absent and not kept.database.exists():
        raise ConfigurationError(
            f"there is no book at {kept.database}; the first call or budget makes one, --database names another"
        )
