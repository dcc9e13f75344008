"""Tables `message`, `absence` and `media`: the writing side. `rows` reads them for people."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

from archiver.ids import ChannelId, MessageId
from archiver.model.language import recall_language
from archiver.model.record import Media, Message, Origin
from archiver.store.bulk import insert_many
from archiver.store.database import Reader
from archiver.store.messages.message_record import record_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """When, how and in which generation messages were seen."""

    now: int
    origin: Origin
    generation: int
    pts: int | None = None
    """The answer is at least as new as this pts."""


class Missing(NamedTuple):
    """When and how a message was noticed to be missing. Times are unix seconds."""

    message_id: MessageId
    since: int
    how: str
    last_seen: int


_CONTENT = (
    "kind, date, edit_date, text, entities, sender, post_author, via_bot_id, reply_to, reply_to_msg_id, fwd_from, "
    "grouped_id, views, forwards, replies, reactions, action, media_kind, markup, restriction, noforwards, pinned, "
    "silent, extra, content_hash, payload_sha256, layer, raw"
)
CONTENT_NAMES = _CONTENT.split(", ")
DATE = 1 + CONTENT_NAMES.index("date")
TEXT = 1 + CONTENT_NAMES.index("text")
"""Position of the text, after the id; so of the others."""
PAYLOAD_SHA256 = 1 + CONTENT_NAMES.index("payload_sha256")
MEDIA_NAMES = tuple(field.name for field in fields(Media))
_UPDATE = (
    f"UPDATE message SET {', '.join(f'{name} = ?' for name in CONTENT_NAMES)},"
    " lang = ?, first_seen = CASE layer WHEN 0 THEN ? ELSE first_seen END, generation = ?, last_seen = ?,"
    " seen_pts = max(coalesce(seen_pts, ?), ?), missing_since = NULL, missing_how = NULL, import_id = NULL"
    " WHERE channel_id = ? AND message_id = ?"
)
_SEEN = (
    "UPDATE message SET generation = ?, last_seen = ?, seen_pts = max(coalesce(seen_pts, ?), ?),"
    " missing_since = NULL, missing_how = NULL WHERE channel_id = ? AND message_id = ?"
)
_PUT_MEDIA = """
    INSERT INTO media (channel_id, message_id, slot, kind, id, mime, size, width, height, duration, file_name, title,
                       performer, url, search_text, extra, path, sha256, status)
"""
_PUT_MEDIA_AGAIN = """
    ON CONFLICT (channel_id, message_id, slot) DO UPDATE SET
        -- As table `file` knows them (`fill_files`): a downloaded file belongs to its content, not to its slot.
        path = excluded.path, sha256 = excluded.sha256, status = excluded.status,
        kind = excluded.kind, id = excluded.id, mime = excluded.mime, size = excluded.size, width = excluded.width,
        height = excluded.height, duration = excluded.duration, file_name = excluded.file_name,
        title = excluded.title, performer = excluded.performer, url = excluded.url,
        search_text = excluded.search_text, extra = excluded.extra
