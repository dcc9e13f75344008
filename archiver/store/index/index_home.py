"""Table `index_home`: which nodes have a channel's documents; and changes to the set of nodes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence

from archiver.ids import ChannelId
from archiver.model.placement import Placement
from archiver.store.database import Reader

_TABLES = ("outbox", "index_walk", "index_aside")


def list_placements(
    conn: sqlite3.Connection, channel_ids: Iterable[ChannelId] | None = None
) -> dict[ChannelId, list[Placement]]:
    """The placements by channel, of these channels or all."""
    found: dict[ChannelId, list[Placement]] = {}
    if channel_ids is None:
        rows = conn.execute("SELECT channel_id, node, phase, serves FROM index_home").fetchall()
    else:
        sql = "SELECT channel_id, node, phase, serves FROM index_home WHERE channel_id = ?"
        rows = [row for one in channel_ids for row in conn.execute(sql, (one,))]
    for channel_id, node, phase, serves in rows:
        found.setdefault(channel_id, []).append(Placement(channel_id, node, phase, bool(serves)))
    return found


def list_channels_at(conn: Reader, node: str, *phases: str) -> list[ChannelId]:
    """The channels with a placement on a node in one of these phases."""
    signs = ", ".join("?" * len(phases))
    rows = conn.execute(
        f"SELECT channel_id FROM index_home WHERE node = ? AND phase IN ({signs}) ORDER BY channel_id", (node, *phases)
    )
    return [row[0] for row in rows]


def list_renamed(conn: Reader, node: str) -> list[ChannelId]:
    """The channels whose documents on a node still have an earlier channel name."""
    rows = conn.execute(
        "SELECT channel_id FROM index_home WHERE node = ? AND renamed AND phase = 'held' ORDER BY channel_id", (node,)
    )
    return [row[0] for row in rows]


def list_leaving(conn: Reader, node: str, *, before: int) -> list[ChannelId]:
    """The channels to delete from a node, which have been leaving since `before` or earlier."""
    rows = conn.execute(
        "SELECT channel_id FROM index_home WHERE node = ? AND phase = 'leaving' AND since <= ? ORDER BY channel_id",
        (node, before),
    )
    return [row[0] for row in rows]


def is_moving(conn: Reader, node: str) -> bool:
    """Whether any channel of a node is arriving, leaving, or indexed under an earlier name."""
    sql = "SELECT 1 FROM index_home WHERE node = ? AND (phase <> 'held' OR renamed) LIMIT 1"
    return conn.execute(sql, (node,)).fetchone() is not None


def find_serving(conn: Reader, channel_ids: Iterable[ChannelId]) -> set[str] | None:
    """The nodes that serve these channels; None if any channel has none."""
    found = set()
    for channel_id in channel_ids:
        sql = "SELECT node FROM index_home WHERE channel_id = ? AND serves"
        row = conn.execute(sql, (channel_id,)).fetchone()
        if row is None or not row[0]:
            return None
        found.add(str(row[0]))
    return found


def list_hidden(conn: Reader, node: str) -> list[ChannelId]:
    """The channels that a node may have documents of but does not serve."""
    sql = "SELECT channel_id FROM index_home WHERE node = ? AND NOT serves ORDER BY channel_id"
    cursor = conn.execute(sql, (node,))
    return [row[0] for row in cursor]


def put_placements(conn: sqlite3.Connection, placements: Iterable[Placement], *, now: int) -> None:
    """Store placements; for those being left, drop what waits to be sent."""
    for placement in placements:
        conn.execute(
            "INSERT INTO index_home (channel_id, node, phase, serves, since) VALUES (?1, ?2, ?3, ?4, ?5)"
            " ON CONFLICT (channel_id, node) DO UPDATE SET serves = ?4, phase = ?3,"
            " since = CASE WHEN phase = ?3 THEN since ELSE ?5 END",
            (*placement, now),
        )
        if placement.phase == "leaving":
            for table in _TABLES:
                conn.execute(
                    f"DELETE FROM {table} WHERE channel_id = ? AND node = ?", (placement.channel_id, placement.node)
                )


def put_leaving(conn: sqlite3.Connection, node: str) -> None:
    """Mark all channels served by other nodes as leaving this one: it may have documents of any channel again."""
    conn.execute(
        "INSERT OR IGNORE INTO index_home (channel_id, node, phase, serves, since)"
        " SELECT channel_id, ?1, 'leaving', 0, 0 FROM index_home WHERE serves AND node NOT IN ('', ?1)",
        (node,),
    )


def set_phase(conn: sqlite3.Connection, node: str, channel_ids: Iterable[ChannelId], phase: str, *, now: int) -> None:
    """Set the phase of these channels' placements on a node."""
    conn.executemany(
        "UPDATE index_home SET phase = ?1, since = ?2 WHERE channel_id = ?3 AND node = ?4",
        [(phase, now, channel_id, node) for channel_id in channel_ids],
    )


