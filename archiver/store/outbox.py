"""Table `outbox`: what the index does not know yet; one row a message, however often it changed."""

from __future__ import annotations

from collections.abc import Iterable

import aiosqlite


async def enqueue(conn: aiosqlite.Connection, channel_id: int, message_ids: Iterable[int], *, now: int) -> None:
    """Note that these messages are new or changed; the first note's time is the one that lag is measured from."""
    await conn.executemany(
        "INSERT INTO outbox (channel_id, message_id, enqueued_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [(channel_id, message_id, now) for message_id in message_ids],
    )


async def count_outbox(conn: aiosqlite.Connection) -> int:
    """How many messages the index does not know yet."""
    async with conn.execute("SELECT count(*) FROM outbox") as cursor:
        row = await cursor.fetchone()
    return int(row[0]) if row else 0
