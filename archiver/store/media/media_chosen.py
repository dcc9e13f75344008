"""Table `media_chosen`: files that somebody asked for by name, which pruning keeps; and which imports brought."""

from __future__ import annotations

import sqlite3

from archiver.model.media_file import FileSlot
from archiver.store.database import Reader
from archiver.store.media.media_asked import AskedFiles

_PUT = (
    "INSERT INTO media_chosen (channel_id, message_id, newest, max_size, chosen_at) VALUES (?1, ?2, ?3, ?4, ?5)"
    " ON CONFLICT DO UPDATE SET newest = excluded.newest, chosen_at = excluded.chosen_at,"
    " max_size = CASE WHEN max_size IS NOT NULL AND excluded.max_size IS NOT NULL"
    " THEN max(max_size, excluded.max_size) END"
)
_CHOSEN = (
    "SELECT 1 FROM media_chosen WHERE channel_id = ?1 AND (message_id = ?2 OR (message_id = 0 AND newest >= ?2))"
    " AND (max_size IS NULL OR max_size >= ?3) LIMIT 1"
)
_IMPORTED = (
    "SELECT 1 FROM imported JOIN import_source USING (import_id) WHERE imported.channel_id = ? AND message_id = ?"
    " AND ? BETWEEN at AND coalesce(finished_at, 9e18) LIMIT 1"
)


def note_chosen(conn: sqlite3.Connection, asked: AskedFiles) -> None:
    """Record that files were asked for; "all messages" means those that the channel has now.

    What an import claims above the newest id that Telegram showed chooses none of the posts to come.
    """
    of = asked.channel_id
    query = (
        "SELECT coalesce(max(message_id), 0) FROM message WHERE channel_id = ?1 AND message_id <="
        " (SELECT CASE WHEN pts IS NULL AND top_id = 0 THEN 9e18 ELSE top_id END FROM channel WHERE channel_id = ?1)"
    )
    [newest] = conn.execute(query, (of,)).fetchone()
    conn.executemany(_PUT, [(of, one, newest, asked.max_size, asked.asked_at) for one in asked.list_ids()])


def is_chosen(conn: Reader, slot: FileSlot) -> bool:
    """Whether somebody asked for the file that a slot shows."""
    values = (slot.channel_id, slot.message_id, slot.size or 0)
    return conn.execute(_CHOSEN, values).fetchone() is not None


def came_with_import(conn: Reader, slot: FileSlot, stored_at: int) -> bool:
    """Whether bytes stored at this time came with an import of the message."""
    return conn.execute(_IMPORTED, (slot.channel_id, slot.message_id, stored_at)).fetchone() is not None
