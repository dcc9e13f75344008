"""One snapshot for a whole export: for its rows, for its manifest, and for formats that read the archive themselves.

SQLite cannot hand a snapshot on to another connection. But two snapshots are of the same state if nothing was committed
between the moment before the first and the moment after the second, which each connection can tell.
https://www.sqlite.org/pragma.html#pragma_data_version
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from archiver.errors import Busy
from archiver.export.writer import ReadsArchive, RowSink
from archiver.store.database import Connection
from archiver.store.messages.rows import snapshot

_CACHE_KIB = 4096
"""SQLite's cache during an export, which reads each page about once."""
_TRIES = 1000
"""A try takes less than a millisecond; a writer commits every few."""


@asynccontextmanager
async def one_state(conn: Connection, rows: RowSink) -> AsyncIterator[None]:
    """Make all reads within see one state of the archive, and the format, too; close the format at the end.

    Raises Busy if the archive changes all the time.
    """
    try:
        for _ in range(_TRIES):
            if isinstance(rows, ReadsArchive):
                rows.watch()
            async with snapshot(conn, cache_kib=_CACHE_KIB):
                await (await conn.execute("SELECT count(*) FROM sqlite_master")).fetchone()  # the snapshot begins
                if not isinstance(rows, ReadsArchive) or rows.take_snapshot():
                    yield
                    return
        raise Busy("The archive is being written to all the time.", hint="Try again when less is written.")
    finally:
        rows.close()
