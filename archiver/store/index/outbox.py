"""Table `outbox`: the messages that each index node does not have yet; one row per message, however often it changed.

A node's rows are ordered by their last change, news before history (`ledger`): *place* `(seq, channel_id, message_id)`.
A batch covers a range of places. A message that changes meanwhile moves to a new place outside that range, so
acknowledging the range leaves it in the outbox.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from archiver.ids import ChannelId, MessageId
from archiver.model.ledger import LATER, Place
from archiver.store.database import Reader
from archiver.store.index.index_home import list_nodes_of


class Waiting(NamedTuple):
    """Messages waiting to be sent."""

    messages: int
    """Their number; `peek` counts up to a limit."""
    since: int | None
    """When the first of them was enqueued, unix seconds."""


def enqueue(
    conn: sqlite3.Connection, channel_id: ChannelId, message_ids: Iterable[int], *, now: int, later: bool = False
) -> None:
    """Enqueue new or changed messages; one already waiting keeps its `enqueued_at`, from which lag is measured.

    `later`: queue them after all news.
    """
    (seq,) = conn.execute("UPDATE indexing SET seq = seq + 1 RETURNING seq").fetchone()
    seq += LATER * later
    ids = json.dumps(list(message_ids))
    for node in list_nodes_of(conn, channel_id):
        conn.execute(
            "INSERT INTO outbox (channel_id, message_id, node, enqueued_at, seq)"
            " SELECT ?, value, ?, ?, ? FROM json_each(?) WHERE true"  # WHERE: else ON would belong to a join
            " ON CONFLICT (channel_id, message_id, node) DO UPDATE SET seq = excluded.seq",
            (channel_id, node, now, seq, ids),
        )


def list_unassigned(conn: Reader, limit: int) -> list[ChannelId]:
    """The channels of the first `limit` messages without a node."""
    rows = conn.execute(
        "SELECT DISTINCT channel_id FROM (SELECT channel_id FROM outbox INDEXED BY outbox_order WHERE node = ''"
        " ORDER BY seq, channel_id, message_id LIMIT ?)",
        (limit,),
    )
    return [row[0] for row in rows]


def assign_nodes(conn: sqlite3.Connection, limit: int) -> None:
    """Move the first `limit` messages without a node to the nodes of their channels.

    They get a place after all others of their lane: earlier places may be under way and acknowledged at any moment.
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
    """The first `limit` places within (after, upto]."""
    rows = conn.execute(
        "SELECT seq, channel_id, message_id FROM outbox"
        " WHERE node = ? AND (seq, channel_id, message_id) > (?, ?, ?) AND (seq, channel_id, message_id) <= (?, ?, ?)"
        " ORDER BY seq, channel_id, message_id LIMIT ?",
        (node, *after, *upto, limit),
    )
    return [(row[0], row[1], row[2]) for row in rows]


def find_place(conn: Reader, node: str, channel_id: ChannelId, message_id: MessageId) -> Place | None:
    """The place of a message; None if it is not waiting."""
    row = conn.execute(
        "SELECT seq FROM outbox WHERE channel_id = ? AND message_id = ? AND node = ?", (channel_id, message_id, node)
    ).fetchone()
    return (row[0], channel_id, message_id) if row else None


def acknowledge(conn: sqlite3.Connection, node: str, after: Place, upto: Place) -> None:
    """Remove what a node now has, the places within (after, upto]."""
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
    """Remove the history up to this sequence, which a rebuild has sent."""
    conn.execute("DELETE FROM outbox WHERE node = ? AND seq BETWEEN ? AND ?", (node, LATER, covered))


def peek(conn: Reader, node: str, after: Place, upto: Place, limit: int) -> Waiting:
    """The messages waiting for a node within (after, upto], counted up to `limit`."""
    count, since = conn.execute(
        "SELECT count(*), min(enqueued_at) FROM (SELECT enqueued_at FROM outbox"
        " WHERE node = ? AND (seq, channel_id, message_id) > (?, ?, ?) AND (seq, channel_id, message_id) <= (?, ?, ?)"
        " ORDER BY seq, channel_id, message_id LIMIT ?)",
        (node, *after, *upto, limit),
    ).fetchone()
    return Waiting(count, since)


def has_waiting(conn: Reader, node: str) -> bool:
    """Whether messages wait for a node; '' means none assigned yet."""
    return conn.execute("SELECT 1 FROM outbox WHERE node = ? LIMIT 1", (node,)).fetchone() is not None


def count_waiting(conn: Reader, node: str, *, covered: int = 0) -> dict[ChannelId, int]:
    """Count by channel the messages waiting for a node or to be assigned one, except history up to `covered`."""
    rows = conn.execute(
        "SELECT channel_id, count(*) FROM outbox WHERE node IN (?, '') AND seq NOT BETWEEN ? AND ? GROUP BY channel_id",
        (node, LATER, covered),
    )
    return dict(rows.fetchall())


def measure(conn: Reader, node: str) -> Waiting:
    """All messages waiting for a node."""
    return Waiting(
        *conn.execute("SELECT count(*), min(enqueued_at) FROM outbox WHERE node = ?", (node,)).fetchone(),
    )


def measure_all(conn: Reader) -> Waiting:
    """The messages waiting for any node."""
    return Waiting(*conn.execute("SELECT count(*), min(enqueued_at) FROM outbox").fetchone())


def list_waiting_ids(conn: Reader, node: str, channel_id: ChannelId, first: int, last: int) -> list[int]:
    """The ids of a channel within [first, last] that wait for a node or to be assigned one."""
    rows = conn.execute(
        "SELECT message_id FROM outbox WHERE channel_id = ? AND message_id BETWEEN ? AND ? AND node IN (?, '')",
        (channel_id, first, last, node),
    )
    return [row[0] for row in rows]
