"""Table `index_node`: the state of the index on each node, and of its rebuild."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Literal, NamedTuple, TypeAlias

from archiver.model.ledger import LATER
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


_STATUS = (
    "SELECT state, reason, since, success_at, rebuild, mark, asked_at, covered FROM index_node"
    " WHERE node = ?1 AND (?2 IS NULL OR index_name IS NULL OR index_name = ?2)"
)
_UNUSED = NodeStatus("unused", None, None, None, None, None, None, 0)


def get_node_status(conn: Reader, node: str, index: str | None = None) -> NodeStatus:
    """The state of this index on a node, None: of the one that was last filled; `unused` if it is unknown."""
    row = conn.execute(_STATUS, (node, index)).fetchone()
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


def note_task(conn: sqlite3.Connection, node: str, uid: int) -> bool:
    """Record a task number; return whether it is not higher than the last, as with an older copy of the server."""
    last = conn.execute("SELECT last_task FROM index_node WHERE node = ?", (node,)).fetchone()
    conn.execute(
        "INSERT INTO index_node (node, last_task) VALUES (?1, ?2) ON CONFLICT (node) DO UPDATE SET last_task = ?2",
        (node, uid),
    )
    return last is not None and last[0] is not None and uid <= last[0]
