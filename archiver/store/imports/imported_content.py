"""How imports change message rows: empty values, later contents, and when they were seen."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from archiver.ids import ChannelId, MessageId
from archiver.model.record import Message
from archiver.store.messages.message import CONTENT_NAMES, content_of, language_of, put_media


def fill_columns(
    conn: sqlite3.Connection, channel_id: ChannelId, message_id: MessageId, columns: Mapping[str, Any]
) -> None:
    """Fill empty columns of a message."""
    for name, value in columns.items():
        conn.execute(
            f"UPDATE message SET {name} = ? WHERE channel_id = ? AND message_id = ? AND {name} IS NULL",
            (value, channel_id, message_id),
        )


def replace_imported(conn: sqlite3.Connection, channel_id: ChannelId, replaced: Sequence[tuple[Message, int]]) -> None:
    """Write later contents of imported messages, each with the latest moment its export shows.

    An export that ends before the date of a post had another date of it, and does not say when the post was there.
    """
    names = ", ".join(f"{name} = ?" for name in CONTENT_NAMES)
    rows = [
        (*content_of(one), language_of(one), int(one.date.timestamp()), *(seen,) * 3, channel_id, one.message_id)
        for one, seen in replaced
    ]
    conn.executemany(
        f"UPDATE message SET {names}, lang = ?,"
        " first_seen = CASE WHEN first_seen < ? THEN ? ELSE min(first_seen, ?) END, last_seen = ?, import_id = NULL"
        " WHERE channel_id = ? AND message_id = ?",
        rows,
    )
    follow_last_seen(conn, channel_id, [one.message_id for one, _ in replaced])
    for row in rows:
        conn.execute("DELETE FROM media WHERE channel_id = ? AND message_id = ?", row[-2:])
    put_media(conn, [one for one, _ in replaced])


def begin_seen(conn: sqlite3.Connection, channel_id: ChannelId, first: Iterable[tuple[MessageId, int]]) -> None:
    """Forget when exports with other dates had imported messages: they say nothing of the posts with these dates."""
    conn.executemany(
        "UPDATE message SET first_seen = ?2 WHERE channel_id = ?3 AND message_id = ?1",
        [(*one, channel_id) for one in first],
    )


def widen_seen(conn: sqlite3.Connection, channel_id: ChannelId, seen: Iterable[tuple[MessageId, int, int]]) -> None:
    """Record that other exports contain imported messages: id, latest moment, and edit time of the same words.

    The moment counts for the latest edit of these words. -1: they show other words.
    """
    seen = list(seen)
    conn.executemany(
        "UPDATE message SET first_seen = CASE WHEN ?2 < date THEN first_seen ELSE min(first_seen, ?2) END,"
        " last_seen = CASE WHEN ?3 > coalesce(edit_date, date) THEN ?2"
        " WHEN ?3 = coalesce(edit_date, date) THEN max(last_seen, ?2) ELSE last_seen END"
        " WHERE channel_id = ?4 AND message_id = ?1 AND layer = 0 AND ((first_seen > ?2 AND ?2 >= date)"
        " OR ?3 > coalesce(edit_date, date) OR (?3 = coalesce(edit_date, date) AND last_seen < ?2))",
        [(*one, channel_id) for one in seen],
    )
    follow_last_seen(conn, channel_id, [message_id for message_id, _, _ in seen])


def follow_last_seen(conn: sqlite3.Connection, channel_id: ChannelId, message_ids: Iterable[int]) -> None:
    """Correct when missing messages were last seen before they went, once another export or zone has changed that."""
    conn.executemany(
        "UPDATE absence SET last_seen = min(noticed_at, held.last_seen) FROM message AS held"
        " WHERE absence.channel_id = ?1 AND absence.message_id = ?2 AND returned_at IS NULL"
        " AND held.channel_id = ?1 AND held.message_id = ?2",
        [(channel_id, message_id) for message_id in message_ids],
    )
