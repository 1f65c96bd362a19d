"""Reading beside the writer: a thread with a connection that cannot change the file."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from solvent.errors import StorageUnavailable
from solvent.storage.sqlite import connection
from solvent.storage.sqlite.errors import translated

T = TypeVar("T")


class Reader:
    """Runs short queries one after the other, and long ones beside them on connections of their own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="solvent-reader")
        self._connection: sqlite3.Connection | None = None
        self._closed = False

    async def run(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Return what *query* returns.

        Raises:
            StorageUnavailable: the file is closed, or cannot be read.
            SchemaMismatch: it is damaged.
        """
        self._check_open()
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._query, query)

    async def apart(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Return what a long *query* returns, without keeping others waiting; errors as ``run``."""
        self._check_open()
        return await asyncio.to_thread(self._query_apart, query)

    async def pages(self, query: Callable[[sqlite3.Connection], Iterator[T]]) -> AsyncIterator[T]:
        """Yield what *query* yields, each step on a thread, all from one snapshot; errors as ``run``."""
        self._check_open()
        with closing(await asyncio.to_thread(self._opened)) as own:
            steps = query(own)
            while (page := await asyncio.to_thread(self._step, steps)) is not None:
                yield page

    async def close(self) -> None:
        """Let go of the file; repeats do nothing."""
        if self._closed:
            return
        self._closed = True
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)

    def _check_open(self) -> None:
        if self._closed:
            raise StorageUnavailable(f"{self._path} was closed; open the store again to use it")

    def _query(self, query: Callable[[sqlite3.Connection], T]) -> T:
        try:
            if self._connection is None:
                self._connection = self._opened()
            return query(self._connection)
        except sqlite3.Error as error:
            self._close()
            raise translated(error, str(self._path)) from error

    def _query_apart(self, query: Callable[[sqlite3.Connection], T]) -> T:
        try:
            with closing(self._opened()) as own:
                return query(own)
        except sqlite3.Error as error:
            raise translated(error, str(self._path)) from error

    def _step(self, steps: Iterator[T]) -> T | None:
        try:
            return next(steps, None)
        except sqlite3.Error as error:
            raise translated(error, str(self._path)) from error

    def _opened(self) -> sqlite3.Connection:
        try:
            return connection.reading(self._path)
        except sqlite3.Error as error:
            raise translated(error, str(self._path)) from error

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None
