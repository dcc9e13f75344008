"""Table `outbox`: what each node of the index does not know yet; one row a message, however often it changed.

A node's rows stand in the order of their last change, news before history (`ledger`): *place* `(seq, channel_id,
message_id)`. What was sent is a stretch of places; a message that changes meanwhile moves out of it, to a place that
was not taken yet, so acknowledging the stretch leaves it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

import aiosqlite

from archiver.model.ledger import LATER, Place
from archiver.store.bulk import insert_many
from archiver.store.database import Reader
from archiver.store.home import list_nodes_of


class Waiting(NamedTuple):
    """What waits behind a place."""

    messages: int
    """How many; `peek` counts up to a limit."""
    since: int | None
    """When the first of them was noted, unix seconds."""


def enqueue(
    conn: sqlite3.Connection, channel_id: int, message_ids: Iterable[int], *, now: int, later: bool = False
) -> None:
    """Note that these messages are new or changed; the first note's time is the one that lag is measured from.

    `later`: behind all news.
    """
    (seq,) = conn.execute("UPDATE indexing SET seq = seq + 1 RETURNING seq").fetchone()
    seq += LATER * later
    ids = list(message_ids)
    for node in list_nodes_of(conn, channel_id):
        insert_many(
            conn,
            "INSERT INTO outbox (channel_id, message_id, node, enqueued_at, seq)",
            [(channel_id, message_id, node, now, seq) for message_id in ids],
            "ON CONFLICT (channel_id, message_id, node) DO UPDATE SET seq = excluded.seq",
        )


def list_unassigned(conn: Reader, limit: int) -> list[int]:
    """The channels of the first messages that no node was chosen for."""
    rows = conn.execute(
        "SELECT DISTINCT channel_id FROM (SELECT channel_id FROM outbox INDEXED BY outbox_order WHERE node = ''"
        " ORDER BY seq, channel_id, message_id LIMIT ?)",
        (limit,),
    )
    return [row[0] for row in rows]


def assign_nodes(conn: sqlite3.Connection, limit: int) -> None:
    """Give the first messages that no node was chosen for to the nodes of their channels.

    With a place behind all others of their lane: what stands before was taken, and may be acknowledged at any moment.
    """
    (seq,) = conn.execute("UPDATE indexing SET seq = seq + 1 RETURNING seq").fetchone()
    first = (
        "SELECT seq, channel_id, message_id FROM outbox WHERE node = '' ORDER BY seq, channel_id, message_id LIMIT ?"
    )
    end = conn.execute(f"SELECT * FROM ({first}) ORDER BY 1 DESC, 2 DESC, 3 DESC LIMIT 1", (limit,)).fetchone()
    if end is None:
        return
    taken = "outbox.node = '' AND (seq, channel_id, message_id) <= (?2, ?3, ?4)"
    conn.execute(
        "INSERT OR REPLACE INTO outbox (channel_id, message_id, node, enqueued_at, seq)"
        f" SELECT channel_id, message_id, index_home.node, enqueued_at, ?1 + {LATER} * (seq >= {LATER})"
        f" FROM outbox JOIN index_home USING (channel_id) WHERE {taken} AND phase <> 'leaving'",
        (seq, *end),
    )
    conn.execute(f"DELETE FROM outbox WHERE {taken.replace('?2, ?3, ?4', '?1, ?2, ?3')}", end)


def list_places(conn: Reader, node: str, after: Place, upto: Place, limit: int) -> list[Place]:
    """The first places within (after, upto]."""
    rows = conn.execute(
        "SELECT seq, channel_id, message_id FROM outbox"
        " WHERE node = ? AND (seq, channel_id, message_id) > (?, ?, ?) AND (seq, channel_id, message_id) <= (?, ?, ?)"
        " ORDER BY seq, channel_id, message_id LIMIT ?",
        (node, *after, *upto, limit),
    )
    return [(row[0], row[1], row[2]) for row in rows]


def find_place(conn: Reader, node: str, channel_id: int, message_id: int) -> Place | None:
    """Where a message stands; None when it does not wait."""
    row = conn.execute(
        "SELECT seq FROM outbox WHERE channel_id = ? AND message_id = ? AND node = ?", (channel_id, message_id, node)
    ).fetchone()
    return (row[0], channel_id, message_id) if row else None


def acknowledge(conn: sqlite3.Connection, node: str, after: Place, upto: Place) -> None:
    """A node has what stands within (after, upto]."""
    within = (
        "node = ?7 AND (seq, channel_id, message_id) > (?1, ?2, ?3) AND (seq, channel_id, message_id) <= (?4, ?5, ?6)"
    )
    bounds = (*after, *upto, node)
    if conn.execute("SELECT 1 FROM index_aside WHERE node = ? LIMIT 1", (node,)).fetchone():
        conn.execute(
            "DELETE FROM index_aside WHERE node = ?7 AND (channel_id, message_id) IN"
            f" (SELECT channel_id, message_id FROM outbox WHERE {within})",
            bounds,
        )
    conn.execute(f"DELETE FROM outbox WHERE {within}", bounds)


def drop_covered(conn: sqlite3.Connection, node: str, covered: int) -> None:
    """A rebuild has brought what waited of the history up to this sequence."""
    conn.execute("DELETE FROM outbox WHERE node = ? AND seq BETWEEN ? AND ?", (node, LATER, covered))


def peek(conn: Reader, node: str, after: Place, upto: Place, limit: int) -> Waiting:
    """What waits for a node within (after, upto]."""
    count, since = conn.execute(
        "SELECT count(*), min(enqueued_at) FROM (SELECT enqueued_at FROM outbox"
        " WHERE node = ? AND (seq, channel_id, message_id) > (?, ?, ?) AND (seq, channel_id, message_id) <= (?, ?, ?)"
        " ORDER BY seq, channel_id, message_id LIMIT ?)",
        (node, *after, *upto, limit),
    ).fetchone()
    return Waiting(count, since)


def has_waiting(conn: Reader, node: str) -> bool:
    """Whether anything waits for a node, '' for what no node was chosen for."""
    return conn.execute("SELECT 1 FROM outbox WHERE node = ? LIMIT 1", (node,)).fetchone() is not None


def count_waiting(conn: Reader, node: str, *, covered: int = 0) -> dict[int, int]:
    """How many messages of each channel wait for a node, or for a node to be chosen, and are not `drop_covered`."""
    rows = conn.execute(
        "SELECT channel_id, count(*) FROM outbox WHERE node IN (?, '') AND seq NOT BETWEEN ? AND ? GROUP BY channel_id",
        (node, LATER, covered),
    )
    return dict(rows.fetchall())


def measure(conn: Reader, node: str) -> Waiting:
    """What waits for a node in all."""
    return Waiting(
        *conn.execute("SELECT count(*), min(enqueued_at) FROM outbox WHERE node = ?", (node,)).fetchone(),
    )


def measure_all(conn: Reader) -> Waiting:
    """What waits for any node."""
    return Waiting(*conn.execute("SELECT count(*), min(enqueued_at) FROM outbox").fetchone())


def list_waiting_ids(conn: Reader, node: str, channel_id: int, first: int, last: int) -> list[int]:
    """The message ids of a channel within [first, last] that wait for a node, or for one to be chosen."""
    rows = conn.execute(
        "SELECT message_id FROM outbox WHERE channel_id = ? AND message_id BETWEEN ? AND ? AND node IN (?, '')",
        (channel_id, first, last, node),
    )
    return [row[0] for row in rows]


async def count_outbox(conn: aiosqlite.Connection) -> int:
    """How many messages the index does not know yet, or not as they are now."""
    async with conn.execute("SELECT count(*) FROM outbox") as cursor:
        row = await cursor.fetchone()
    return int(row[0]) if row else 0
