"""Tables `message` and `rich_part`: what reconciling needs to know of the held messages."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

from archiver.ids import ChannelId
from archiver.model.record import Held
from archiver.store.messages.rich import list_known_parts


def list_held(conn: sqlite3.Connection, channel_id: ChannelId, lo: int, hi: int) -> dict[int, Held]:
    """The held messages with an id within [lo, hi], by id."""
    rows = conn.execute(
        "SELECT message_id, date, edit_date, content_hash, payload_sha256, missing_since, last_seen,"
        " views, forwards, replies, reactions, seen_pts, layer = 0 FROM message"
        " WHERE channel_id = ? AND message_id BETWEEN ? AND ?",
        (channel_id, lo, hi),
    )
    held = {
        row[0]: Held(
            row[0],
            row[1],
            row[2],
            row[3],
            row[4],
            row[5],
            row[6],
            counters=row[7:11],
            seen_pts=row[11],
            imported=bool(row[12]),
        )
        for row in rows
    }
    for message_id, part_hash, part_sha256, wanted in list_known_parts(conn, channel_id, lo, hi):
        held[message_id] = replace(held[message_id], part_hash=part_hash, part_sha256=part_sha256, wanted=wanted)
    return held
