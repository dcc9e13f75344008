"""Table `outbox`: what the index does not know yet; one row a message, however often it changed.

Rows stand in the order of their last change: *place* `(seq, channel_id, message_id)`. What was sent is a stretch of
places; a message that changes meanwhile moves to a later place, so acknowledging the stretch leaves it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

import aiosqlite

from archiver.ledger import Place
from archiver.store.bulk import insert_many


class Waiting(NamedTuple):
    """What waits behind a place."""

    messages: int
    """How many; `peek` counts up to a limit."""
    since: int | None
    """When the first of them was noted, unix seconds."""


def enqueue(conn: sqlite3.Connection, channel_id: int, message_ids: Iterable[int], *, now: int) -> None:
    """Note that these messages are new or changed; the first note's time is the one that lag is measured from."""
    (seq,) = conn.execute("UPDATE indexing SET seq = seq + 1 RETURNING seq").fetchone()
    insert_many(
        conn,
        "INSERT INTO outbox (channel_id, message_id, enqueued_at, seq)",
        [(channel_id, message_id, now, seq) for message_id in message_ids],
        "ON CONFLICT (channel_id, message_id) DO UPDATE SET seq = excluded.seq",
    )


def list_places(conn: sqlite3.Connection, after: Place, upto: Place, limit: int) -> list[Place]:
    """The first places within (after, upto]."""
    rows = conn.execute(
        "SELECT seq, channel_id, message_id FROM outbox"
        " WHERE (seq, channel_id, message_id) > (?, ?, ?) AND (seq, channel_id, message_id) <= (?, ?, ?)"
        " ORDER BY seq, channel_id, message_id LIMIT ?",
        (*after, *upto, limit),
    )
    return [(row[0], row[1], row[2]) for row in rows]


def find_place(conn: sqlite3.Connection, channel_id: int, message_id: int) -> Place | None:
    """Where a message stands; None when it does not wait."""
    row = conn.execute(
        "SELECT seq FROM outbox WHERE channel_id = ? AND message_id = ?", (channel_id, message_id)
    ).fetchone()
    return (row[0], channel_id, message_id) if row else None


def acknowledge(conn: sqlite3.Connection, after: Place, upto: Place) -> None:
    """The index has what stands within (after, upto]."""
    within = "(seq, channel_id, message_id) > (?1, ?2, ?3) AND (seq, channel_id, message_id) <= (?4, ?5, ?6)"
    bounds = (*after, *upto)
    if conn.execute("SELECT 1 FROM index_aside LIMIT 1").fetchone():
        conn.execute(
            "DELETE FROM index_aside WHERE (channel_id, message_id) IN"
            f" (SELECT channel_id, message_id FROM outbox WHERE {within})",
            bounds,
        )
    conn.execute(f"DELETE FROM outbox WHERE {within}", bounds)


def peek(conn: sqlite3.Connection, after: Place, limit: int) -> Waiting:
    """What waits behind a place."""
    count, since = conn.execute(
        "SELECT count(*), min(enqueued_at) FROM (SELECT enqueued_at FROM outbox"
        " WHERE (seq, channel_id, message_id) > (?, ?, ?) ORDER BY seq, channel_id, message_id LIMIT ?)",
        (*after, limit),
    ).fetchone()
    return Waiting(count, since)


def has_waiting(conn: sqlite3.Connection) -> bool:
    """Whether anything waits."""
    return conn.execute("SELECT 1 FROM outbox LIMIT 1").fetchone() is not None


def count_waiting(conn: sqlite3.Connection) -> dict[int, int]:
    """How many messages of each channel wait."""
    return dict(conn.execute("SELECT channel_id, count(*) FROM outbox GROUP BY channel_id").fetchall())


def measure(conn: sqlite3.Connection) -> Waiting:
    """What waits in all."""
    return Waiting(*conn.execute("SELECT count(*), min(enqueued_at) FROM outbox").fetchone())


def list_waiting_ids(conn: sqlite3.Connection, channel_id: int, first: int, last: int) -> list[int]:
    """The message ids of a channel within [first, last] that wait."""
    rows = conn.execute(
        "SELECT message_id FROM outbox WHERE channel_id = ? AND message_id BETWEEN ? AND ?", (channel_id, first, last)
    )
    return [row[0] for row in rows]


async def count_outbox(conn: aiosqlite.Connection) -> int:
    """How many messages the index does not know yet, or not as they are now."""
    async with conn.execute("SELECT count(*) FROM outbox") as cursor:
        row = await cursor.fetchone()
    return int(row[0]) if row else 0
