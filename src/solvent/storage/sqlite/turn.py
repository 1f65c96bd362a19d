"""Turns: solvents that share a file write one after the other, woken by the kernel instead of trying again.

SQLite's own lock lets whoever tries at the right moment pass, so a busy process can starve the others. This
lock, on a file beside the database, only brings order; that two never write at once is still SQLite's doing.
It is the kernel's, so it ends with the process that holds it, however that dies.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from solvent.errors import StorageUnavailable

_COURTESY_S: Final = 0.0003
"""A pause after a turn that others waited for, so that the kernel can wake one of them first."""


class Turn:
    """The right to write next. Used from the writer's thread only."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(f"{database.name}.turn")
        self._file: int | None = None
        self._crowded = False

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for the turn, hold it while the context is open, and pass it on.

        Raises:
            StorageUnavailable: the file beside the database cannot be written.
        """
        file = self._opened()
        self._wait(file)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the file; the next turn opens it again."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _wait(self, file: int) -> None:
        if self._crowded:
            time.sleep(_COURTESY_S)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._crowded = False
        except BlockingIOError:
            self._crowded = True
            fcntl.flock(file, fcntl.LOCK_EX)

    def _opened(self) -> int:
        if self._file is None:
            try:
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except OSError as error:
                raise StorageUnavailable(
                    f"{self._path} cannot be written ({error.strerror}); give this user the right to write the "
                    "database and its directory"
                ) from error
        return self._file
