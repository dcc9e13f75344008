"""Table `revision`: the earlier contents of messages. Append-only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from archiver.ids import ChannelId, MessageId
from archiver.model.record import Media, Message
from archiver.store.database import Reader
from archiver.store.media.file import fill_files

EARLIER_NAMES = ("edit_date", "text", "entities", "media", "markup", "extra", "layer")
"""What an earlier content has itself; the rest is that of the message."""
_KEEP = """
    INSERT INTO revision (channel_id, message_id, revision, edit_date, text, entities, media, markup, extra,
                          first_seen, last_seen, replaced_at, content_hash, payload_sha256, layer, raw, import_id)
    SELECT channel_id, message_id, revisions + 1, edit_date, text, entities,
           (SELECT json_group_array(json_object(
                'kind', kind, 'id', id, 'mime', mime, 'size', size, 'width', width, 'height', height,
                'duration', duration, 'file_name', file_name, 'title', title, 'performer', performer, 'url', url,
                'path', path, 'sha256', sha256, 'status', status, 'search_text', search_text, 'extra', json(extra)))
            FROM (SELECT * FROM media AS slot
                  WHERE slot.channel_id = message.channel_id AND slot.message_id = message.message_id
                  ORDER BY slot.slot)),
           markup, extra,
           coalesce((SELECT max(replaced_at) FROM revision AS earlier
                     WHERE earlier.channel_id = message.channel_id AND earlier.message_id = message.message_id
                       AND earlier.first_seen < earlier.replaced_at AND earlier.layer <> 0), -- neither was ever current
                    first_seen),
           last_seen, ?, content_hash, payload_sha256, layer, raw, import_id
    FROM message WHERE channel_id = ? AND message_id = ?
"""
_KEEP_LATE = """
    INSERT INTO revision (channel_id, message_id, revision, edit_date, text, entities, media, markup, extra,
                          first_seen, last_seen, replaced_at, content_hash, payload_sha256, layer, raw)
    SELECT channel_id, message_id, revisions + 1, :edit_date, :text, :entities, :media, :markup, :extra,
           :first_seen, :last_seen, :now, :content_hash, :payload_sha256, :layer, :raw
    FROM message WHERE channel_id = :channel_id AND message_id = :message_id
      AND NOT EXISTS (SELECT 1 FROM revision AS earlier WHERE earlier.channel_id = :channel_id
                      AND earlier.message_id = :message_id AND (earlier.content_hash = :content_hash
                        -- A part adds nothing to an edit already kept.
                        OR (:partial AND earlier.edit_date IS :edit_date)))
