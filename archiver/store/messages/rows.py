"""Tables `channel`, `message`, `media`: the reading side, for rows shown to people.

Within `snapshot` all reads see one state of the archive. In WAL mode it neither blocks writers nor waits for them; only
the WAL file cannot shrink meanwhile. So a long export is one snapshot, read in chunks.
https://www.sqlite.org/isolation.html
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple, TypeAlias

import aiosqlite
import orjson

from archiver.ids import ChannelId, MessageId
from archiver.model.imported import IMPORTED
from archiver.model.media_file import file_key
from archiver.model.row import ChannelName, StoredMedia, StoredMessage
from archiver.store.database import Reader
from archiver.store.imports.filled import mark_filled
from archiver.store.media.annotation import Annotation, list_annotations
from archiver.store.media.file_reading import find_reasons

HeldMessage: TypeAlias = tuple[StoredMessage, tuple[StoredMedia, ...]]
"""A message with its media."""

_NOTHING: list[StoredMedia] = []
_ALBUM = 50
"""Maximum distance of ids within an album: it has ten messages at most, and other posts may come in between."""

MESSAGE = ", ".join(name for name in StoredMessage._fields if name != "annotations")
MEDIA = ", ".join(name for name in StoredMedia._fields if name != "reason")
_SAYS_ALL = frozenset({"not downloaded", "downloaded"})
"""States of a file for which there is no reason, without imports."""


class Payload(NamedTuple):
    """A message's bytes as the server sent them."""

    raw: bytes
    layer: int
    sha256: bytes


@asynccontextmanager
async def snapshot(conn: aiosqlite.Connection, *, cache_kib: int | None = None) -> AsyncIterator[None]:
    """Make all reads within see the archive as it was at the first of them. `cache_kib`: the size of SQLite's cache."""
    if cache_kib is not None:
        await conn.execute(f"PRAGMA cache_size = -{cache_kib}")
    await conn.execute("BEGIN")
    try:
        yield
    finally:
        if conn.in_transaction:
            await conn.execute("ROLLBACK")


def list_names(conn: Reader, only: int | None = None) -> list[ChannelName]:
    """The names of every channel in the archive, or of one, removed ones included."""
    which = "" if only is None else " WHERE channel_id = ?"
    query = f"SELECT channel_id, username, alias, title, usernames FROM channel{which} ORDER BY channel_id"
    cursor = conn.execute(query, () if only is None else (only,))
    rows = cursor.fetchall()
    return [ChannelName(row[0], row[1], row[2], row[3], tuple(orjson.loads(row[4]))) for row in rows]


def list_broadcasts(conn: Reader) -> frozenset[int]:
    """Ids of the archived channels that are not groups."""
    return frozenset(int(row[0]) for row in conn.execute("SELECT channel_id FROM channel WHERE NOT megagroup"))


def get_messages(conn: Reader, keys: Iterable[tuple[int, int]]) -> dict[tuple[int, int], HeldMessage]:
    """The messages with these (channel_id, message_id) keys; those not held are left out."""
    by_channel: dict[ChannelId, list[int]] = {}
    for channel_id, message_id in keys:
        by_channel.setdefault(ChannelId(channel_id), []).append(message_id)
    found: dict[tuple[int, int], HeldMessage] = {}
    query = (
        f"SELECT {MESSAGE} FROM message WHERE channel_id = ?"
        " AND message_id IN (SELECT value FROM json_each(?)) ORDER BY message_id"
    )
    for channel_id, ids in by_channel.items():
        cursor = conn.execute(query, (channel_id, orjson.dumps(ids).decode()))
        messages = [StoredMessage(*row) for row in cursor]
        for held in _with_media(conn, channel_id, messages):
            found[channel_id, held[0].message_id] = held
    return found


def list_originals(conn: Reader, keys: Iterable[tuple[int, int]]) -> dict[tuple[int, int], tuple[str, str | None]]:
    """The text and forward header (JSON) of each of these messages; those not held are left out."""
    query = (
        "SELECT m.channel_id, m.message_id, m.text, m.fwd_from FROM json_each(?) AS k JOIN message AS m"
        " ON m.channel_id = k.value ->> 0 AND m.message_id = k.value ->> 1"
    )
    cursor = conn.execute(query, (orjson.dumps(list(keys)).decode(),))
    return {(row[0], row[1]): (row[2], row[3]) for row in cursor}


def list_around(conn: Reader, channel_id: ChannelId, message_id: MessageId, count: int) -> list[HeldMessage]:
    """The message, with up to `count` held messages before and after it, by id."""
    query = (
        f"SELECT * FROM (SELECT {MESSAGE} FROM message WHERE channel_id = ? AND message_id < ?"
        " ORDER BY message_id DESC LIMIT ?)"
        f" UNION ALL SELECT * FROM (SELECT {MESSAGE} FROM message WHERE channel_id = ? AND message_id >= ?"
        " ORDER BY message_id LIMIT ?) ORDER BY message_id"
    )
    parameters = (channel_id, message_id, count, channel_id, message_id, count + 1)
    cursor = conn.execute(query, parameters)
    messages = [StoredMessage(*row) for row in cursor]
    return _with_media(conn, channel_id, messages)


def list_before(conn: Reader, channel_id: ChannelId, before: int, limit: int) -> list[HeldMessage]:
    """The `limit` held messages next below this id, ascending."""
    query = f"SELECT {MESSAGE} FROM message WHERE channel_id = ? AND message_id < ? ORDER BY message_id DESC LIMIT ?"
    messages = [StoredMessage(*row) for row in conn.execute(query, (channel_id, before, limit))]
    return _with_media(conn, channel_id, messages[::-1])