"""


def list_known(conn: Reader, channel_id: ChannelId, message_ids: Iterable[int]) -> list[int]:
    """The ids among these that are held, missing ones included."""
    asked = list(message_ids)
    between = "SELECT 1 FROM message WHERE channel_id = ? AND message_id BETWEEN ? AND ? LIMIT 1"
    if not asked or conn.execute(between, (channel_id, min(asked), max(asked))).fetchone() is None:
        return []  # as in most pages of a first import
    rows = conn.execute(
        "SELECT message_id FROM message WHERE channel_id = ?"
        " AND message_id IN (SELECT value FROM json_each(?)) ORDER BY message_id",
        (channel_id, json.dumps(asked)),
    )
    return [int(row[0]) for row in rows]


def list_present_ids(conn: Reader, channel_id: ChannelId, hi: int, limit: int, *, lowest: int = 1) -> list[int]:
    """The newest `limit` ids within [lowest, hi] that are held and not known to be missing."""
    cursor = conn.execute(
        "SELECT message_id FROM message WHERE channel_id = ? AND message_id BETWEEN ? AND ?"
        " AND missing_since IS NULL ORDER BY message_id DESC LIMIT ?",
        (channel_id, lowest, hi, limit),
    )
    return [int(row[0]) for row in cursor]


def list_newest_dates(conn: Reader, channel_id: ChannelId, limit: int = 20) -> list[int]:
    """The dates of the newest messages that Telegram showed, newest first."""
    cursor = conn.execute(
        "SELECT date FROM message WHERE channel_id = ? AND layer <> 0 ORDER BY date DESC LIMIT ?", (channel_id, limit)
    )
    return [int(row[0]) for row in cursor]


def update_messages(conn: sqlite3.Connection, messages: Sequence[Message], sighting: Sighting) -> None:
    """Store the new state of messages that are already held; what replaces an import is seen for the first time."""
    conn.executemany(
        _UPDATE,
        [
            (*content_of(m), language_of(m), sighting.now, *_seen(sighting), m.channel_id, m.message_id)
            for m in messages
        ],
    )
    conn.executemany(
        "DELETE FROM media WHERE channel_id = ? AND message_id = ? AND slot >= ?",
        [(m.channel_id, m.message_id, len(m.media)) for m in messages],
    )
    put_media(conn, messages)


def put_media(conn: sqlite3.Connection, messages: Sequence[Message]) -> None:
    """Store the media of messages that are held."""
    rows = [(m.channel_id, *row_of_slot(m.message_id, slot)) for m in messages for slot in m.media]
    insert_many(conn, _PUT_MEDIA, rows, _PUT_MEDIA_AGAIN)


def mark_seen(conn: sqlite3.Connection, channel_id: ChannelId, message_ids: Iterable[int], sighting: Sighting) -> None:
    """Record that these messages were seen again, unchanged."""
    conn.executemany(_SEEN, [(*_seen(sighting), channel_id, message_id) for message_id in message_ids])


def _seen(sighting: Sighting) -> tuple[int | None, ...]:
    return sighting.generation, sighting.now, sighting.pts, sighting.pts


def mark_missing(
    conn: sqlite3.Connection, channel_id: ChannelId, message_ids: Iterable[int], *, now: int, how: str
) -> None:
    """Record that these messages are missing, and how that was noticed; those already missing keep their record."""
    message_ids = list(message_ids)
    conn.executemany(
        "INSERT INTO absence (channel_id, message_id, noticed_at, how, last_seen)"
        " SELECT channel_id, message_id, ?1, ?2, CASE layer WHEN 0 THEN min(last_seen, ?1) ELSE last_seen END"
        " FROM message WHERE channel_id = ?3 AND message_id = ?4 AND missing_since IS NULL ON CONFLICT DO NOTHING",
        [(now, how, channel_id, message_id) for message_id in message_ids],
    )
    conn.executemany(
        "UPDATE message SET missing_since = ?, missing_how = ?"
        " WHERE channel_id = ? AND message_id = ? AND missing_since IS NULL",
        [(now, how, channel_id, message_id) for message_id in message_ids],
    )


def mark_returned(conn: sqlite3.Connection, channel_id: ChannelId, message_ids: Iterable[int], *, now: int) -> None:
    """Record that missing messages are back; their absence keeps its row."""
    conn.executemany(
        "UPDATE absence SET returned_at = ? WHERE channel_id = ? AND message_id = ? AND returned_at IS NULL",
        [(now, channel_id, message_id) for message_id in message_ids],
    )


def list_missing_marks(conn: sqlite3.Connection, channel_id: ChannelId, message_ids: Iterable[int]) -> list[Missing]:
    """When and how these messages went missing."""
    rows = conn.execute(
        "SELECT message_id, missing_since, missing_how, last_seen FROM message WHERE channel_id = ?"
        " AND message_id IN (SELECT value FROM json_each(?))",
        (channel_id, json.dumps(list(message_ids))),
    )
    return [Missing(*row) for row in rows]


def restore_missing_marks(conn: sqlite3.Connection, channel_id: ChannelId, missing: Iterable[Missing]) -> None:
    """Mark messages as missing again: the copy just stored is from before they went missing."""
    conn.executemany(
        "UPDATE message SET missing_since = ?, missing_how = ?, last_seen = ? WHERE channel_id = ? AND message_id = ?",
        [(one.since, one.how, one.last_seen, channel_id, one.message_id) for one in missing],
    )


def set_pinned(conn: sqlite3.Connection, channel_id: ChannelId, message_ids: Iterable[int], *, pinned: bool) -> None:
    """Record that messages were pinned or unpinned."""
    conn.executemany(
        "UPDATE message SET pinned = ? WHERE channel_id = ? AND message_id = ?",
        [(pinned, channel_id, message_id) for message_id in message_ids],
    )


def has_stubs(conn: sqlite3.Connection, channel_id: ChannelId) -> bool:
    """Whether the channel has stubs, messages that this or an earlier version could not read."""
    row = conn.execute("SELECT 1 FROM message WHERE channel_id = ? AND kind = 'stub' LIMIT 1", (channel_id,)).fetchone()
    return row is not None


def list_missing_ids(conn: sqlite3.Connection, channel_id: ChannelId) -> list[int]:
    """The ids of the channel's missing messages."""
    rows = conn.execute(
        "SELECT message_id FROM message WHERE channel_id = ? AND missing_since IS NOT NULL", (channel_id,)
    )
    return [int(row[0]) for row in rows]


