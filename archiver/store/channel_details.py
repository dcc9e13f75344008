"""What `telekeep status` and its like say of a channel besides `Mirrored`: why it is set aside, and counts. Reading."""

from __future__ import annotations

from typing import NamedTuple

import aiosqlite

from archiver.store.review import SURPLUS


class ChannelStatus(NamedTuple):
    """More of the table `channel`. Times are unix seconds."""

    state_since: int | None
    last_error: str | None
    """Why it was set aside."""
    server_count_at: int | None
    about: str | None
    participants: int | None


async def list_statuses(conn: aiosqlite.Connection) -> dict[int, ChannelStatus]:
    """By channel_id, removed channels included."""
    query = f"SELECT channel_id, {', '.join(ChannelStatus._fields)} FROM channel"
    async with conn.execute(query) as cursor:
        return {row[0]: ChannelStatus._make(row[1:]) async for row in cursor}


async def find_surplus(conn: aiosqlite.Connection, channel_id: int) -> int | None:
    """How many more messages the server counts than are held and present; None when that cannot be compared."""
    async with conn.execute(SURPLUS, (channel_id,)) as cursor:
        row = await cursor.fetchone()
    return int(row[0]) if row else None


async def count_stubs(
    conn: aiosqlite.Connection, channel_id: int, *, since: int | None = None, until: int | None = None
) -> int:
    """How many kept messages of the channel no version so far could read.

    With bounds (unix seconds): those that may belong to [since, until). The date of one is a guess, 1970 none at all.
    """
    query = (
        "SELECT count(*) FROM message WHERE channel_id = ? AND kind = 'stub'"
        " AND (date = 0 OR date >= coalesce(?, date) AND date < coalesce(?, date + 1))"
    )
    async with conn.execute(query, (channel_id, since, until)) as cursor:
        row = await cursor.fetchone()
    return int(row[0]) if row else 0
