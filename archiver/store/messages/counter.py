"""Table `counter`: views, forwards, replies and reactions over time; one row per change."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from archiver.model.record import Message

_BEFORE = """
    INSERT INTO counter (channel_id, message_id, at, views, forwards, replies, reactions)
    SELECT channel_id, message_id, first_seen, views, forwards, replies, reactions FROM message
    WHERE channel_id = ?1 AND message_id = ?2 AND layer <> 0 -- an export says nothing of when its counters were seen
      AND NOT EXISTS (SELECT 1 FROM counter WHERE channel_id = ?1 AND message_id = ?2)
"""
_NOW = """
    INSERT INTO counter (channel_id, message_id, at, views, forwards, replies, reactions)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (channel_id, message_id, at) DO UPDATE SET
        views = excluded.views, forwards = excluded.forwards, replies = excluded.replies,
        reactions = excluded.reactions
"""


def keep_counters(conn: sqlite3.Connection, messages: Sequence[Message], *, now: int) -> None:
    """Record the new counters; before a message's first change, also the ones it was first seen with.

    Call it before the messages themselves are written.
    """
    conn.executemany(_BEFORE, [(m.channel_id, m.message_id) for m in messages])
    conn.executemany(_NOW, [(m.channel_id, m.message_id, now, *m.counters) for m in messages])
