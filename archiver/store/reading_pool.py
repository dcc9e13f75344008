"""Read-only connections for many readers at once; each question sees one state of the archive, for a limited time."""

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
TURN: Final = 15.0
"""Maximum seconds to wait for a free connection."""
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

    def __init__(self) -> None:
        self._free: asyncio.LifoQueue[_Reader] = asyncio.LifoQueue()

    @classmethod
    @asynccontextmanager
    async def open(cls, directory: Path, *, size: int = SIZE) -> AsyncIterator[ReadingPool]:
        """Open the connections. Raises NotFound and UsageError, as `Database.open_readonly`."""
        pool = cls()
        async with AsyncExitStack() as stack:
            for _ in range(size):
                database = await stack.enter_async_context(await Database.open_readonly(directory))
                reader = _Reader(database)
                await reader.connection.execute("PRAGMA query_only = 1")
                await reader.connection.set_progress_handler(reader.is_late, _STEPS)
                pool._free.put_nowait(reader)
            yield pool

    @asynccontextmanager
    async def reading(self, seconds: float) -> AsyncIterator[Connection]:
        """A connection in a snapshot. Raises OutOfTime once its statements take longer, and ReadersBusy."""
        reader = await self._take()
        try:
            reader.until = time.monotonic() + seconds
            await reader.connection.execute("BEGIN")
            yield reader.connection
        except sqlite3.OperationalError as exc:
            if exc.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                raise OutOfTime(
                    f"the answer would take longer than {seconds:g} s.",
                    hint="Narrow it: name a channel, a range of dates, or rarer words.",
                ) from exc
            raise
        finally:
            await asyncio.shield(self._give_back(reader))

    async def _take(self) -> _Reader:
        try:
            return await asyncio.wait_for(self._free.get(), TURN)
        except TimeoutError:
            raise ReadersBusy("too many readers ask at the same time.", hint="Try again in a moment.") from None

    async def _give_back(self, reader: _Reader) -> None:
        """End what still runs for a reader who left, and the snapshot."""
        reader.until = -math.inf
        with suppress(sqlite3.OperationalError):  # none was begun
            await reader.connection.execute("ROLLBACK")
        reader.until = math.inf
        self._free.put_nowait(reader)
