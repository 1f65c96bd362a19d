"""Opening the file: whether it is solvent's, making a new one, and the settings of every connection."""

import sqlite3
from pathlib import Path
from typing import Final

from solvent.errors import ConfigurationError, SchemaMismatch, StorageUnavailable
from solvent.storage.sqlite.errors import translated
from solvent.storage.sqlite.statements import SCHEMA

APPLICATION_ID: Final = int.from_bytes(b"slvt")
"""Marks a file as solvent's, in the header of the SQLite format."""

VERSION: Final = 1
_OLDEST_SQLITE: Final = (3, 38, 0)
_MAGIC: Final = b"SQLite format 3\x00"
_HEADER_BYTES: Final = 100
_APPLICATION_ID_AT: Final = slice(68, 72)
_OPEN_TIMEOUT_S: Final = 5.0
_READ_TIMEOUT_S: Final = 1.0


def prepare(path: Path) -> None:
    """Make sure that *path* is a database of this version, making a new one where there is none.

    A file that is not is left as it was found. Several processes may do this at once.

    Raises:
        ConfigurationError: the directory does not exist, the path is one, or SQLite is too old.
        SchemaMismatch: the file is another program's, of another version, or damaged.
        StorageUnavailable: it is locked, read-only, or the disk is full.
    """
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise ConfigurationError(
            f"this Python brings SQLite {sqlite3.sqlite_version}; solvent needs 3.38 or newer"
        )
    _check_place(path)
    _check_header(path)
    try:
        _make(path)
    except sqlite3.Error as error:
        raise translated(error, str(path)) from error


def _check_place(path: Path) -> None:
    try:
        if not path.parent.is_dir():
            raise ConfigurationError(
                f"the directory {path.parent} does not exist; make it, or name another file"
            )
        if path.is_dir():
            raise ConfigurationError(f"{path} is a directory; name a file, such as {path / 'solvent.db'}")
    except OSError as error:
        raise StorageUnavailable(
            f"{path} cannot be reached ({error.strerror}); look at the permissions of its directories"
        ) from error


def _check_header(path: Path) -> None:
    """Look at the first bytes without SQLite, which would touch the file."""
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StorageUnavailable(
            f"{path} cannot be read ({error.strerror}); look at its permissions"
        ) from error
    if not header:
        return
    if not header.startswith(_MAGIC):
        raise SchemaMismatch(f"{path} is not an SQLite database; it was left as it is, name another file")
    if int.from_bytes(header[_APPLICATION_ID_AT]) != APPLICATION_ID:
        raise SchemaMismatch(
            f"{path} is the database of another program; it was left as it is, name another file"
        )


def _make(path: Path) -> None:
    """Create the schema unless it is there, in one transaction, and switch to a write-ahead log after it."""
    connection = _connect(path, _OPEN_TIMEOUT_S)
    try:
        connection.execute("BEGIN IMMEDIATE")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version not in (0, VERSION):
            age = "a newer" if version > VERSION else "an older"
            raise SchemaMismatch(
                f"{path} was written by {age} solvent (schema {version}, this one knows {VERSION}); "
                "it was left as it is, use that release or name another file"
            )
        if version == 0:
            _create(connection)
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()


def _create(connection: sqlite3.Connection) -> None:
    """Run the schema statement by statement, since ``executescript`` would commit first."""
    statement = ""
    for line in SCHEMA.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def writing(path: Path) -> sqlite3.Connection:
    """Return a connection for the writer: each commit is on the disk before it returns; never waits for a lock."""
    connection = _connect(path, 0)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA wal_autocheckpoint = 4000")
    return connection


def reading(path: Path) -> sqlite3.Connection:
    """Return a connection that cannot change the file."""
    connection = _connect(path, _READ_TIMEOUT_S)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _connect(path: Path, timeout_s: float) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=timeout_s, isolation_level=None, check_same_thread=False)
