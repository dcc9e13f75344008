"""Table `index_aside`: messages that a node's server rejects."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from archiver.ids import ChannelId, MessageId
from archiver.model.ledger import Place
from archiver.store.database import Reader


class RejectedMessage(NamedTuple):
    """A message that the server rejects."""

    channel_id: ChannelId
    message_id: MessageId
    code: str
    """The server's error code."""


def mark_rejected(
    conn: sqlite3.Connection, node: str, channel_id: ChannelId, message_id: MessageId, *, code: str, now: int
) -> None:
    """Record a message that the server rejects, with its error code."""
    conn.execute("INSERT OR REPLACE INTO index_aside VALUES (?, ?, ?, ?, ?)", (node, channel_id, message_id, now, code))


def clear_rejected(conn: sqlite3.Connection, node: str, after: Place, upto: Place) -> None:
    """Clear the rejections within (after, upto], which a walk has sent."""
    conn.execute(
        "DELETE FROM index_aside WHERE node = ?"
        " AND (channel_id, message_id) > (?, ?) AND (channel_id, message_id) <= (?, ?)",
        (node, *after[1:], *upto[1:]),
    )


def count_rejected(conn: Reader, node: str) -> dict[ChannelId, int]:
    """Count the messages rejected by a node, by channel."""
    rows = conn.execute("SELECT channel_id, count(*) FROM index_aside WHERE node = ? GROUP BY channel_id", (node,))
    return dict(rows.fetchall())


def list_rejected(conn: Reader, node: str) -> list[RejectedMessage]:
    """The messages rejected by a node, by id."""
    rows = conn.execute(
        "SELECT channel_id, message_id, code FROM index_aside WHERE node = ? ORDER BY channel_id, message_id", (node,)
    )
    return [RejectedMessage._make(row) for row in rows]


def list_rejected_ids(conn: Reader, node: str, channel_id: ChannelId, first: int, last: int) -> list[int]:
    """The ids of a channel within [first, last] that a node rejected."""
    rows = conn.execute(
        "SELECT message_id FROM index_aside WHERE node = ? AND channel_id = ? AND message_id BETWEEN ? AND ?",
        (node, channel_id, first, last),
    )
    return [row[0] for row in rows]


def clear_all_rejected(conn: sqlite3.Connection, node: str) -> list[tuple[ChannelId, MessageId]]:
    """Clear all rejections by a node; return their (channel_id, message_id)."""
    rows = conn.execute("DELETE FROM index_aside WHERE node = ? RETURNING channel_id, message_id", (node,)).fetchall()
    return [(row[0], row[1]) for row in rows]
