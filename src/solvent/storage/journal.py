"""The journal: what this process did with each call, in one append-only file that outlives a kill.

A file belongs to one process, which holds its lock for life, so a lock that can be taken means a dead owner.
Records are written with one ``write`` and no flush to disk: they survive the process, not the machine; a file
from before the last boot is therefore never taken as complete. A record is length, checksum and JSON.
"""

import fcntl
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from solvent.domain.entry import Entry
from solvent.errors import StorageUnavailable
from solvent.ports.journal import Testimony
from solvent.storage.codec import entry_of, entry_row, json_bytes

_SUFFIX: Final = ".journal"
_FORMAT: Final = 1
_SHORTEN_BYTES: Final = 1 << 20
_FRAME_BYTES: Final = 8
_MOST_BYTES: Final = 1 << 26
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")

_HEADER: Final = "journal"
_DISPATCHED: Final = "dispatched"
_SETTLED: Final = "settled"
_CLOSED: Final = "closed"


def boot_id() -> str:
    """Return what names the time since the machine was started; empty where the system does not tell."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


class MemoryJournal:
    """A journal for a store in memory: both end with the process, so nothing is left to tell."""

    def __init__(self, owner: str) -> None:
        self._owner = owner

    @property
    def owner(self) -> str:
        """The id under which this process's reservations are held."""
        return self._owner

    def dispatched(self, reservation_id: str) -> None:
        """See ``Journal.dispatched``."""

    def settled(self, reservation_id: str, entries: tuple[Entry, ...]) -> None:
        """See ``Journal.settled``."""

    def closed(self, reservation_id: str) -> None:
        """See ``Journal.closed``."""

    def orphans(self) -> Sequence[Testimony]:
        """Return nothing: no process that died left a journal in this one's memory."""
        return ()

    def bury(self, owner: str) -> None:
        """See ``Journal.bury``."""

    def close(self) -> None:
        """See ``Journal.close``."""


class FileJournal:
    """The journal of one process in *directory*, beside those of the others. Belongs to one thread."""

    def __init__(self, directory: Path, owner: str, boot: str) -> None:
        self._directory = directory
        self._owner = owner
        self._boot = boot
        self._open: dict[str, bytes] = {}
        self._claimed: dict[str, int] = {}
        self._size_bytes = 0
        self._file = self._start()

    @classmethod
    def open(cls, directory: Path, owner: str, *, boot: str | None = None) -> "FileJournal":
        """Begin a journal for *owner*; *boot* is the machine's boot id, read from the system when left out.

        Raises:
            StorageUnavailable: the directory or the file cannot be written.
        """
        return cls(directory, owner, boot_id() if boot is None else boot)

    @property
    def owner(self) -> str:
        """The id under which this process's reservations are held."""
        return self._owner

    def dispatched(self, reservation_id: str) -> None:
        """See ``Journal.dispatched``."""
        self._append(reservation_id, _record(_DISPATCHED, reservation_id))

    def settled(self, reservation_id: str, entries: tuple[Entry, ...]) -> None:
        """See ``Journal.settled``."""
        self._append(
            reservation_id, _record(_SETTLED, reservation_id, [entry_row(entry) for entry in entries])
        )

    def closed(self, reservation_id: str) -> None:
        """See ``Journal.closed``; what cannot be written here is harmless, as closing again changes nothing."""
        if self._open.pop(reservation_id, None) is None:
            return
        if self._size_bytes < _SHORTEN_BYTES:
            self._write(_record(_CLOSED, reservation_id))
        else:
            self._shorten()

    def orphans(self) -> Sequence[Testimony]:
        """See ``Journal.orphans``; a claim ends with the process, so it is never lost either."""
        paths = sorted(self._directory.glob(f"*{_SUFFIX}"))
        found = (self._testimony(path) for path in paths if path != self._path(self._owner))
        return [testimony for testimony in found if testimony is not None]

    def bury(self, owner: str) -> None:
        """See ``Journal.bury``."""
        file = self._claimed.pop(owner, None)
        if file is not None:
            self._path(owner).unlink(missing_ok=True)
            os.close(file)

    def close(self) -> None:
        """See ``Journal.close``."""
        if self._file < 0:
            return
        if not self._open:
            self._path(self._owner).unlink(missing_ok=True)
        for file in (self._file, *self._claimed.values()):
            os.close(file)
        self._claimed.clear()
        self._file = -1

    def _path(self, owner: str) -> Path:
        return self._directory / f"{owner}{_SUFFIX}"

    def _start(self) -> int:
        """Write a new file that holds the open calls only, lock it, and put it in place in one step."""
        draft = self._directory / f".{self._owner}.draft"
        content = _frame([_HEADER, _FORMAT, self._owner, self._boot]) + b"".join(self._open.values())
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            file = os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_RDWR | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _write_whole(file, content)
                draft.replace(self._path(self._owner))
            except OSError:
                os.close(file)
                raise
        except OSError as error:
            raise self._failed(error) from error
        self._size_bytes = len(content)
        return file

    def _shorten(self) -> None:
        """Go on in a file without the calls that are closed; while there is no room for one, keep the old."""
        try:
            file = self._start()
        except StorageUnavailable:
            return
        os.close(self._file)
        self._file = file

    def _append(self, reservation_id: str, record: bytes) -> None:
        """Write *record*, or raise with the file as it was."""
        error = self._write(record)
        if error is not None:
            raise self._failed(error) from error
        self._open[reservation_id] = self._open.get(reservation_id, b"") + record

    def _write(self, record: bytes) -> OSError | None:
        """Append *record* whole, or return why not, with the file cut back to what it was."""
        try:
            _write_whole(self._file, record)
        except OSError as error:
            # Should this fail too, what follows the torn record is never read, and the file proves nothing.
            with suppress(OSError):
                os.ftruncate(self._file, self._size_bytes)
            return error
        self._size_bytes += len(record)
        return None

    def _failed(self, error: OSError) -> StorageUnavailable:
        return StorageUnavailable(
            f"the journal {self._path(self._owner)} cannot be written ({error.strerror}); "
            "free some space or look at its permissions, then solvent goes on by itself"
        )

    def _testimony(self, path: Path) -> Testimony | None:
        """Return what the journal at *path* tells, when its owner is dead and nobody else has claimed it."""
        owner = path.name.removesuffix(_SUFFIX)
        try:
            if owner not in self._claimed and not self._claim(owner, path):
                return None
            return _testimony(owner, path.read_bytes(), self._boot)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageUnavailable(
                f"the journal {path} of a process that ended cannot be read ({error.strerror}); "
                "look at its permissions and at how many files may be open, then solvent goes on by itself"
            ) from error

    def _claim(self, owner: str, path: Path) -> bool:
        """Take the journal of *owner*, if its lock can be taken, and keep it until it is buried."""
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            current = os.path.samestat(os.fstat(file), path.stat())
        except (BlockingIOError, FileNotFoundError):
            current = False
        if current:
            self._claimed[owner] = file
        else:
            os.close(file)
        return current


