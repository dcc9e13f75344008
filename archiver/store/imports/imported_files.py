"""Files that came with an import belong to what Telegram shows in the same place, if they are as large."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from archiver.ids import ChannelId, MessageId
from archiver.model.compare_import import is_contradicted
from archiver.model.imported import FILE_ORIGIN, hash_of
from archiver.model.media_file import FileKey, find_key, parse_key
from archiver.model.record import Message
from archiver.store.database import Reader
from archiver.store.media.file import find_file, settle_downloaded
from archiver.store.media.file_slot import shows_file
from archiver.store.messages.message import read_messages_of

_STORED = (
    "SELECT message_id, slot, media.kind, media.sha256, blob.size"
    " FROM message JOIN media USING (channel_id, message_id)"
    " JOIN blob ON blob.sha256 = media.sha256 AND blob.state = 'present'"
    " WHERE message.channel_id = ? AND message_id IN (SELECT value FROM json_each(?)) AND layer = 0"
)


def carry_files(conn: sqlite3.Connection, seen: Sequence[Message], *, now: int) -> None:
    """Give the files of imported messages to those just seen in their place, so that they are not fetched again.

    Call it before the messages are written.
    """
    if not seen:
        return
    channel_id = ChannelId(seen[0].channel_id)
    stored = _list_stored(conn, channel_id, [one.message_id for one in seen])
    claimed = {one.message_id: one for one in read_messages_of(conn, channel_id, sorted({at for at, _ in stored}))}
    for message in seen:
        for slot in message.media:
            found = stored.get((message.message_id, slot.slot))
            if found is None:
                continue
            kind, sha256, size = found
            key = find_key(slot.kind, slot.id)
            if key is None or slot.kind != kind or slot.size != size:
                continue
            held = claimed[message.message_id]
            if held.content_hash != hash_of(message) or is_contradicted(held, message):
                continue  # it is of another content, or contradicts what Telegram shows
            if find_file(conn, key).status != "downloaded":
                settle_downloaded(conn, key, sha256=sha256, size=size, now=now, origin=FILE_ORIGIN)


def fits_captured(conn: Reader, key: FileKey, size: int) -> bool:
    """Whether no captured message shows this file with another size: an export may call its files by any id."""
    is_photo, id_ = parse_key(key)
    row = conn.execute(
        "SELECT 1 FROM media INDEXED BY media_file JOIN message USING (channel_id, message_id)"
        f" WHERE {shows_file('media')} AND layer > 0 AND media.size <> ? LIMIT 1",
        (id_, is_photo, size),
    ).fetchone()
    return row is None


def _list_stored(
    conn: sqlite3.Connection, channel_id: ChannelId, message_ids: Sequence[MessageId]
) -> dict[tuple[MessageId, int], tuple[str, str, int]]:
    """Kind, hash and size of stored files of imported messages, by message and slot."""
    rows = conn.execute(_STORED, (channel_id, json.dumps(list(message_ids))))
    return {(row[0], row[1]): tuple(row[2:]) for row in rows}