def set_current(conn: sqlite3.Connection, node: str, channel_ids: Iterable[ChannelId]) -> None:
    """Record that these channels are being sent to a node under their current names."""
    conn.executemany(
        "UPDATE index_home SET renamed = 0 WHERE channel_id = ? AND node = ?",
        [(channel_id, node) for channel_id in channel_ids],
    )


def mark_renamed(conn: sqlite3.Connection, channel_id: ChannelId) -> None:
    """Record that the channel has a new name."""
    conn.execute("UPDATE index_home SET renamed = 1 WHERE channel_id = ?", (channel_id,))


def drop_placements(conn: sqlite3.Connection, node: str, channel_ids: Iterable[ChannelId]) -> None:
    """Delete these channels' placements on a node, unless they are no longer leaving."""
    conn.executemany(
        "DELETE FROM index_home WHERE channel_id = ? AND node = ? AND phase = 'leaving'",
        [(channel_id, node) for channel_id in channel_ids],
    )


def list_nodes_of(conn: sqlite3.Connection, channel_id: ChannelId) -> list[str]:
    """The nodes to send a channel's changes to; [''] while none is assigned."""
    rows = conn.execute("SELECT node FROM index_home WHERE channel_id = ? AND phase <> 'leaving'", (channel_id,))
    return [row[0] for row in rows] or [""]


# --- nodes


def adopt(conn: sqlite3.Connection, nodes: Sequence[str]) -> None:
    """Assign rows from before nodes had names to the first node; rename the only node if its address changed."""
    _rename(conn, "", nodes[0], ("index_node", "index_home", "index_walk", "index_aside"))
    known = [row[0] for row in conn.execute("SELECT DISTINCT node FROM index_home")]
    if len(nodes) == len(known) == 1 and known != nodes:
        _rename(conn, known[0], nodes[0], ("index_node", "index_home", "index_task", *_TABLES))


def _rename(conn: sqlite3.Connection, before: str, node: str, tables: Iterable[str]) -> None:
    for table in tables:
        conn.execute(f"UPDATE OR IGNORE {table} SET node = ? WHERE node = ?", (node, before))
        conn.execute(f"DELETE FROM {table} WHERE node = ?", (before,))


def use_index(conn: sqlite3.Connection, node: str, index: str) -> None:
    """Note the index that is filled on a node. Of another one than before nothing is known: it is to get everything."""
    before = conn.execute("SELECT index_name FROM index_node WHERE node = ?", (node,)).fetchone()
    if before is not None and before[0] not in (None, index):
        for table in ("index_walk", "index_aside", "index_task"):
            conn.execute(f"DELETE FROM {table} WHERE node = ?", (node,))
        conn.execute("DELETE FROM index_home WHERE node = ? AND phase = 'leaving' AND NOT serves", (node,))
        conn.execute("UPDATE index_home SET phase = 'wanted', renamed = 0 WHERE node = ?", (node,))
        # The last task stays: the server numbers those of all indexes.
        conn.execute(
            "UPDATE index_node SET state = 'unused', reason = NULL, since = NULL, success_at = NULL, rebuild = NULL,"
            " mark = NULL, asked_at = NULL, covered = 0 WHERE node = ?",
            (node,),
        )
    conn.execute(
        "INSERT INTO index_node (node, index_name) VALUES (?1, ?2) ON CONFLICT (node) DO UPDATE SET index_name = ?2",
        (node, index),
    )


def dismiss(conn: sqlite3.Connection, nodes: Sequence[str]) -> None:
    """Drop everything waiting to be sent to nodes other than these."""
    signs = ", ".join("?" * len(nodes))
    for table in ("outbox", "index_walk", "index_aside", "index_task"):
        conn.execute(f"DELETE FROM {table} WHERE node NOT IN ('', {signs})", tuple(nodes))


def count_by_day(conn: Reader, channel_ids: Iterable[ChannelId]) -> dict[int, int]:
    """Count the held messages of channels by UTC day since 1970."""
    rows = conn.execute(
        "SELECT date / 86400, count(*) FROM message WHERE channel_id IN (SELECT value FROM json_each(?)) GROUP BY 1",
        (json.dumps(list(channel_ids)),),
    )
    return dict(rows.fetchall())
