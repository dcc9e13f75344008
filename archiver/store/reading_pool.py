"""Read-only connections for many readers at once; each question sees one state of the archive, for a limited time.

The time is what SQLite computes: on a machine busy with mirroring, questions wait for the processor and are not refused
for it. Readers who come one after the other pause for a moment when the write-ahead log is large (`log_pause`).

SQLite looks at the clock between the steps of its machine. FTS5 looks for a phrase within one step, so the reader is
answered when the time is over, and the connection serves the next one when that step has ended.
"""

from __future__ import annotations

import asyncio
import math
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from archiver.errors import Error
from archiver.store.database import Connection, Database
from archiver.store.log_pause import LEAVING, RENEWING, LogPause
from archiver.store.medium import ARCHIVE_NAME

SIZE: Final = 3
"""Connections of a pool."""
SLOW: Final = 5.0
"""Seconds: questions that may take longer never take the last connection, which the quick ones share."""
TURN: Final = 60.0
"""Maximum seconds to wait for a free connection."""
_MOMENT: Final = 0.01
"""Seconds within which SQLite itself should have noticed."""
LEEWAY: Final = 25.0
"""Additional seconds by the clock: for the disk, and where other programs and readers take the processor."""
LONG: Final = 1.5
"""Seconds after which a snapshot has been held for long: the log cannot restart meanwhile."""
_WATCHING: Final = 0.25
"""Seconds between two looks at that."""
_GLANCE: Final = 0.005
"""Seconds between two looks at whether a pause can end."""
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
        """By the clock."""
        self.since = math.inf
        """When its question began, by the clock."""
        self._computing = 0.0, math.inf
        """Processor time of the connection's thread when the question began, and how much more it may take."""

    async def begin(self, seconds: float, *, strict: bool) -> None:
        """Begin a question that may take this long."""
        self.since = time.monotonic()
        self.until = self.since + seconds + (0 if strict else LEEWAY)
        await self.connection._execute(self._begin, seconds)  # type: ignore[no-untyped-call]  # noqa: SLF001  # in its thread

    def _begin(self, seconds: float) -> None:
        self._computing = time.thread_time(), seconds
        self.connection._conn.execute("BEGIN")  # noqa: SLF001  # see Database.write

    def release(self) -> None:
        """The question has ended."""
        self.since, self.until, self._computing = math.inf, math.inf, (0.0, math.inf)

    def is_late(self) -> bool:
        """Whether SQLite has to stop. Called in the connection's thread."""
        began, seconds = self._computing
        return time.thread_time() - began > seconds or time.monotonic() > self.until


class ReadingPool:
    """The connections, handed out in turn."""

    def __init__(self, size: int, pause: LogPause, hurry: Callable[[bool], None]) -> None:
        self._size = size
        self._pause = pause
        self._hurry = hurry
        self._reading: set[_Reader] = set()
        self._watching: asyncio.Task[None] | None = None
        self._open = asyncio.Event()
        """Not set during a pause."""
        self._open.set()
        self._free: asyncio.LifoQueue[_Reader] = asyncio.LifoQueue()
        self._slow = asyncio.Semaphore(max(size - 1, 1))
        self._ending: set[asyncio.Task[None]] = set()

    @classmethod
    @asynccontextmanager
    async def open(
        cls, directory: Path, *, size: int = SIZE, hurry: Callable[[bool], None] = lambda _: None
    ) -> AsyncIterator[ReadingPool]:
        """Open the connections. Raises NotFound and UsageError, as `Database.open_readonly`.

        `hurry` is called with True while a snapshot has been held for long, and with False when that is over.
        """
        pool = cls(size, LogPause(directory / ARCHIVE_NAME), hurry)
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
                if pool._watching is not None:
                    pool._watching.cancel()
                await asyncio.gather(*pool._ending)

    @asynccontextmanager
    async def reading(self, seconds: float, *, strict: bool = False) -> AsyncIterator[Connection]:
        """A connection in a snapshot. Raises OutOfTime once its statements compute for longer, and ReadersBusy.

        `strict`: by the clock, even if this process had no time; for what is shown only if it comes quickly.
        """
        slow = seconds > SLOW
        reader = await self._take(slow=slow)
        try:
            async with asyncio.timeout(max(seconds, 0) + _MOMENT + (0 if strict else LEEWAY)):
                self._reading.add(reader)
                if self._watching is None or self._watching.done():
                    self._watching = asyncio.create_task(self._watch())
                await reader.begin(seconds, strict=strict)
                yield reader.connection
        except TimeoutError:
            raise _out_of_time(seconds) from None
        except sqlite3.OperationalError as exc:
            if exc.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                raise _out_of_time(seconds) from exc
            raise
        finally:
            self._keep(self._give_back(reader, slow=slow))

    def _keep(self, work: Coroutine[None, None, None]) -> None:
        """Let this finish even if the reader leaves."""
        ending = asyncio.create_task(work)
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    async def _take(self, *, slow: bool) -> _Reader:
        try:
            async with asyncio.timeout(TURN):
                return await self._take_slow() if slow else await self._get()
        except TimeoutError:
            raise ReadersBusy("too many readers at the same time.", hint="Try again in a moment.") from None

    async def _take_slow(self) -> _Reader:
        await self._slow.acquire()
        try:
            return await self._get()
        except BaseException:
            self._slow.release()
            raise

    async def _get(self) -> _Reader:
        if self._open.is_set() and self._pause.is_due():
            self._open.clear()
            self._keep(self._let_log_restart())
        while True:
            await self._open.wait()
            reader = await self._free.get()
            if self._open.is_set():
                return reader
            self._free.put_nowait(reader)

    async def _watch(self) -> None:
        """Hurry during a pause, and while a snapshot has been held for long; end when none is held."""
        while self._reading:
            oldest = min(reader.since for reader in self._reading)
            self._hurry(not self._open.is_set() or time.monotonic() - oldest > LONG)
            await asyncio.sleep(_WATCHING)
        self._hurry(False)

    async def _let_log_restart(self) -> None:
        """Wait until all readers have left and the log has restarted, for a limited time."""
        mark = self._pause.mark()
        try:
            have_left = await _becomes(lambda: self._free.qsize() == self._size, LEAVING)
            renewed = have_left and await _becomes(lambda: self._pause.mark() != mark, RENEWING)
            self._pause.end(have_left=have_left, renewed=renewed)
        finally:
            self._open.set()

    async def _give_back(self, reader: _Reader, *, slow: bool) -> None:
        """End what still runs for a reader who left, and the snapshot."""
        reader.until = -math.inf
        with suppress(sqlite3.OperationalError):  # none was begun
            await reader.connection.execute("ROLLBACK")
        reader.release()
        self._reading.discard(reader)
        self._free.put_nowait(reader)
        if slow:
            self._slow.release()


async def _becomes(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether the condition becomes true within that time; polled, since nothing reports it."""
    until = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < until:  # noqa: ASYNC110  # another process does it
        await asyncio.sleep(_GLANCE)
    return found


def _out_of_time(seconds: float) -> OutOfTime:
    return OutOfTime(
        f"the answer would take longer than {seconds:g} s.",
        hint="Narrow the search to a channel, a range of dates, or rarer words.",
    )