def _record(kind: str, reservation_id: str, *rest: Any) -> bytes:
    return _frame([kind, reservation_id, *rest])


def _frame(value: Any) -> bytes:
    body = json_bytes(value)
    return len(body).to_bytes(4) + zlib.crc32(body).to_bytes(4) + body


def _write_whole(file: int, content: bytes) -> None:
    """Write *content* in one call, or raise."""
    written = os.write(file, content)
    if written != len(content):
        raise OSError(0, f"only {written} of {len(content)} bytes could be written")


@dataclass(frozen=True, slots=True)
class _Told:
    """The records of a file up to the first that is not whole, and whether that one can only be the last."""

    records: list[list[Any]]
    whole: bool


def _read(content: bytes) -> _Told:
    """Read records; one that the file ends in was never finished, any other fault is damage."""
    records: list[list[Any]] = []
    at = 0
    while at < len(content):
        begin = at + _FRAME_BYTES
        end = begin + int.from_bytes(content[at : at + 4])
        if end > len(content):
            return _Told(records, whole=end - at <= _MOST_BYTES)
        body = content[begin:end]
        # A hole that the file system filled with zeros has the checksum of nothing.
        if not body or zlib.crc32(body) != int.from_bytes(content[at + 4 : begin]):
            return _Told(records, whole=False)
        records.append(orjson.loads(body))
        at = end
    return _Told(records, whole=True)


def _testimony(owner: str, content: bytes, boot: str) -> Testimony:
    told = _read(content)
    header, *records = told.records or [[]]
    known = header[:3] == [_HEADER, _FORMAT, owner]
    dispatched: set[str] = set()
    settled: dict[str, tuple[Entry, ...]] = {}
    for kind, reservation_id, entries in _fields(records if known else []):
        if kind == _CLOSED:
            dispatched.discard(reservation_id)
            settled.pop(reservation_id, None)
        else:
            dispatched.add(reservation_id)
        if kind == _SETTLED:
            settled[reservation_id] = tuple(entry_of(row) for row in entries)
    complete = known and told.whole and boot != "" and header[3] == boot
    return Testimony(owner, frozenset(dispatched), settled, complete)


def _fields(records: list[list[Any]]) -> Iterator[tuple[str, str, list[Any]]]:
    for kind, reservation_id, *rest in records:
        yield kind, reservation_id, rest[0] if rest else []