def list_after(conn: Reader, channel_id: ChannelId, after: int, limit: int) -> list[HeldMessage]:
    """The `limit` held messages next above this id, ascending."""
    query = f"SELECT {MESSAGE} FROM message WHERE channel_id = ? AND message_id > ? ORDER BY message_id LIMIT ?"
    messages = [StoredMessage(*row) for row in conn.execute(query, (channel_id, after, limit))]
    return _with_media(conn, channel_id, messages)


def find_first_dated(conn: Reader, channel_id: ChannelId, since: int) -> MessageId | None:
    """The first held message dated `since` or later; None if all are older."""
    query = "SELECT message_id FROM message WHERE channel_id = ? AND date >= ? ORDER BY date, message_id LIMIT 1"
    row = conn.execute(query, (channel_id, since)).fetchone()
    return MessageId(row[0]) if row else None


def list_languages(conn: Reader, channel_id: ChannelId, ids: Iterable[int]) -> dict[int, str]:
    """The language of each of these messages, by id, where it is known."""
    query = (
        "SELECT message_id, lang FROM message WHERE channel_id = ? AND lang <> ''"
        " AND message_id IN (SELECT value FROM json_each(?))"
    )
    return {row[0]: row[1] for row in conn.execute(query, (channel_id, orjson.dumps(list(ids)).decode()))}


def list_album(conn: Reader, channel_id: ChannelId, message_id: MessageId, grouped_id: str) -> dict[MessageId, str]:
    """The text of each held message of the same album, by id; an album's ids are close together."""
    query = (
        "SELECT message_id, text FROM message WHERE channel_id = ? AND message_id BETWEEN ? AND ? AND grouped_id = ?"
        " ORDER BY message_id"
    )
    bounds = (message_id - _ALBUM, message_id + _ALBUM)
    return {row[0]: row[1] for row in conn.execute(query, (channel_id, *bounds, grouped_id))}


def find_payload(conn: Reader, channel_id: ChannelId, message_id: MessageId) -> Payload | None:
    """The payload of the message's current content; None if the message is not held."""
    query = "SELECT raw, layer, payload_sha256 FROM message WHERE channel_id = ? AND message_id = ?"
    row = conn.execute(query, (channel_id, message_id)).fetchone()
    return Payload(bytes(row[0]), int(row[1]), bytes(row[2])) if row else None


def _with_media(conn: Reader, channel_id: ChannelId, messages: list[StoredMessage]) -> list[HeldMessage]:
    ids = [message.message_id for message in messages if message.media_kind is not None]
    media: dict[int, list[StoredMedia]] = {}
    if ids:
        query = (
            f"SELECT message_id, {MEDIA} FROM media WHERE channel_id = ?"
            " AND message_id IN (SELECT value FROM json_each(?)) ORDER BY message_id, slot"
        )
        cursor = conn.execute(query, (channel_id, orjson.dumps(ids).decode()))
        for row in cursor:
            media.setdefault(row[0], []).append(StoredMedia(*row[1:]))
    return attach(conn, [(message, media.get(message.message_id, _NOTHING)) for message in messages])


def attach(conn: Reader, found: Sequence[tuple[StoredMessage, list[StoredMedia]]]) -> list[HeldMessage]:
    """The messages with their media, what else is known about the files, and what imports filled."""
    messages = [message for message, _ in found]
    if (marked := mark_filled(conn, messages)) is not messages:
        found = [(message, slots) for message, (_, slots) in zip(marked, found, strict=True)]
    media = [slots for _, slots in found if slots]
    if not media:
        return [(message, ()) for message, _ in found]
    _add_reasons(conn, [(message, slots) for message, slots in found if slots])
    held = [(message, tuple(slots)) for message, slots in found]
    hashes = {slot.sha256 for slots in media for slot in slots if slot.sha256 is not None}
    made = list_annotations(conn, hashes) if hashes else None
    return [(_annotated(message, slots, made), slots) for message, slots in held] if made else held


def _annotated(
    message: StoredMessage, slots: Iterable[StoredMedia], made: Mapping[str, Sequence[Annotation]]
) -> StoredMessage:
    """The message, with the texts that programs made of its files."""
    hashes = dict.fromkeys(slot.sha256 for slot in slots if slot.sha256 is not None)
    found = [one.to_object() for sha256 in hashes for one in made.get(sha256, ())]
    return message._replace(annotations=orjson.dumps(found).decode()) if found else message


def _add_reasons(conn: Reader, held: Iterable[tuple[StoredMessage, list[StoredMedia]]]) -> None:
    """Say why files are not stored, and which came with an import, of messages that Telegram showed."""
    captured = _SAYS_ALL - {"downloaded"} if _has_imports(conn) else _SAYS_ALL
    found = [(slots, _SAYS_ALL if message.layer == IMPORTED else captured) for message, slots in held]
    asked = {
        file_key(slot.kind, str(slot.id))
        for slots, says_all in found
        for slot in slots
        if slot.status not in says_all and slot.id
    }
    known = find_reasons(conn, asked) if asked else {}
    if not known:
        return
    for slots, says_all in found:
        slots[:] = [
            slot if slot.status in says_all else slot._replace(reason=known.get(file_key(slot.kind, str(slot.id))))
            for slot in slots
        ]


def _has_imports(conn: Reader) -> bool:
    return conn.execute("SELECT 1 FROM import_source LIMIT 1").fetchone() is not None


def has_search_tables(conn: Reader) -> bool:
    """Whether the embedded engine's tables exist."""
    cursor = conn.execute("SELECT 1 FROM sqlite_master WHERE name = 'search_layout'")
    return cursor.fetchone() is not None