"""
_COUNT = "UPDATE message SET revisions = revisions + 1 WHERE channel_id = ? AND message_id = ? RETURNING revisions"


def keep_revisions(
    conn: sqlite3.Connection, channel_id: ChannelId, message_ids: Sequence[MessageId], *, now: int
) -> list[int]:
    """Copy the current contents into `revision` before they are replaced; return the revision number of each."""
    conn.executemany(_KEEP, [(now, channel_id, message_id) for message_id in message_ids])
    return [_count(conn, channel_id, message_id) for message_id in message_ids]


def keep_late_revisions(
    conn: sqlite3.Connection, messages: Iterable[Message], *, now: int, seen: tuple[int, int] | None = None
) -> list[tuple[Message, int]]:
    """Keep contents that are older than the held ones but arrived later; return the new ones with their numbers.

    `seen`: when another telekeep says that it saw them first and last; None: they were seen now.
    """
    first_seen, last_seen = seen or (now, now)
    kept = []
    for message in messages:
        cursor = conn.execute(
            _KEEP_LATE,
            {
                "now": now,
                "first_seen": first_seen,
                "last_seen": last_seen,
                "edit_date": int(message.edit_date.timestamp()) if message.edit_date else None,
                "text": message.text,
                "entities": message.entities,
                "media": orjson.dumps([to_kept(slot) for slot in message.media]).decode(),
                "markup": message.markup,
                "extra": message.extra,
                "content_hash": message.content_hash,
                "payload_sha256": message.payload_sha256,
                "layer": message.layer,
                "raw": message.raw,
                "partial": message.partial,
                "channel_id": message.channel_id,
                "message_id": message.message_id,
            },
        )
        if cursor.rowcount:
            kept.append((message, _count(conn, message.channel_id, message.message_id)))
    return kept


def read_revisions(conn: Reader, messages: Sequence[Message]) -> list[tuple[Message, int]]:
    """The revisions of these messages, with their numbers, by message id, oldest first.

    The messages must be of one channel, in ascending order of ids. What a revision does not keep (sender, forward
    header, counters) is taken from the current content.
    """
    if not messages:
        return []
    present = {message.message_id: message for message in messages}
    rows = conn.execute(
        f"SELECT message_id, revision, {', '.join(EARLIER_NAMES)} FROM revision"
        " WHERE channel_id = ? AND message_id BETWEEN ? AND ? ORDER BY message_id, revision",
        (messages[0].channel_id, messages[0].message_id, messages[-1].message_id),
    )
    found = [(earlier_of(present[row[0]], row[2:]), row[1]) for row in rows if row[0] in present]
    filled = fill_files(conn, [message for message, _ in found])
    return [(message, number) for message, (_, number) in zip(filled, found, strict=True)]


class EarlierMedia(NamedTuple):
    """The media of an earlier content that an import brought."""

    revision: int
    media: list[dict[str, Any]]


def find_imported_media(
    conn: Reader, channel_id: ChannelId, message_id: MessageId, content_hash: bytes
) -> EarlierMedia | None:
    """The media of the earlier content with these words; None if no import brought it."""
    row = conn.execute(
        "SELECT revision, media FROM revision"
        " WHERE channel_id = ? AND message_id = ? AND content_hash = ? AND layer = 0",
        (channel_id, message_id, content_hash),
    ).fetchone()
    return None if row is None else EarlierMedia(row[0], list(orjson.loads(row[1])))


def put_imported_media(
    conn: sqlite3.Connection, channel_id: ChannelId, message_id: MessageId, kept: EarlierMedia
) -> None:
    """Write the media of an earlier content again, once a later import brought their files."""
    conn.execute(
        "UPDATE revision SET media = ? WHERE channel_id = ? AND message_id = ? AND revision = ? AND layer = 0",
        (orjson.dumps(kept.media).decode(), channel_id, message_id, kept.revision),
    )


def list_revised(conn: sqlite3.Connection, channel_id: ChannelId, low: int, high: int) -> list[MessageId]:
    """The messages with an id within [low, high] that have revisions, ascending."""
    rows = conn.execute(
        "SELECT DISTINCT message_id FROM revision WHERE channel_id = ? AND message_id BETWEEN ? AND ? ORDER BY 1",
        (channel_id, low, high),
    )
    return [row[0] for row in rows]


def _count(conn: sqlite3.Connection, channel_id: ChannelId, message_id: MessageId) -> int:
    [(number,)] = conn.execute(_COUNT, (channel_id, message_id)).fetchall()
    return int(number)


def earlier_of(message: Message, content: Sequence[Any]) -> Message:
    """An earlier content of a message. `content`: its columns EARLIER_NAMES."""
    edit_date, text, entities, media, markup, extra, layer = content
    return replace(
        message,
        edit_date=datetime.fromtimestamp(edit_date, UTC) if edit_date is not None else None,
        text=text,
        lang=None,
        entities=entities,
        media=tuple(to_media(slot, one) for slot, one in enumerate(orjson.loads(media))),
        markup=markup,
        extra=extra,
        layer=layer,
    )


def to_media(slot: int, kept: Mapping[str, Any]) -> Media:
    """A medium of an earlier content."""
    names = {field.name for field in fields(Media)} - {"extra"}
    extra = kept.get("extra")  # not kept by earlier versions
    values = {name: value for name, value in kept.items() if name in names}
    return Media(slot=slot, extra=None if extra is None else orjson.dumps(extra).decode(), **values)


def to_kept(slot: Media) -> dict[str, object]:
    """A medium as an earlier content keeps it."""
    return {
        "kind": slot.kind,
        "id": slot.id,
        "mime": slot.mime,
        "size": slot.size,
        "width": slot.width,
        "height": slot.height,
        "duration": slot.duration,
        "file_name": slot.file_name,
        "title": slot.title,
        "performer": slot.performer,
        "url": slot.url,
        "path": None,
        "sha256": None,
        "status": "not downloaded",
        "search_text": slot.search_text,
        "extra": None if slot.extra is None else orjson.Fragment(slot.extra),
    }
