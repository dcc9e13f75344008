"""What an index has to hold of the archive, and what it still lacks."""

from __future__ import annotations

from collections.abc import Sequence

from archiver.ids import ChannelId
from archiver.store.database import Reader


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
