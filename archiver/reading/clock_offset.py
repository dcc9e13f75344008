"""The present by the server's clock, as far as the last connection showed it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from archiver.model.clock_offset import TOLERATED
from archiver.store.account import find_clock
from archiver.store.database import Connection, Database, read


async def find_ahead(conn: Connection) -> float | None:
    """Seconds by which this machine's clock was ahead of the server's at the last connection, None: not known."""
    found = await read(conn, find_clock)
    return found[0] if found else None


async def read_present(conn: Connection) -> datetime:
    """Now, in UTC; of a clock that is known to be wrong, corrected: dates of messages are of the server's."""
    ahead = await find_ahead(conn) or 0.0
    return datetime.now(UTC) - timedelta(seconds=ahead if abs(ahead) > TOLERATED else 0)


async def read_present_at(directory: Path) -> datetime:
    """The same of the archive in this directory, where there is one that says it."""
    if not await Database.is_current(directory):
        return datetime.now(UTC)
    async with await Database.open_readonly(directory) as database:
        return await read_present(database.connection)
