"""The one writer: verbs of all tasks are gathered, and each gathering is one transaction (group commit).

The gathering lives on the event loop, the transaction on a thread; while one is committing, the next gathers.
An answer is given only when it is on the disk.
"""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

from solvent.domain.clock import Clock
from solvent.errors import SolventError, StorageUnavailable
from solvent.storage.sqlite import connection
from solvent.storage.sqlite.book import SqliteBook
from solvent.storage.sqlite.errors import is_busy, translated
from solvent.storage.sqlite.turn import Turn

T = TypeVar("T")
Verb: TypeAlias = Callable[[SqliteBook], Any]

_MOST_AT_ONCE: Final = 512
_LOOK_S: Final = 0.05
_LOCK_PAUSES_S: Final = (0.0002, 0.0005, *(0.001,) * 5, *(0.002,) * 20)


class _Busy(Exception):
    """Another process is writing; try again while there is patience."""


class _Command:
    """A verb that waits for its transaction. Once claimed by the thread it is run; before, it may be given up."""

    __slots__ = ("answer", "claimed", "patience_s", "until_s", "verb")

    def __init__(self, verb: Verb, answer: "asyncio.Future[Any]", now_s: float, patience_s: float) -> None:
        self.verb = verb
        self.answer = answer
        self.patience_s = patience_s
        self.until_s = now_s + patience_s
        self.claimed = False


class Writer:
    """Runs verbs in order, one transaction for all that came meanwhile. Belongs to one event loop."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._clock = clock
        self._desk = _Desk(path)
        self._seen: tuple[int, int] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="solvent-writer")
        self._gathered: list[_Command] = []
        self._pump: asyncio.Task[None] | None = None
        self._path = path
        self._log = path.with_name(f"{path.name}-wal")
        self._closed = False

    async def run(self, verb: Callable[[SqliteBook], T], *, patience_s: float) -> T:
        """Return what *verb* returns, when that is on the disk; or raise what it raises, nothing changed.

        A cancelled wait does not undo the verb: it takes effect as a whole or not at all.

        Raises:
            StorageUnavailable: the file is closed, full, or was locked for all of *patience_s* without anybody
                having written to it meanwhile; behind others who get on, it waits its turn.
        """
        if self._closed:
            raise StorageUnavailable(f"{self._path} was closed; open the store again to use it")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._gathered.append(_Command(verb, answer, self._clock.monotonic_s(), patience_s))
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
        """Commit *batch* and give its answers; put back what still has patience for another program's lock."""
        work = asyncio.get_running_loop().run_in_executor(self._thread, self._desk.transact, batch)
        while not (await asyncio.wait([work], timeout=_LOOK_S))[0]:
            self._give_up([*batch, *self._gathered])
        failure = work.exception()
        if isinstance(failure, _Busy):
            self._give_up([*batch, *self._gathered])
            self._gathered[:0] = batch
        elif failure is not None:
            _fail(batch, failure)
        else:
            for command, result in zip(batch, work.result(), strict=True):
                _give(command, result)
        self._gathered = [command for command in self._gathered if not command.answer.done()]

    def _give_up(self, waiting: Sequence[_Command]) -> None:
        """Refuse those of *waiting* that are out of patience, unless somebody gets on with writing."""
        now_s = self._clock.monotonic_s()
        if self._others_wrote():
            for command in waiting:
                command.until_s = now_s + command.patience_s
            return
        tired = self._desk.unclaimed(command for command in waiting if command.until_s <= now_s)
        _fail(
            tired,
            StorageUnavailable(
                f"{self._path} is locked by another program; nothing was changed, try again when it is done"
            ),
        )

    def _others_wrote(self) -> bool:
        """Say whether the file has grown since the last look."""
        try:
            facts = self._log.stat()
        except OSError:
            return False
        seen, self._seen = self._seen, (facts.st_mtime_ns, facts.st_size)
        return seen is not None and seen != self._seen


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
        self._turn = Turn(path)
        self._claims = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._book: SqliteBook | None = None

    def unclaimed(self, commands: Iterable[_Command]) -> list[_Command]:
        """Return those of *commands* that no transaction has claimed, and never will; called from the loop."""
        with self._claims:
            found = [command for command in commands if not command.claimed]
            for command in found:
                command.claimed = True
        return found

    def transact(self, commands: Sequence[_Command]) -> list[Any]:
        """Return the result, or solvent's error, of each of *commands*, all of them on the disk.

        What was given up while waiting for the turn is not run; its place holds None.

        Raises:
            _Busy: another process held the lock for a moment too long; nothing was changed.
            StorageError: the file failed; nothing was changed.
        """
        with self._turn.taken():
            try:
                book = self._opened()
                _begin(book)
                try:
                    mine = self._claimed(commands)
                    results = [
                        _result(command.verb, book) if command in mine else None for command in commands
                    ]
                    book.commit()
                finally:
                    book.abandon()
            except sqlite3.Error as error:
                self._let_go()
                raise translated(error, str(self._path)) from error
        return results

    def _claimed(self, commands: Sequence[_Command]) -> frozenset[_Command]:
        with self._claims:
            mine = frozenset(command for command in commands if not command.claimed)
            for command in mine:
                command.claimed = True
        return mine

    def close(self) -> None:
        """Let go of the file; the next transaction opens it again."""
        self._let_go()
        self._turn.close()

    def _let_go(self) -> None:
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
