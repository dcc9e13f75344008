"""Tables `file` and `blob`, and the columns of `media` that follow them: the only place that writes any of these.

A file without a row is not downloaded. What becomes of a file is written in one transaction with the slots of all
channels that show it, their search rows and the outbox. A sticker may be shown by 100,000 messages: each transaction
updates at most SLOTS of them, and `update_slots` the rest.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from archiver.errors import IntegrityError
from archiver.ids import ChannelId, MessageId
from archiver.model.imported import FILE_ORIGIN
from archiver.model.media_file import (
    BlobState,
    FileKey,
    FileState,
    FileStatus,
    find_key,
    is_thumb,
    parse_key,
)
from archiver.store.database import Reader
from archiver.store.media.file_slot import shows_file
from archiver.store.media.media_refresh import refresh_messages

if TYPE_CHECKING:
    from archiver.model.record import Media, Message

_STATUS: Final = (
    "SELECT file_key, status, reason, since, attempts, retry_at, sha256, coalesce(blob.size, file.size), mime, dc_id"
    " FROM file LEFT JOIN blob USING (sha256)"
)
_BLOB_TO_FILE: Final[dict[BlobState, tuple[FileState, str | None]]] = {
    "present": ("downloaded", None),
    "offloaded": ("offloaded", None),
    "missing": ("failed", "the stored copy is missing"),
    "damaged": ("failed", "the stored copy is damaged"),
}
SLOTS: Final = 500
"""Maximum number of slots updated in one transaction, so that mirroring waits for less than a second."""


class ShowingSlot(NamedTuple):
    """A slot that shows a file."""

    channel_id: ChannelId
    message_id: MessageId
    slot: int


class Blob(NamedTuple):
    """Stored bytes. Times are unix seconds."""

    sha256: str
    size: int
    stored_at: int
    verified_at: int | None
    state: BlobState


def find_files(conn: Reader, keys: Iterable[FileKey]) -> dict[FileKey, FileStatus]:
    """What is known of these files; unknown ones are left out."""
    rows = conn.execute(f"{_STATUS} WHERE file_key IN (SELECT value FROM json_each(?))", (_json(keys),))
    return {row[0]: _status(row) for row in rows}


def find_file(conn: Reader, key: FileKey) -> FileStatus:
    """What is known of a file."""
    return find_files(conn, [key]).get(key, FileStatus(key=key))


def list_files_of(conn: Reader, sha256: str) -> list[FileStatus]:
    """The files with these bytes: the same picture may have been uploaded several times."""
    return [_status(row) for row in conn.execute(f"{_STATUS} WHERE sha256 = ? ORDER BY file_key", (sha256,))]


def list_shown(conn: Reader, key: FileKey, *, limit: int = -1) -> list[ShowingSlot]:
    """The slots of present contents that show a file and whose messages are not known to be missing, newest first."""
    is_photo, id_ = parse_key(key)
    rows = conn.execute(
        f"SELECT channel_id, message_id, slot FROM media INDEXED BY media_file"
        f" JOIN message USING (channel_id, message_id) WHERE {shows_file('media')}"
        " AND missing_since IS NULL ORDER BY date DESC, channel_id, message_id, slot LIMIT ?",
        (id_, is_photo, limit),
    )
    return [ShowingSlot(*row) for row in rows]


def find_blob(conn: Reader, sha256: str) -> Blob | None:
    """The stored bytes with this hash; None if they never were stored."""
    query = "SELECT sha256, size, stored_at, verified_at, state FROM blob WHERE sha256 = ?"
    row = conn.execute(query, (sha256,)).fetchone()
    return None if row is None else Blob(*row)


def settle_downloaded(
    conn: sqlite3.Connection, key: FileKey, *, sha256: str, size: int, now: int, origin: str | None = None
) -> None:
    """The bytes of a file are stored (`blob_store.adopt`): record it for every slot that shows it.

    `origin`: FILE_ORIGIN if Telegram did not send them.
    """
    held = find_blob(conn, sha256)
    if held is not None and held.size != size:
        raise IntegrityError(
            f"{key}: its SHA-256 {sha256} was stored before with {held.size:,} bytes, now with {size:,}.",
            hint="One of the two is damaged: check with `telekeep verify --media`.",
        )
    keep_blob(conn, sha256=sha256, size=size, now=now)
    _put(conn, key, status="downloaded", reason=origin, now=now, sha256=sha256, size=size)


def keep_blob(conn: sqlite3.Connection, *, sha256: str, size: int, now: int) -> None:
    """These bytes are stored, whatever shows them: all files that have them can be read again."""
    conn.execute(
        "INSERT INTO blob (sha256, size, stored_at, verified_at, state) VALUES (?, ?, ?, ?, 'present')"
        " ON CONFLICT DO UPDATE SET verified_at = excluded.verified_at, state = 'present'",
        (sha256, size, now, now),
    )
    for file in list_files_of(conn, sha256):
        if file.status in {"offloaded", "failed"}:
            _put(conn, file.key, status="downloaded", reason=_origin_of(file), now=now, sha256=sha256)


def settle_failed(
    conn: sqlite3.Connection,
    key: FileKey,
    *,
    status: FileState,
    reason: str | None,
    now: int,
    retry_at: int | None = None,
    size: int | None = None,
) -> None:
    """Fetching a file ended without its bytes. `retry_at`: when to try again; `size`: if it proved to be another."""
    _put(conn, key, status=status, reason=reason, now=now, retry_at=retry_at, size=size, failed=status == "failed")


def set_blob_state(conn: sqlite3.Connection, sha256: str, state: BlobState, *, now: int) -> None:
    """Record what became of stored bytes, or that they were checked, for every file that has them.

    Damaged ones are fetched again; missing ones only when somebody asks, who may have moved them to another disk.
    """
    conn.execute(
        "UPDATE blob SET state = ?1, verified_at = CASE ?1 WHEN 'present' THEN ?2 ELSE verified_at END"
        " WHERE sha256 = ?3",
        (state, now, sha256),
    )
    status, why = _BLOB_TO_FILE[state]
    for file in list_files_of(conn, sha256):
        reason = why or _origin_of(file)
        if (file.status, file.reason) != (status, reason):
            _put(conn, file.key, status=status, reason=reason, now=now, retry_at=now if state == "damaged" else None)


def _origin_of(file: FileStatus) -> str | None:
    return FILE_ORIGIN if file.reason == FILE_ORIGIN else None


def change_blob_state(conn: sqlite3.Connection, sha256: str, before: BlobState, state: BlobState, *, now: int) -> None:
    """The same, unless another program has moved, removed or fetched the file since its state was read as `before`."""
    held = find_blob(conn, sha256)
    if held is not None and held.state == before:
        set_blob_state(conn, sha256, state, now=now)


def forget_outcome(conn: sqlite3.Connection, keys: Iterable[FileKey], *, now: int) -> None:
    """Files whose fetching failed or ended are to be fetched as if for the first time, now; their hashes stay."""
    for key, file in find_files(conn, keys).items():
        if file.status not in {"not downloaded", "downloaded"}:
            _put(conn, key, status="not downloaded", reason=None, now=now, retry_at=now)
            conn.execute("UPDATE file SET attempts = 0 WHERE file_key = ?", (key,))


def fill_files(conn: Reader, messages: Collection[Message]) -> list[Message]:
    """The messages, with what is known of the files that they show."""
    keys = _list_keys(messages)
    if not keys or not has_files(conn):
        return list(messages)
    known = find_files(conn, keys)
    return [_filled(message, known) for message in messages]


def revive_gone(conn: sqlite3.Connection, messages: Iterable[Message], *, now: int) -> None:
    """New contents show these files: one that was gone with all its messages can be fetched again."""
    if has_files(conn):
        files = find_files(conn, _list_keys(messages))
        gone = [key for key, file in files.items() if file.status == "gone"]
        forget_outcome(conn, gone, now=now)


def has_files(conn: Reader) -> bool:
    """Whether anything is known of any file."""
    return conn.execute("SELECT 1 FROM file LIMIT 1").fetchone() is not None


def _put(
    conn: sqlite3.Connection,
    key: FileKey,
    *,
    status: FileState,
    reason: str | None,
    now: int,
    retry_at: int | None = None,
    sha256: str | None = None,
    size: int | None = None,
    failed: bool = False,
) -> None:
    """Write the row of a file, and the columns of the slots that show it."""
    conn.execute(
        "INSERT INTO file (file_key, size, status, reason, since, attempts, retry_at, sha256)"
        " VALUES (:key, :size, :status, :reason, :now, :failed, :retry_at, :sha256)"
        " ON CONFLICT DO UPDATE SET size = coalesce(excluded.size, size), status = excluded.status,"
        " reason = excluded.reason, since = CASE WHEN status = excluded.status THEN since ELSE excluded.since END,"
        " attempts = CASE WHEN :failed THEN attempts + 1 WHEN :status = 'downloaded' THEN 0 ELSE attempts END,"
        " retry_at = excluded.retry_at, sha256 = coalesce(excluded.sha256, sha256)",
        {
            "key": key,
            "size": size,
            "status": status,
            "reason": reason,
            "now": now,
            "failed": failed,
            "retry_at": retry_at,
            "sha256": sha256,
        },
    )
    if not is_thumb(key):
        _put_slots(conn, find_file(conn, key), now)


def update_slots(conn: sqlite3.Connection, *, now: int) -> bool:
    """Update further slots that do not show the state of their file yet; return whether there may be more."""
    row = conn.execute("SELECT file_key FROM file WHERE behind ORDER BY file_key LIMIT 1").fetchone()
    if row is not None:
        _put_slots(conn, find_file(conn, row[0]), now)
    return row is not None


def _put_slots(conn: sqlite3.Connection, file: FileStatus, now: int) -> None:
    """Copy a file's state to slots that show it; their search rows and index documents follow."""
    is_photo, id_ = parse_key(file.key)
    values = (file.path, file.sha256, file.status)
    found = conn.execute(
        f"SELECT channel_id, message_id, slot FROM media INDEXED BY media_file WHERE {shows_file('media')}"
        " AND (path IS NOT ? OR sha256 IS NOT ? OR status <> ?) ORDER BY channel_id, message_id, slot LIMIT ?",
        (id_, is_photo, *values, SLOTS + 1),
    ).fetchall()
    conn.executemany(
        "UPDATE media SET path = ?, sha256 = ?, status = ? WHERE channel_id = ? AND message_id = ? AND slot = ?",
        [(*values, *place) for place in found[:SLOTS]],
    )
    conn.execute("UPDATE file SET behind = ? WHERE file_key = ?", (len(found) > SLOTS, file.key))
    if found:
        refresh_messages(conn, {(row[0], row[1]) for row in found[:SLOTS]}, now=now)


def _filled(message: Message, known: dict[FileKey, FileStatus]) -> Message:
    media = tuple(_filled_slot(slot, known) for slot in message.media)
    return message if media == message.media else replace(message, media=media)


def _filled_slot(slot: Media, known: dict[FileKey, FileStatus]) -> Media:
    key = find_key(slot.kind, slot.id)
    if key is None or (file := known.get(key)) is None:
        return slot
    return replace(slot, path=file.path, sha256=file.sha256, status=file.status)


def _list_keys(messages: Iterable[Message]) -> set[FileKey]:
    """The files that the messages show."""
    keys = (find_key(slot.kind, slot.id) for message in messages for slot in message.media)
    return {key for key in keys if key is not None}


def _status(row: Any) -> FileStatus:
    key, status, reason, since, attempts, retry_at, sha256, size, mime, dc_id = row
    return FileStatus(
        key=key,
        status=status,
        reason=reason,
        since=since,
        attempts=attempts,
        retry_at=retry_at,
        sha256=sha256,
        size=size,
        mime=mime,
        dc_id=dc_id,
    )


def _json(values: Iterable[str]) -> str:
    return orjson.dumps(list(values)).decode()
