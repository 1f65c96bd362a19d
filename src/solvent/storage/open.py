"""Which URL opens which backend: the one table, and the journal that goes with it."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote

from solvent.domain.clock import Clock
from solvent.domain.ids import Ids
from solvent.errors import ConfigurationError
from solvent.ports.journal import Journal
from solvent.ports.storage import Store
from solvent.storage.journal import FileJournal, MemoryJournal
from solvent.storage.memory.store import MemoryStore
from solvent.storage.sqlite.connection import prepare
from solvent.storage.sqlite.store import SqliteStore

_MEMORY: Final = "memory:"
_SQLITE: Final = "sqlite:///"
_KNOWN: Final = f"{_SQLITE}PATH, a plain path, or {_MEMORY}"


@dataclass(frozen=True, slots=True)
class Files:
    """What a store keeps on this machine's disk: the database, and the directory of journals beside it."""

    database: Path
    journals: Path


@dataclass(frozen=True, slots=True)
class _Backend:
    """What a kind of URL opens: the store, and the journal of this process beside it."""

    store: Callable[[str, Clock], Store]
    journal: Callable[[str, str], Journal]


def _open_sqlite(place: str, clock: Clock) -> Store:
    path = Path(place)
    prepare(path)
    return SqliteStore(path, clock)


def _open_memory(_: str, clock: Clock) -> Store:
    return MemoryStore(clock)


def _file_journal(place: str, owner: str) -> Journal:
    return FileJournal.open(_journals(place), owner)


def _journals(place: str) -> Path:
    return Path(f"{place}.journals")


def _memory_journal(_: str, owner: str) -> Journal:
    return MemoryJournal(owner)


_BACKENDS: Final[Mapping[str, _Backend]] = MappingProxyType(
    {
        _MEMORY: _Backend(_open_memory, _memory_journal),
        _SQLITE: _Backend(_open_sqlite, _file_journal),
    }
)


async def open_store(url: str, *, clock: Clock) -> Store:
    """Return the store that *url* names: ``sqlite:///PATH``, a plain path, or ``memory:``.

    Raises:
        ConfigurationError: the URL names no backend, or its directory does not exist.
        SchemaMismatch: the file is another program's, of another version, or damaged; it is left as it was.
        StorageUnavailable: it is locked, read-only, or the disk is full.
    """
    scheme, place = _parts(url)
    return await asyncio.to_thread(_BACKENDS[scheme].store, place, clock)


def open_journal(url: str, clock: Clock, ids: Ids) -> Journal:
    """Return a new journal of this process beside the store that *url* names.

    Raises:
        ConfigurationError: the URL names no backend.
        StorageUnavailable: the journal's directory or file cannot be written.
    """
    scheme, place = _parts(url)
    return _BACKENDS[scheme].journal(place, ids.new("process", clock.now_us()))


def files(url: str) -> Files | None:
    """Return the files of the store that *url* names, there or not; None where it keeps nothing on a disk.

    Raises:
        ConfigurationError: the URL names no backend.
    """
    scheme, place = _parts(url)
    return None if scheme == _MEMORY else Files(Path(place), _journals(place))


def _parts(url: str) -> tuple[str, str]:
    """Return the scheme and the place of *url*; ``sqlite:///x`` is relative, ``sqlite:////x`` is not."""
    if url == _MEMORY:
        return _MEMORY, ""
    if url.startswith(_SQLITE):
        place = unquote(url.removeprefix(_SQLITE))
        scheme = _SQLITE
    else:
        place, scheme = url, _SQLITE
    if not place.strip() or "\x00" in place or (place == url and ":" in url.partition("/")[0]):
        raise ConfigurationError(f"{url!r} names no store; use {_KNOWN}")
    return scheme, place
