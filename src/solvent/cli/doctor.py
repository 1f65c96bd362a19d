"""``solvent doctor``: whether solvent can work here, in words to act on. Nothing is changed, no key is shown."""

import asyncio
import os
import platform
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final, Literal

import typer

from solvent.app import opened_books, price_book
from solvent.cli.opening import Database, settings_for
from solvent.cli.screen import AsJson, show, table, words
from solvent.cli.serve import is_loopback
from solvent.domain.clock import US_PER_S, SystemClock, to_iso
from solvent.domain.period import zone
from solvent.errors import CallInvalid, ConfigurationError, SolventError
from solvent.gateway.serve import bound_socket
from solvent.ports.storage import Filter
from solvent.pricing.refresh import read_snapshot
from solvent.providers.catalog import Catalog
from solvent.providers.credentials import Credentials
from solvent.settings import Settings
from solvent.storage.open import Files, files

State = Literal["ok", "look", "wrong"]

_ROOM_BYTES: Final = 256 * 2**20
_SKEW_S: Final = 60
_PRICES_OLD_DAYS: Final = 90


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at and found. ``look`` asks for a decision, ``wrong`` keeps solvent from working."""

    name: str
    state: State
    says: str


def doctor(*, as_json: AsJson = False, database: Database = None) -> None:
    """Check settings, database, prices, credentials, clock and port; the status is 1 when something is wrong."""
    checks = [_versions(), *_checks(database)]
    healthy = all(check.state != "wrong" for check in checks)
    drawn = table(words("check"), words(""), words("what was found"))
    for check in checks:
        drawn.add_row(check.name, check.state, check.says)
    verdict = (
        "Solvent can work here." if healthy else "Solvent cannot work here before what is wrong is mended."
    )
    document = {"healthy": healthy, "checks": [asdict(check) for check in checks]}
    show(document, drawn, verdict, as_json=as_json)
    if not healthy:
        raise typer.Exit(1)


def _versions() -> Check:
    parts = (
        f"solvent {version('solvent')}",
        f"Python {platform.python_version()}",
        f"SQLite {sqlite3.sqlite_version}",
        f"genai-prices {version('genai-prices')}",
    )
    return Check("versions", "ok", ", ".join(parts))


def _checks(database: str | None) -> Iterator[Check]:
    """Look at one thing after the other; without settings there is nothing to look at."""
    try:
        settings = settings_for(database)
    except ConfigurationError as error:
        yield Check("settings", "wrong", error.message)
        return
    yield _settings()
    yield from _database(settings)
    yield _prices(settings)
    yield _credentials(settings)
    yield _zones()
    yield _port(settings)


def _settings() -> Check:
    named = os.environ.get("SOLVENT_CONFIG") or "solvent.toml"
    told = f"read from {named}" if Path(named).is_file() else f"defaults; there is no {named}"
    over = sorted(name for name in os.environ if name.startswith("SOLVENT_") and name != "SOLVENT_CONFIG")
    return Check("settings", "ok", f"{told}{', then ' + ', '.join(over) if over else ''}")


def _database(settings: Settings) -> Iterator[Check]:
    try:
        kept = files(settings.database_url)
    except ConfigurationError as error:
        yield Check("database", "wrong", error.message)
        return
    if kept is None:
        yield Check("database", "look", f"{settings.database_url} forgets all when the process ends")
        return
    yield _book(settings, kept)
    yield from _disk(kept)


def _book(settings: Settings, kept: Files) -> Check:
    if not kept.database.exists():
        return Check("database", "ok", f"{kept.database} is not there yet; the first call or budget makes it")
    if not os.access(kept.database, os.W_OK):
        return Check(
            "database", "wrong", f"{kept.database} is not writable for this user; change its permissions"
        )
    try:
        says, newest_us = asyncio.run(_looked_at(settings))
    except SolventError as error:
        return Check("database", "wrong", error.message)
    ahead_s = (newest_us - SystemClock().now_us()) // US_PER_S
    if ahead_s > _SKEW_S:
        return Check(
            "database",
            "look",
            f"{says}; the newest entry lies {ahead_s:,} s in the future, so look at the clock",
        )
    return Check("database", "ok", f"{kept.database}: {says}")


async def _looked_at(settings: Settings) -> tuple[str, int]:
    """Return what the book holds, and when its newest entry was admitted, 0 where there is none."""
    async with opened_books(settings, SystemClock()) as books:
        count = await books.store.count(Filter())
        budgets, holds = await books.desk.budgets(), await books.desk.holds()
        newest_us = 0
        async for page in books.store.entries(Filter(), newest_first=True):
            newest_us = max((entry.admitted_us for entry in page), default=0)
            break
    return f"{count:,} entries, {len(budgets):,} budgets, {len(holds):,} calls in flight", newest_us


def _disk(kept: Files) -> Iterator[Check]:
    directory = kept.database.absolute().parent
    if not directory.is_dir():
        yield Check(
            "disk", "wrong", f"the directory {directory} does not exist; make it, or name another file"
        )
        return
    for place in (directory, kept.journals):
        if place.exists() and not os.access(place, os.W_OK | os.X_OK):
            yield Check("disk", "wrong", f"{place} is not writable for this user; change its permissions")
            return
    free = shutil.disk_usage(directory).free
    told = f"{free // 2**20:,} MiB free in {directory}; journals in {kept.journals}"
    if free < _ROOM_BYTES:
        yield Check("disk", "look", f"{told}; calls are refused when the disk is full, so make room")
    else:
        yield Check("disk", "ok", told)


def _prices(settings: Settings) -> Check:
    try:
        models = len(price_book(settings).search(""))
        if settings.price_list is None:
            told, state = f"{models:,} models, from genai-prices {version('genai-prices')}", "ok"
        else:
            told, state = _refreshed(settings.price_list, models)
    except ConfigurationError as error:
        return Check("prices", "wrong", error.message)
    own = "" if settings.prices_file is None else f"; your own in {settings.prices_file} come first"
    return Check("prices", "look" if state == "look" else "ok", told + own)


def _refreshed(path: Path, models: int) -> tuple[str, State]:
    fetched_us = read_snapshot(path).fetched_us
    days = (SystemClock().now_us() - fetched_us) // (86_400 * US_PER_S)
    told = f"{models:,} models in {path}, fetched {to_iso(fetched_us)}"
    if days > _PRICES_OLD_DAYS:
        return f"{told}, {days} days ago; run: solvent price refresh", "look"
    return told, "ok"


def _credentials(settings: Settings) -> Check:
    try:
        catalog = Catalog.bundled().with_operator(settings.providers)
    except ConfigurationError as error:
        return Check("credentials", "wrong", error.message)
    credentials = Credentials(os.environ)
    with_key: list[str] = []
    wrong: list[str] = []
    for provider in catalog.providers:
        try:
            if provider.base_url and credentials.find(provider) is not None:
                with_key.append(provider.name)
        except ConfigurationError as error:
            if any(os.environ.get(name) for name in provider.credential_env):
                wrong.append(error.message)
    if wrong:
        return Check("credentials", "wrong", "; ".join(wrong))
    if not with_key:
        return Check(
            "credentials", "look", "no provider has a key; set one such as OPENAI_API_KEY before calls"
        )
    return Check("credentials", "ok", f"keys are set for {', '.join(with_key)}")


def _zones() -> Check:
    now = f"it is {to_iso(SystemClock().now_us())} by this machine"
    try:
        zone("Europe/Berlin")
    except CallInvalid:
        return Check("clock", "wrong", f"{now}, and there is no time-zone data; install tzdata")
    return Check("clock", "ok", f"{now}; budgets end by it")


def _port(settings: Settings) -> Check:
    where = f"{settings.host}:{settings.port}"
    try:
        bound_socket(settings.host, settings.port).close()
    except ConfigurationError as error:
        return Check("port", "look", f"{error.message} (it may be solvent itself)")
    if not is_loopback(settings.host):
        return Check("port", "look", f"{where} is free, but not loopback: whoever reaches it can spend")
    return Check("port", "ok", f"{where} is free")
