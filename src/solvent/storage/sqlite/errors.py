"""What SQLite's errors mean: the one place where they become solvent's."""

import sqlite3
from collections.abc import Mapping
from typing import Final

from solvent.errors import SchemaMismatch, StorageError, StorageUnavailable

_PRIMARY: Final = 0xFF
_BUSY: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

_UNAVAILABLE: Final[Mapping[int, str]] = {
    sqlite3.SQLITE_BUSY: "is locked by another program; close that, or wait until it is done",
    sqlite3.SQLITE_LOCKED: "is locked by another program; close that, or wait until it is done",
    sqlite3.SQLITE_READONLY: "is read-only; give this user the right to write the file and its directory",
    sqlite3.SQLITE_FULL: "cannot grow, the disk is full; free some space, then solvent goes on by itself",
    sqlite3.SQLITE_IOERR: "cannot be read or written; look at the disk, its free space and quotas",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; look at the path, the directory and their permissions",
}


def is_busy(error: sqlite3.Error) -> bool:
    """Say whether *error* only means that another connection is writing."""
    return _code(error) in _BUSY


def translated(error: sqlite3.Error, path: str) -> StorageError:
    """Return solvent's error for *error*, met while using the file at *path*."""
    code = _code(error)
    if code in _DAMAGED:
        return SchemaMismatch(f"{path} is damaged ({error}); nothing was changed, restore it from a backup")
    words = _UNAVAILABLE.get(code, "did not do what was asked of it")
    return StorageUnavailable(f"{path} {words} (SQLite says: {error})")


def _code(error: sqlite3.Error) -> int:
    """Return the primary result code; errors of Python's own module have none."""
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY
