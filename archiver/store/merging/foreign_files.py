"""The stored files of another archive, and the texts that programs made of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final, NamedTuple

import orjson

from archiver.ids import ChannelId, MessageId
from archiver.model.imported import FILE_ORIGIN, IMPORTED
from archiver.model.media_file import FileKey, parse_key, whole_key
from archiver.store.database import Reader
from archiver.store.faults import go_on
from archiver.store.media.annotation import Annotation
from archiver.store.media.file import find_blob, find_file, keep_blob, settle_downloaded
from archiver.store.media.file_slot import shows_file
from archiver.store.merging.foreign import ForeignArchive
from archiver.store.merging.foreign_values import Checks, is_digest, is_text, is_time, or_null

_NAMES: Final = ("hook", "program", "version", "language", "text", "exit_status", "at", "seconds")
_PAGE: Final = 500


class ForeignFile(NamedTuple):
    """A file whose bytes the other archive has."""

    key: FileKey | None
    """None: no message shows it."""
    sha256: str
    size: int
    origin: str | None = None
    """FILE_ORIGIN if an import brought it."""

    @property
    def name(self) -> str:
        """What it is called where it is left out."""
        return self.key or self.sha256


def iter_files(archive: ForeignArchive, channels: Collection[ChannelId] | None) -> Iterator[ForeignFile]:
    """Yield the stored files. `channels`: only those that messages of these channels show, or showed."""
    if not archive.has("file") or archive.is_extract:
        return
    after = ""
    query = (
        "SELECT file_key, sha256, blob.size, reason FROM file JOIN blob USING (sha256) WHERE file_key > ?"
        " AND status = 'downloaded' AND state = 'present' ORDER BY file_key LIMIT ?"
    )
    while rows := archive.conn.execute(query, (after, _PAGE)).fetchall():
        for row in rows:
            file = _read(row)
            if file is not None and (channels is None or _is_shown(archive.conn, FileKey(row[0]), channels)):
                yield file
        after = go_on(after, rows[-1][0])
    if channels is None:
        yield from _iter_unshown(archive)


def _iter_unshown(archive: ForeignArchive) -> Iterator[ForeignFile]:
    """Yield what imports brought, and no message shows."""
    shown = "SELECT sha256 FROM file WHERE sha256 IS NOT NULL"
    query = f"SELECT sha256, size FROM blob WHERE state = 'present' AND sha256 NOT IN ({shown}) ORDER BY sha256"
    for sha256, size in archive.fetch(query):
        if is_digest(sha256) and isinstance(size, int) and size >= 0:
            yield ForeignFile(None, sha256, size)


def _read(row: tuple[Any, ...]) -> ForeignFile | None:
    key, sha256, size, reason = row
    try:
        parse_key(key)
    except (ValueError, TypeError):
        return None
    origin = FILE_ORIGIN if reason == FILE_ORIGIN else None
    return ForeignFile(key, sha256, size, origin) if is_digest(sha256) and isinstance(size, int) and size >= 0 else None


def iter_showing(archive: ForeignArchive, key: FileKey) -> Iterator[tuple[ChannelId, MessageId]]:
    """Yield the messages that only imports have there, and that show a file."""
    is_photo, id_ = parse_key(key)
    query = (
        "SELECT DISTINCT channel_id, message_id FROM media INDEXED BY media_file"
        f" JOIN message USING (channel_id, message_id) WHERE {shows_file('media')} AND layer = ?"
    )
    yield from archive.fetch(query, (id_, is_photo, IMPORTED))


def _is_shown(conn: sqlite3.Connection, key: FileKey, channels: Collection[ChannelId]) -> bool:
    is_photo, id_ = parse_key(whole_key(key))
    listed = orjson.dumps(list(channels)).decode()
    query = (
        "SELECT max(channel_id IN (SELECT value FROM json_each(?))) FROM media INDEXED BY media_file"
        f" WHERE {shows_file('media')}"
    )
    [(shown,)] = conn.execute(query, (listed, id_, is_photo)).fetchall()
    if shown is not None:
        return bool(shown)
    return _was_shown(conn, id_, listed)


def _was_shown(conn: sqlite3.Connection, id_: str, channels: str) -> bool:
    """Whether an earlier content of these channels shows it. Reads all of them, for the few files without another."""
    query = "SELECT 1 FROM revision WHERE channel_id IN (SELECT value FROM json_each(?)) AND instr(media, ?) LIMIT 1"
    return conn.execute(query, (channels, f'"{id_}"')).fetchone() is not None


def iter_annotated(archive: ForeignArchive) -> Iterator[list[Annotation]]:
    """Yield the texts that programs made, those of the same bytes together; impossible ones are left out."""
    after = ""
    query = (
        "SELECT DISTINCT sha256 FROM annotation WHERE sha256 > ? AND status = 'done' AND replaced_at IS NULL"
        " ORDER BY sha256 LIMIT ?"
    )
    while archive.has("annotation") and (rows := archive.conn.execute(query, (after, _PAGE)).fetchall()):
        for (sha256,) in rows:
            if made := list(_list_texts(archive, sha256)):
                yield made
        after = go_on(after, rows[-1][0])


def _list_texts(archive: ForeignArchive, sha256: str) -> Iterator[Annotation]:
    query = (
        f"SELECT {', '.join(_NAMES)} FROM annotation WHERE sha256 = ? AND status = 'done' AND replaced_at IS NULL"
        " ORDER BY hook LIMIT 100"
    )
    for row in archive.fetch(query, (sha256,)):
        if _ANNOTATION.accept(row):
            yield Annotation(sha256=sha256, reason=None, **dict(zip(_NAMES, row, strict=True)))


def is_wanted(conn: Reader, file: ForeignFile) -> bool:
    """Whether we lack the bytes, or have them from an import while Telegram sent theirs."""
    if file.key is None:
        blob = find_blob(conn, file.sha256)
        return blob is None or blob.state != "present"
    held = find_file(conn, file.key)
    return held.status != "downloaded" or (held.reason == FILE_ORIGIN and file.origin is None)


def take_file(conn: sqlite3.Connection, file: ForeignFile, captured: Iterable[FileKey], *, now: int) -> None:
    """Record that the bytes are stored. `captured`: files of captured posts that are this one."""
    if file.key is None:
        keep_blob(conn, sha256=file.sha256, size=file.size, now=now)
    elif is_wanted(conn, file):
        settle_downloaded(conn, file.key, sha256=file.sha256, size=file.size, now=now, origin=file.origin)
    for key in captured:
        if find_file(conn, key).status != "downloaded":
            settle_downloaded(conn, key, sha256=file.sha256, size=file.size, now=now, origin=file.origin)


_ANNOTATION: Final = Checks(
    (
        ("hook", lambda value: value in ("transcribe", "ocr")),
        ("program", is_text),
        ("version", or_null(is_text)),
        ("language", or_null(is_text)),
        ("text", is_text),
        ("exit_status", or_null(lambda value: type(value) is int)),
        ("at", is_time),
        ("seconds", lambda value: type(value) in (int, float) and value >= 0),
    )
)
