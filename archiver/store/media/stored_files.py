"""Stored contents, and the slots that show a file: for pruning, and for marking what was moved away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from archiver.model.media_file import FileKey, FileSlot, find_key, parse_key
from archiver.store.database import Reader
from archiver.store.media.file import Blob
from archiver.store.media.file_queue import FAR, make_slot
from archiver.store.media.file_slot import shows_file

_SLOTS: Final = f"""
    SELECT media.channel_id, media.message_id, media.slot, media.kind, media.id, media.mime, media.size, media.extra,
           message.noforwards OR channel.noforwards, message.missing_since IS NOT NULL, media.status, 0, 0, 0
    FROM media INDEXED BY media_file JOIN message USING (channel_id, message_id) JOIN channel USING (channel_id)
    WHERE {shows_file("media")}
    ORDER BY message.date DESC, media.channel_id, media.message_id, media.slot
"""
_RETRIES: Final = "SELECT file_key, retry_at FROM file WHERE status IN ('failed', 'not downloaded') AND"


def list_blobs(conn: Reader, *, after: str, limit: int) -> list[Blob]:
    """Contents that were ever stored, by their hashes above `after`."""
    rows = conn.execute(
        "SELECT sha256, size, stored_at, verified_at, state FROM blob WHERE sha256 > ? ORDER BY sha256 LIMIT ?",
        (after, limit),
    )
    return [Blob(*row) for row in rows]


def iter_slots_of(conn: Reader, key: FileKey) -> Iterator[FileSlot]:
    """Yield the slots of present contents that show a file, the newest first; those of deleted messages, too."""
    is_photo, id_ = parse_key(key)
    for channel_id, *row in conn.execute(_SLOTS, (id_, is_photo)):
        yield make_slot(channel_id, row)


def list_retries(conn: Reader) -> list[tuple[FileKey, int]]:
    """The files that failed and are tried again, or that were asked for again; with the time, the next one first."""
    return conn.execute(f"{_RETRIES} retry_at IS NOT NULL ORDER BY retry_at").fetchall()


def list_lost(conn: Reader) -> list[FileKey]:
    """The files that failed and are not tried again by themselves: their stored copies are missing."""
    return [row[0] for row in conn.execute("SELECT file_key FROM file WHERE status = 'failed' AND retry_at IS NULL")]


def list_due_retries(conn: Reader, *, now: int, limit: int) -> list[FileKey]:
    """Some of those whose time has come, the first ones; or is so far off that the clock must have been wrong."""
    rows = conn.execute(f"{_RETRIES} retry_at <= ? ORDER BY retry_at LIMIT ?", (now, limit)).fetchall()
    rows += conn.execute(f"{_RETRIES} retry_at > ? ORDER BY retry_at LIMIT ?", (now + FAR, limit)).fetchall()
    return [row[0] for row in rows]


def find_earlier(conn: Reader) -> set[FileKey]:
    """The files that earlier contents of messages show."""
    rows = conn.execute(
        "SELECT DISTINCT slot.value ->> 'kind', slot.value ->> 'id' FROM revision, json_each(revision.media) AS slot"
        " WHERE revision.media <> '[]' AND slot.value ->> 'id' IS NOT NULL"
    )
    return {key for kind, id_ in rows if (key := find_key(kind, id_)) is not None}