def read_messages(conn: sqlite3.Connection, channel_id: ChannelId, *, after: int, limit: int) -> list[Message]:
    """The records of up to `limit` held messages with an id above `after`, ascending."""
    return _read(conn, channel_id, "message_id > ? ORDER BY message_id LIMIT ?", (after, limit))


def read_messages_of(conn: sqlite3.Connection, channel_id: ChannelId, message_ids: Sequence[int]) -> list[Message]:
    """The records of these messages, ascending; those not held are left out."""
    listed = f"[{','.join(map(str, message_ids))}]"
    return _read(conn, channel_id, "message_id IN (SELECT value FROM json_each(?)) ORDER BY message_id", (listed,))


def _read(conn: sqlite3.Connection, channel_id: ChannelId, condition: str, values: tuple[object, ...]) -> list[Message]:
    rows = conn.execute(
        f"SELECT message_id, lang, {_CONTENT} FROM message WHERE channel_id = ? AND {condition}", (channel_id, *values)
    ).fetchall()
    media: dict[int, list[Media]] = {row[0]: [] for row in rows}
    if rows:
        slots = conn.execute(
            f"SELECT message_id, {', '.join(MEDIA_NAMES)} FROM media"
            " WHERE channel_id = ? AND message_id BETWEEN ? AND ? ORDER BY message_id, slot",
            (channel_id, rows[0][0], rows[-1][0]),
        )
        for message_id, *found in slots:
            if message_id in media:
                media[message_id].append(Media(**dict(zip(MEDIA_NAMES, found, strict=True))))
    return [record_of(channel_id, row, tuple(media[row[0]])) for row in rows]


def language_of(message: Message) -> str:
    """The language that the text seems to be in."""
    return recall_language(message.text) if message.lang is None else message.lang


def content_of(message: Message) -> tuple[object, ...]:
    """The stored content of a message, in the order of CONTENT_NAMES."""
    return (
        message.kind,
        int(message.date.timestamp()),
        int(message.edit_date.timestamp()) if message.edit_date else None,
        message.text,
        message.entities,
        message.sender,
        message.post_author,
        message.via_bot_id,
        message.reply_to,
        message.reply_to_msg_id,
        message.fwd_from,
        message.grouped_id,
        message.views,
        message.forwards,
        message.replies,
        message.reactions,
        message.action,
        message.media_kind,
        message.markup,
        message.restriction,
        message.noforwards,
        message.pinned,
        message.silent,
        message.extra,
        message.content_hash,
        message.payload_sha256,
        message.layer,
        message.raw,
    )


def row_of_slot(message_id: MessageId, slot: Media) -> tuple[object, ...]:
    """A message's id and the values of a slot of its media, in the order of MEDIA_NAMES."""
    return (
        message_id,
        slot.slot,
        slot.kind,
        slot.id,
        slot.mime,
        slot.size,
        slot.width,
        slot.height,
        slot.duration,
        slot.file_name,
        slot.title,
        slot.performer,
        slot.url,
        slot.search_text,
        slot.extra,
        slot.path,
        slot.sha256,
        slot.status,
    )
