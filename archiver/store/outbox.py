"""Table `outbox`: what the index does not know yet; one row a message, however often it changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import aiosqlite

from archiver.store.bulk import insert_many


def enqueue(conn: sqlite3.Connection, channel_id: int, message_ids: Iterable[int], *, now: int) -> None:
    """Note that these messages are new or changed; the first note's time is the one that lag is measured from."""
    insert_many(
        conn,
        "INSERT INTO outbox (channel_id, message_id, enqueued_at)",
        [(channel_id, message_id, now) for message_id in message_ids],
        "ON CONFLICT DO NOTHING",
    )


async def count_outbox(conn: aiosqlite.Connection) -> int:
    """How many messages the index does not know yet."""
    async with conn.execute("SELECT count(*) FROM outbox") as cursor:
        row = await cursor.fetchone()
    return int(row[0]) if row else 0
