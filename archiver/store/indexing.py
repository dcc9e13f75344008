"""Tables `index_node`, `index_task`, `index_walk`, `index_aside`: each node's index, across restarts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, TypeAlias

from archiver.ids import ChannelId, MessageId
from archiver.model.ledger import LATER, Batch, Place, Stretch
from archiver.store.database import Reader

NodeState: TypeAlias = Literal["unused", "following", "unreachable", "busy", "full", "refused", "stale", "failing"]
"""unused: nothing was ever sent; following: all is well; otherwise what blocks it."""
Rebuild: TypeAlias = Literal["wanted", "walking", "swapping", "dropping"]
"""The stages of a rebuild: requested, filling the new index, swapping the two, deleting the old one."""


class NodeStatus(NamedTuple):
    """The state of the index on a node. Times are unix seconds."""

    state: NodeState
    reason: str | None
    since: int | None
    success_at: int | None
    rebuild: Rebuild | None
    mark: str | None
    asked_at: int | None
    covered: int
    """The last sequence of the outbox's history that the rebuild sends by itself; 0: none."""


_STANDING = (
    "SELECT state, reason, since, success_at, rebuild, mark, asked_at, covered FROM index_node"
    " WHERE node = ?1 AND (?2 IS NULL OR index_name IS NULL OR index_name = ?2)"
)
_UNUSED = NodeStatus("unused", None, None, None, None, None, None, 0)


def get_node_status(conn: Reader, node: str, index: str | None = None) -> NodeStatus:
    """The state of this index on a node, None: of the one that was last filled; `unused` if it is unknown."""
    row = conn.execute(_STANDING, (node, index)).fetchone()
    return NodeStatus._make(row) if row else _UNUSED


def set_state(conn: sqlite3.Connection, node: str, state: NodeState, *, now: int, reason: str | None = None) -> None:
    """Set the state of the index on a node; `since` moves only with the state."""
    conn.execute(
        "INSERT INTO index_node (node, state, since, reason) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (node) DO UPDATE"
        " SET since = CASE WHEN state = ?2 THEN since ELSE ?3 END, state = ?2, reason = ?4",
        (node, state, now, reason),
    )


def note_success(conn: sqlite3.Connection, node: str, *, now: int) -> None:
    """Record that the index accepted documents, or lacks none."""
    set_state(conn, node, "following", now=now)
    conn.execute("UPDATE index_node SET success_at = ? WHERE node = ?", (now, node))


def set_rebuild(conn: sqlite3.Connection, node: str, rebuild: Rebuild | None, *, mark: str | None = None) -> None:
    """Set the stage of a rebuild, None when it is done. The new index's mark stays unless given."""
    conn.execute(
        "UPDATE index_node SET rebuild = ?, mark = coalesce(?, mark) WHERE node = ?",
        (rebuild, mark, node),
    )


def set_covered(conn: sqlite3.Connection, node: str) -> None:
    """Mark the history now waiting as covered by the rebuild that starts now."""
    conn.execute("UPDATE index_node SET covered = ? + (SELECT seq FROM indexing) WHERE node = ?", (LATER, node))


def ask_rebuild(conn: sqlite3.Connection, nodes: Iterable[str], *, now: int) -> None:
    """Request a rebuild of the index on these nodes; one under way continues."""
    conn.executemany(
        "INSERT INTO index_node (node, rebuild, asked_at) VALUES (?1, 'wanted', ?2) ON CONFLICT (node) DO UPDATE"
        " SET rebuild = 'wanted', asked_at = ?2 WHERE rebuild IS NULL",
        [(node, now) for node in nodes],
    )


# --- tasks of the server


def put_tasks(conn: sqlite3.Connection, node: str, batch: Batch) -> None:
    """Store the tasks of a batch."""
    bounds = (*batch.stretch.after, *batch.stretch.upto)
    conn.executemany(
        "INSERT INTO index_task VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(batch.name, node, index, uid, batch.stretch.walk_of, *bounds) for index, uid in batch.tasks.items()],
    )


def drop_tasks(conn: sqlite3.Connection, batch: str) -> None:
    """Delete the tasks of a batch: they are done, or lost."""
    conn.execute("DELETE FROM index_task WHERE batch = ?", (batch,))


def list_batches(conn: Reader, node: str) -> list[Batch]:
    """The batches that were under way to a node when the last process ended."""
    found: dict[str, Batch] = {}
    for name, _, index, uid, walk_of, *bounds in conn.execute(
        "SELECT * FROM index_task WHERE node = ? ORDER BY task_uid", (node,)
    ):
        stretch = Stretch((bounds[0], bounds[1], bounds[2]), (bounds[3], bounds[4], bounds[5]), walk_of=walk_of)
        found.setdefault(name, Batch(name, stretch, count=0)).tasks[index] = uid
    return list(found.values())


# --- walks


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


def note_task(conn: sqlite3.Connection, node: str, uid: int) -> bool:
    """Record a task number; return whether it is not higher than the last, as with an older copy of the server."""
    last = conn.execute("SELECT last_task FROM index_node WHERE node = ?", (node,)).fetchone()
    conn.execute(
        "INSERT INTO index_node (node, last_task) VALUES (?1, ?2) ON CONFLICT (node) DO UPDATE SET last_task = ?2",
        (node, uid),
    )
    return last is not None and last[0] is not None and uid <= last[0]


# --- rejected messages


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


def count_held(conn: Reader, node: str | None = None) -> dict[ChannelId, int]:
    """Count the held messages by channel, missing ones included, for the channels of a node; None: for all."""
    rows = conn.execute(
        "SELECT channel_id, (SELECT count(*) FROM message WHERE message.channel_id = channel.channel_id) FROM channel"
        " WHERE ?1 IS NULL OR channel_id IN"
        " (SELECT channel_id FROM index_home WHERE node = ?1 AND phase <> 'leaving')",
        (node,),
    )
    return dict(rows.fetchall())


def find_top(conn: Reader, channel_id: ChannelId) -> int:
    """The highest id held of a channel; 0 for none."""
    (top,) = conn.execute("SELECT max(message_id) FROM message WHERE channel_id = ?", (channel_id,)).fetchone()
    return int(top or 0)


def list_ids(conn: Reader, channel_id: ChannelId, first: int, last: int) -> list[int]:
    """The ids held of a channel within [first, last], ascending."""
    rows = conn.execute(
        "SELECT message_id FROM message WHERE channel_id = ? AND message_id BETWEEN ? AND ? ORDER BY message_id",
        (channel_id, first, last),
    )
    return [row[0] for row in rows]


def count_lag(conn: Reader, nodes: Sequence[str], index: str) -> int:
    """Count the messages that a search of these nodes is known to miss or to find in an earlier state."""
    signs = ", ".join("?" * len(nodes))
    row = conn.execute(
        "SELECT (SELECT count(*) FROM outbox WHERE node = '')"
        " + (SELECT count(*) FROM outbox JOIN index_home USING (channel_id, node) WHERE serves)"
        " + (SELECT count(*) FROM index_aside JOIN index_home USING (channel_id, node) WHERE serves)"
        " + (SELECT count(*) FROM index_walk JOIN index_home USING (channel_id, node) JOIN message USING (channel_id)"
        " WHERE index_name = ? AND lacks AND serves AND message_id > after_id)"
        " + (SELECT count(*) FROM index_home JOIN message USING (channel_id)"
        f" WHERE serves AND (phase = 'wanted' OR node NOT IN ('', {signs})"
        " OR node IN (SELECT node FROM index_node WHERE index_name <> ?)))",
        (index, *nodes, index),
    ).fetchone()
    return int(row[0]) if row else 0
