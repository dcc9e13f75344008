"""Table `index_walk`: channels that are sent to an index from the archive instead of the outbox."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from archiver.ids import ChannelId
from archiver.model.ledger import Place, Stretch
from archiver.store.database import Reader


def start_walk(
    conn: sqlite3.Connection, node: str, index: str, channel_ids: Iterable[ChannelId], *, lacks: bool = True
) -> None:
    """Queue all messages of these channels for an index; `lacks`: the index cannot answer for them meanwhile."""
    conn.executemany(
        "INSERT INTO index_walk (node, index_name, channel_id, lacks) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (node, index_name, channel_id) DO UPDATE SET after_id = 0, lacks = max(lacks, excluded.lacks)",
        [(node, index, channel_id, lacks) for channel_id in channel_ids],
    )


def end_walks(conn: sqlite3.Connection, node: str, index: str) -> None:
    """Cancel all walks for an index."""
    conn.execute("DELETE FROM index_task WHERE node = ? AND walk_of = ?", (node, index))
    conn.execute("DELETE FROM index_walk WHERE node = ? AND index_name = ?", (node, index))


def advance_walk(conn: sqlite3.Connection, node: str, index: str, done: Place) -> None:
    """Record that a walk is done up to a place."""
    _, channel_id, message_id = done
    conn.execute(
        "DELETE FROM index_walk WHERE node = ? AND index_name = ? AND channel_id < ?", (node, index, channel_id)
    )
    conn.execute(
        "UPDATE index_walk SET after_id = max(after_id, ?) WHERE node = ? AND index_name = ? AND channel_id = ?",
        (message_id, node, index, channel_id),
    )


def is_walking(conn: Reader, node: str, index: str) -> bool:
    """Whether a walk for an index is unfinished."""
    found = conn.execute("SELECT 1 FROM index_walk WHERE node = ? AND index_name = ? LIMIT 1", (node, index)).fetchone()
    return found is not None


def list_walked(conn: Reader, node: str, index: str) -> set[ChannelId]:
    """The channels with an unfinished walk for an index."""
    rows = conn.execute("SELECT channel_id FROM index_walk WHERE node = ? AND index_name = ?", (node, index))
    return {row[0] for row in rows}


def list_walk_places(conn: Reader, node: str, stretch: Stretch, after: Place, limit: int) -> list[Place]:
    """The first `limit` places of a stretch of a walk after `after`."""
    upto, index = stretch.upto, stretch.walk_of
    low, high = (after[1], after[2]), (upto[1], upto[2]) if upto[0] == 0 else (2**62, 0)
    walks: Sequence[tuple[int, int]] = conn.execute(
        "SELECT channel_id, after_id FROM index_walk WHERE node = ? AND index_name = ? AND channel_id BETWEEN ? AND ?"
        " ORDER BY channel_id",
        (node, index, low[0], high[0]),
    ).fetchall()
    places: list[Place] = []
    for channel_id, after_id in walks:
        first = max(after_id, low[1] if channel_id == low[0] else 0)
        last = high[1] if channel_id == high[0] else 2**62
        rows = conn.execute(
            "SELECT message_id FROM message WHERE channel_id = ? AND message_id > ? AND message_id <= ?"
            " ORDER BY message_id LIMIT ?",
            (channel_id, first, last, limit - len(places)),
        )
        places += [(0, channel_id, row[0]) for row in rows]
        if len(places) >= limit:
            break
    return places


def count_walk(conn: Reader, node: str, index: str) -> int:
    """Count the messages that walks still have to send to an index."""
    (count,) = conn.execute(
        "SELECT count(*) FROM index_walk AS walk JOIN message USING (channel_id)"
        " WHERE node = ? AND index_name = ? AND message_id > after_id",
        (node, index),
    ).fetchone()
    return int(count)
