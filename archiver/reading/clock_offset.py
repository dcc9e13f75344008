"""The current time by the server's clock, as far as the last connection showed it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from archiver.model.clock_offset import TOLERATED
from archiver.store.accounts.account import find_clock
from archiver.store.database import Connection, Database, read


async def find_clock_ahead(conn: Connection) -> float | None:
    """Find by how many seconds this machine's clock was ahead of the server's at the last connection."""
    found = await read(conn, find_clock)
    return found[0] if found else None


async def read_server_now(conn: Connection) -> datetime:
    """Return the current time in UTC, corrected if this clock is known to be wrong: message dates are the server's."""
    ahead = await find_clock_ahead(conn) or 0.0
    return datetime.now(UTC) - timedelta(seconds=ahead if abs(ahead) > TOLERATED else 0)


async def read_server_now_at(directory: Path) -> datetime:
    """Return the same by the archive in this directory, if there is one."""
    if not await Database.is_current(directory):
        return datetime.now(UTC)
    async with await Database.open_readonly(directory) as database:
        return await read_server_now(database.connection)
