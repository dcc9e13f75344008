"""Table `revision`: every earlier content of a message. Append only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

import orjson

from archiver.record import Media, Message

_KEEP = """
    INSERT INTO revision (channel_id, message_id, revision, edit_date, text, entities, media, markup, extra,
                          first_seen, last_seen, replaced_at, content_hash, payload_sha256, layer, raw)
    SELECT channel_id, message_id, revisions + 1, edit_date, text, entities,
           (SELECT json_group_array(json_object(
                'kind', kind, 'id', id, 'mime', mime, 'size', size, 'width', width, 'height', height,
                'duration', duration, 'file_name', file_name, 'title', title, 'performer', performer, 'url', url,
                'path', path, 'sha256', sha256, 'status', status))
            FROM (SELECT * FROM media AS slot
                  WHERE slot.channel_id = message.channel_id AND slot.message_id = message.message_id
                  ORDER BY slot.slot)),
           markup, extra,
           coalesce((SELECT max(replaced_at) FROM revision AS earlier
                     WHERE earlier.channel_id = message.channel_id AND earlier.message_id = message.message_id
                       AND earlier.first_seen < earlier.replaced_at), -- what came late was never the present one
                    first_seen),
           last_seen, ?, content_hash, payload_sha256, layer, raw
    FROM message WHERE channel_id = ? AND message_id = ?
"""
_KEEP_LATE = """
    INSERT INTO revision (channel_id, message_id, revision, edit_date, text, entities, media, markup, extra,
                          first_seen, last_seen, replaced_at, content_hash, payload_sha256, layer, raw)
    SELECT channel_id, message_id, revisions + 1, :edit_date, :text, :entities, :media, :markup, :extra,
           :now, :now, :now, :content_hash, :payload_sha256, :layer, :raw
    FROM message WHERE channel_id = :channel_id AND message_id = :message_id
      AND NOT EXISTS (SELECT 1 FROM revision AS earlier WHERE earlier.channel_id = :channel_id
                      AND earlier.message_id = :message_id AND earlier.content_hash = :content_hash)
"""
_COUNT = "UPDATE message SET revisions = revisions + 1 WHERE channel_id = ? AND message_id = ?"


def keep_revisions(conn: sqlite3.Connection, channel_id: int, message_ids: Sequence[int], *, now: int) -> None:
    """Copy the present content into `revision`, before it is replaced."""
    conn.executemany(_KEEP, [(now, channel_id, message_id) for message_id in message_ids])
    conn.executemany(_COUNT, [(channel_id, message_id) for message_id in message_ids])


def keep_late_revisions(conn: sqlite3.Connection, messages: Iterable[Message], *, now: int) -> list[int]:
    """Keep contents that are older than the held ones and came after them. Returns the ids of those that were new."""
    kept = []
    for message in messages:
        cursor = conn.execute(
            _KEEP_LATE,
            {
                "now": now,
                "edit_date": int(message.edit_date.timestamp()) if message.edit_date else None,
                "text": message.text,
                "entities": message.entities,
                "media": orjson.dumps([_slot(slot) for slot in message.media]).decode(),
                "markup": message.markup,
                "extra": message.extra,
                "content_hash": message.content_hash,
                "payload_sha256": message.payload_sha256,
                "layer": message.layer,
                "raw": message.raw,
                "channel_id": message.channel_id,
                "message_id": message.message_id,
            },
        )
        if cursor.rowcount:
            conn.execute(_COUNT, (message.channel_id, message.message_id))
            kept.append(message.message_id)
    return kept


def _slot(slot: Media) -> dict[str, object]:
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
    }
