"""Table `channel`: the server's count of messages, the pts it is for, and its unexplained difference."""

from __future__ import annotations

import sqlite3

from archiver.ids import ChannelId


def accept_count(conn: sqlite3.Connection, channel_id: ChannelId, difference: int | None) -> None:
    """Accept a difference between the server's count and ours, found although every message was just reviewed."""
    conn.execute("UPDATE channel SET accepted_count = ? WHERE channel_id = ?", (difference, channel_id))


def note_unexplained(conn: sqlite3.Connection, channel_id: ChannelId, surplus: int | None) -> None:
    """Record the surplus left by a sync that read everything again; the same surplus twice is accepted."""
    conn.execute(
        "UPDATE channel SET accepted_count = CASE WHEN unexplained_count IS ?1 THEN ?1 ELSE accepted_count END,"
        " unexplained_count = ?1 WHERE channel_id = ?2",
        (surplus, channel_id),
    )


def forget_later_states(conn: sqlite3.Connection, channel_id: ChannelId, pts: int) -> None:
    """Forget all states later than `pts`, which the channel had not reached when they were shown.

    While they are kept, correct answers look older than they are, and are refused.
    """
    conn.execute(
        "UPDATE channel SET server_count_pts = NULL WHERE channel_id = ? AND server_count_pts > ?", (channel_id, pts)
    )
    conn.execute("UPDATE message SET seen_pts = ? WHERE channel_id = ? AND seen_pts > ?", (pts - 1, channel_id, pts))


def set_server_count(conn: sqlite3.Connection, channel_id: ChannelId, count: int, *, pts: int, now: int) -> None:
    """Record how many messages the server counts in the channel, and at which pts."""
    conn.execute(
        "UPDATE channel SET server_count = ?, server_count_pts = ?, server_count_at = ? WHERE channel_id = ?",
        (count, pts, now, channel_id),
    )


def find_counted_pts(conn: sqlite3.Connection, channel_id: ChannelId) -> int | None:
    """The pts of the latest history page that gave the server's count; None if there is none."""
    (pts,) = conn.execute("SELECT server_count_pts FROM channel WHERE channel_id = ?", (channel_id,)).fetchone()
    return int(pts) if pts is not None else None
