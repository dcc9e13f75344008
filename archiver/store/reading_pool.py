"""Read-only connections for many readers at once; each question sees one state of the archive, for a limited time.

SQLite looks at the clock between the steps of its machine. FTS5 looks for a phrase within one step, so the reader is
answered when the time is over, and the connection serves the next one when that step has ended.
"""

from __future__ import annotations

import asyncio
import math
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from archiver.errors import Error
from archiver.store.database import Connection, Database

SIZE: Final = 4
"""Connections of a pool."""
SLOW: Final = 5.0
"""Seconds: questions that may take longer never take the last connection, which the quick ones share."""
TURN: Final = 60.0
"""Maximum seconds to wait for a free connection."""
_MOMENT: Final = 0.01
"""Seconds within which SQLite itself should have noticed."""
_GRACE: Final = 5.0
"""The same where many readers ask at once, and each waits for its turn between two statements."""
_STEPS: Final = 20_000
"""Steps of SQLite's machine between two looks at the clock: about a millisecond."""


class OutOfTime(Error):
    """A question took longer than it may."""


class ReadersBusy(Error):
    """All connections stayed in use for too long."""


class _Reader:
    """One connection, and until when its current question may take."""

    def __init__(self, database: Database) -> None:
        self.connection = database.connection
        self.until = math.inf

    def is_late(self) -> bool:
        """Whether SQLite has to stop."""
        return time.monotonic() > self.until


class ReadingPool:
    """The connections, handed out in turn."""

    def __init__(self, size: int) -> None:
        self._free: asyncio.LifoQueue[_Reader] = asyncio.LifoQueue()
        self._slow = asyncio.Semaphore(max(size - 1, 1))
        self._ending: set[asyncio.Task[None]] = set()

    @classmethod
    @asynccontextmanager
    async def open(cls, directory: Path, *, size: int = SIZE) -> AsyncIterator[ReadingPool]:
        """Open the connections. Raises NotFound and UsageError, as `Database.open_readonly`."""
        pool = cls(size)
        async with AsyncExitStack() as stack:
            for _ in range(size):
                database = await stack.enter_async_context(await Database.open_readonly(directory))
                reader = _Reader(database)
                await reader.connection.execute("PRAGMA query_only = 1")
                await reader.connection.set_progress_handler(reader.is_late, _STEPS)
                pool._free.put_nowait(reader)
            try:
                yield pool
            finally:
                await asyncio.gather(*pool._ending)

    @asynccontextmanager
    async def reading(self, seconds: float, *, strict: bool = False) -> AsyncIterator[Connection]:
        """A connection in a snapshot. Raises OutOfTime once its statements take longer, and ReadersBusy.

        `strict`: not a moment longer, even if this process had no time; for what is shown only if it comes quickly.
        """
        slow = seconds > SLOW
        reader = await self._take(slow=slow)
        try:
            async with asyncio.timeout(max(seconds, 0) + (_MOMENT if strict else _GRACE)):
                reader.until = time.monotonic() + seconds
                await reader.connection.execute("BEGIN")
                yield reader.connection
        except TimeoutError:
            raise _out_of_time(seconds) from None
        except sqlite3.OperationalError as exc:
            if exc.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                raise _out_of_time(seconds) from exc
            raise
        finally:
            ending = asyncio.create_task(self._give_back(reader, slow=slow))
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)

    async def _take(self, *, slow: bool) -> _Reader:
        try:
            async with asyncio.timeout(TURN):
                return await self._take_slow() if slow else await self._free.get()
        except TimeoutError:
            raise ReadersBusy("too many readers at the same time.", hint="Try again in a moment.") from None

    async def _take_slow(self) -> _Reader:
        await self._slow.acquire()
        try:
            return await self._free.get()
        except BaseException:
            self._slow.release()
            raise

    async def _give_back(self, reader: _Reader, *, slow: bool) -> None:
        """End what still runs for a reader who left, and the snapshot."""
        reader.until = -math.inf
        with suppress(sqlite3.OperationalError):  # none was begun
            await reader.connection.execute("ROLLBACK")
        reader.until = math.inf
        self._free.put_nowait(reader)
        if slow:
            self._slow.release()


def _out_of_time(seconds: float) -> OutOfTime:
    return OutOfTime(
        f"the answer would take longer than {seconds:g} s.",
        hint="Narrow the search to a channel, a range of dates, or rarer words.",
    )
