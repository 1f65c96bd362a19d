"""The one writer: verbs of all tasks are gathered, and each gathering is one transaction (group commit).

The gathering lives on the event loop, the transaction on a thread; while one is committing, the next gathers.
An answer is given only when it is on the disk.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from solvent.domain.clock import Clock
from solvent.errors import SolventError, StorageUnavailable
from solvent.storage.sqlite import connection
from solvent.storage.sqlite.book import SqliteBook
from solvent.storage.sqlite.errors import is_busy, translated

T = TypeVar("T")
Verb: TypeAlias = Callable[[SqliteBook], Any]

_MOST_AT_ONCE: Final = 512
_LOCK_PAUSES_S: Final = (0.0002, 0.0005, *(0.001,) * 5, *(0.002,) * 20)


class _Busy(Exception):
    """Another process is writing; try again while there is patience."""


class _Command(NamedTuple):
    verb: Verb
    answer: "asyncio.Future[Any]"
    until_s: float


class Writer:
    """Runs verbs in order, one transaction for all that came meanwhile. Belongs to one event loop."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._clock = clock
        self._desk = _Desk(path)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="solvent-writer")
        self._gathered: list[_Command] = []
        self._pump: asyncio.Task[None] | None = None
        self._path = path
        self._closed = False

    async def run(self, verb: Callable[[SqliteBook], T], *, patience_s: float) -> T:
        """Return what *verb* returns, when that is on the disk; or raise what it raises, nothing changed.

        A cancelled wait does not undo the verb: it takes effect as a whole or not at all.

        Raises:
            StorageUnavailable: the file is closed, full, or was locked for all of *patience_s*.
        """
        if self._closed:
            raise StorageUnavailable(f"{self._path} was closed; open the store again to use it")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._gathered.append(_Command(verb, answer, self._clock.monotonic_s() + patience_s))
        if self._pump is None:
            self._pump = loop.create_task(self._work(), name="solvent-writer")
        return await answer

    async def close(self) -> None:
        """Finish what was gathered and let go of the file; repeats do nothing."""
        if self._closed:
            return
        self._closed = True
        if self._pump is not None:
            await self._pump
        await asyncio.get_running_loop().run_in_executor(self._thread, self._desk.close)
        self._thread.shutdown(wait=False)

    async def _work(self) -> None:
        """Commit gathering after gathering, until there is none."""
        try:
            while self._gathered:
                batch = self._gathered[:_MOST_AT_ONCE]
                del self._gathered[:_MOST_AT_ONCE]
                await self._commit(batch)
        finally:
            self._pump = None

    async def _commit(self, batch: list[_Command]) -> None:
        """Commit *batch* and give its answers; put back what still has patience for another process's lock."""
        work = asyncio.get_running_loop().run_in_executor(
            self._thread, self._desk.transact, [command.verb for command in batch]
        )
        await asyncio.wait([work])
        failure = work.exception()
        if isinstance(failure, _Busy):
            self._gathered[:0] = self._still_patient(batch)
        elif failure is not None:
            _fail(batch, failure)
        else:
            for command, result in zip(batch, work.result(), strict=True):
                _give(command, result)

    def _still_patient(self, batch: Sequence[_Command]) -> list[_Command]:
        now_s = self._clock.monotonic_s()
        waiting = [*batch, *self._gathered]
        tired = [command for command in waiting if command.until_s <= now_s]
        _fail(
            tired,
            StorageUnavailable(
                f"{self._path} is locked by another program; nothing was changed, try again when it is done"
            ),
        )
        self._gathered = [command for command in self._gathered if command.until_s > now_s]
        return [command for command in batch if command.until_s > now_s]


def _give(command: _Command, result: Any) -> None:
    if command.answer.done():
        return
    if isinstance(result, SolventError):
        command.answer.set_exception(result)
    else:
        command.answer.set_result(result)


def _fail(commands: Sequence[_Command], failure: BaseException) -> None:
    for command in commands:
        if not command.answer.done():
            command.answer.set_exception(failure)


class _Desk:
    """The writer's side that lives on its thread: the connection, opened anew after a failure."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._book: SqliteBook | None = None

    def transact(self, verbs: Sequence[Verb]) -> list[Any]:
        """Return the result, or solvent's error, of each of *verbs*, all of them on the disk.

        Raises:
            _Busy: another process held the lock for a moment too long; nothing was changed.
            StorageError: the file failed; nothing was changed.
        """
        try:
            book = self._opened()
            _begin(book)
            try:
                results = [_result(verb, book) for verb in verbs]
                book.commit()
            finally:
                book.abandon()
        except sqlite3.Error as error:
            self.close()
            raise translated(error, str(self._path)) from error
        return results

    def close(self) -> None:
        """Let go of the file; the next transaction opens it again."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._book = None

    def _opened(self) -> SqliteBook:
        if self._book is None:
            self._connection = connection.writing(self._path)
            self._book = SqliteBook(self._connection)
        return self._book


def _begin(book: SqliteBook) -> None:
    """Begin a transaction, trying for some fifty milliseconds while another process writes."""
    for pause_s in _LOCK_PAUSES_S:
        try:
            return book.begin()
        except sqlite3.OperationalError as error:
            if not is_busy(error):
                raise
        time.sleep(pause_s)
    raise _Busy


def _result(verb: Verb, book: SqliteBook) -> Any:
    """Return what *verb* returns, or its refusal: verbs check before they change, so it harms no other."""
    try:
        return verb(book)
    except SolventError as error:
        return error
