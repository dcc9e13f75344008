"""Table `picture_hash`: perceptual hashes of pictures, by file, and how to find those nearby.

Of two hashes at most MOST_BITS apart, at least one of four parts of 16 bits differs in at most one bit. So four indexes
are asked for 17 values each, which takes 2 ms among a million hashes; reading them all takes 300 ms or more.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Generic, Literal, NamedTuple, TypeAlias, TypeVar

from archiver.ids import ChannelId, MessageId
from archiver.model.media_file import FileKey, file_key, parse_key
from archiver.store.database import Reader
from archiver.store.faults import go_on
from archiver.store.media.file_slot import FILE_SLOT, key_of, shows_file

Source: TypeAlias = Literal["file", "thumbnail", "preview"]
"""What a hash was made of; each is worse than the one before."""

METHOD: Final = "phash 1"
"""How hashes are made (`archiver.media.picture_worker`). A change that gives others needs a migration that empties the
table, since all hashes in it are compared."""
MOST_BITS: Final = 7
"""The largest distance that `find_near` can search."""
PAGE: Final = 2_000
"""Rows looked at in one read, some 20 ms, so that others wait no longer for the connection."""
PICTURE_KINDS: Final = ("photo", "image", "video", "round", "gif")
"""Kinds of media that are pictures, or are shown by one."""

_PARTS: Final = 4
_PART_BITS: Final = 16
_PART: Final = (1 << _PART_BITS) - 1
_ALL: Final = (1 << 64) - 1
_KINDS: Final = f"kind IN ({', '.join(map(repr, PICTURE_KINDS))})"


class Unhashed(NamedTuple):
    """A stored file that has no hash yet, or one made of something worse."""

    key: FileKey
    """Of the picture, even if only its thumbnail is stored."""
    source: Source
    sha256: str


class UnhashedPreview(NamedTuple):
    """A picture without any hash, and a message that shows it."""

    key: FileKey
    channel_id: ChannelId
    message_id: MessageId


T = TypeVar("T")


class HashPage(NamedTuple, Generic[T]):
    """Some of what is to be hashed."""

    items: list[T]
    after: str | None
    """Where to continue; None: this was the last page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureHash:
    """The hash of one picture."""

    key: FileKey
    source: Source
    hash: int | None
    """64 bits; None: there is none that can be compared."""
    reason: str | None = None
    """Why there is none, or none of the file."""


class ShownBy(NamedTuple):
    """A message that shows a file."""

    channel_id: ChannelId
    message_id: MessageId
    date: int
    media: str
    """The kind of the attachment."""


class PictureCounts(NamedTuple):
    """How many pictures can be compared."""

    pictures: int
    """Archived ones, each counted once however often it is shown."""
    hashed: int
    unsuitable: int
    """Those looked at that have no hash: they show too little, cannot be decoded, or have no preview."""


def list_unhashed(conn: Reader, *, after: str = "", limit: int = PAGE) -> HashPage[Unhashed]:
    """Stored pictures and thumbnails still to hash, among the next `limit` files by key."""
    rows = conn.execute(
        f"""SELECT f.file_key, f.sha256, f.status = 'downloaded' AND f.sha256 IS NOT NULL
              AND CASE WHEN f.file_key LIKE '%/thumb' THEN p.source IS NULL OR p.source = 'preview'
                       ELSE p.source IS NOT 'file' AND NOT (p.hash IS NOT NULL AND p.reason IS NOT NULL)
                           AND (f.file_key LIKE 'photo/%' OR EXISTS (
                           SELECT 1 FROM media INDEXED BY media_file WHERE {FILE_SLOT} AND kind = 'image'
                           AND id = substr(f.file_key, instr(f.file_key, '/') + 1))) END
            FROM file AS f LEFT JOIN picture_hash AS p ON p.file_key = replace(f.file_key, '/thumb', '')
            WHERE f.file_key > ?1 ORDER BY f.file_key LIMIT ?2""",
        (after, limit),
    ).fetchall()
    found = [_unhashed(key, sha256) for key, sha256, is_wanted in rows if is_wanted]
    return HashPage(found, go_on(after, rows[-1][0]) if len(rows) == limit else None)


def _unhashed(key: str, sha256: str) -> Unhashed:
    base = FileKey(key.removesuffix("/thumb"))
    return Unhashed(base, "file" if base == key else "thumbnail", sha256)


def list_unhashed_previews(conn: Reader, *, after: str = "", limit: int = PAGE) -> HashPage[UnhashedPreview]:
    """Pictures without any hash, each with a message that shows it, among the next `limit` attachments by id."""
    rows = conn.execute(
        f"""SELECT m.id, m.kind, m.channel_id, m.message_id, p.file_key IS NULL
            FROM (SELECT id, kind, channel_id, message_id FROM media INDEXED BY media_file
                  WHERE {FILE_SLOT} AND {_KINDS} AND id > ?1 ORDER BY id LIMIT ?2) AS m
            LEFT JOIN picture_hash AS p
            ON p.file_key = {key_of("m")} ORDER BY m.id""",
        (after, limit),
    ).fetchall()
    found = {
        key: UnhashedPreview(key, channel_id, message_id)
        for id_, kind, channel_id, message_id, is_wanted in rows
        if is_wanted and (key := file_key(kind, id_))
    }
    return HashPage(list(found.values()), go_on(after, rows[-1][0]) if len(rows) == limit else None)


def put_hashes(conn: sqlite3.Connection, hashes: Iterable[PictureHash], *, now: int) -> None:
    """Record hashes, instead of those made of something worse."""
    conn.executemany(
        "INSERT INTO picture_hash (file_key, source, method, hash, reason, at) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (file_key) DO UPDATE SET source = excluded.source, method = excluded.method,"
        " hash = excluded.hash, reason = excluded.reason, at = excluded.at",
        [(one.key, one.source, METHOD, _signed(one.hash), one.reason, now) for one in hashes],
    )


def find_hashes(conn: Reader, keys: Iterable[FileKey]) -> dict[FileKey, PictureHash]:
    """The hashes of these pictures; those that were not made are left out."""
    query = "SELECT file_key, source, hash, reason FROM picture_hash WHERE file_key IN (SELECT value FROM json_each(?))"
    return {row[0]: _hash(row) for row in conn.execute(query, (json.dumps(list(keys)),))}


def find_near(conn: Reader, wanted: int, *, bits: int) -> list[tuple[PictureHash, int]]:
    """All pictures whose hash differs in at most `bits` bits, with the number of bits that differ."""
    if not 0 <= bits <= MOST_BITS:
        raise ValueError(f"distances from 0 to {MOST_BITS} can be searched, not {bits}")
    found: dict[FileKey, tuple[PictureHash, int]] = {}
    for number in range(_PARTS):
        for row in _list_candidates(conn, wanted, number):
            distance = ((row[2] & _ALL) ^ wanted).bit_count()
            if distance <= bits:
                found[row[0]] = (_hash(row), distance)
    return sorted(found.values(), key=lambda one: (one[1], one[0].key))


def _list_candidates(conn: Reader, wanted: int, number: int) -> Iterator[tuple[FileKey, Source, int, None]]:
    """Hashes that differ in at most one bit of this part."""
    shift = number * _PART_BITS
    part = wanted >> shift & _PART
    values = [part, *(part ^ 1 << bit for bit in range(_PART_BITS))]
    # The expression is spelled as in the index, which is used only for these words.
    spelled = f"hash >> {shift} & {_PART}" if shift else f"hash & {_PART}"
    query = (
        f"SELECT file_key, source, hash, NULL FROM picture_hash INDEXED BY picture_hash_{number}"
        f" WHERE hash IS NOT NULL AND {spelled} IN ({', '.join('?' * len(values))})"
    )
    yield from conn.execute(query, values)


def count_pictures(conn: Reader) -> PictureCounts:
    """How many pictures the archive has, and how many of them can be compared."""
    # Three statements, since SQLite counts along an index only what is asked alone. By id: the same number is hardly
    # ever that of a photo and of a document.
    pictures = f"SELECT count(DISTINCT id) FROM media INDEXED BY media_file WHERE {FILE_SLOT} AND {_KINDS}"
    rows = "SELECT count(*) FROM picture_hash"
    hashed = "SELECT count(*) FROM picture_hash INDEXED BY picture_hash_0 WHERE hash IS NOT NULL"
    shown, seen, usable = (int(conn.execute(query).fetchone()[0]) for query in (pictures, rows, hashed))
    return PictureCounts(max(shown, seen), usable, seen - usable)


def count_material(conn: Reader) -> tuple[int, int]:
    """Known files and attachments: as long as neither changes, there is nothing new to derive."""
    shown = f"SELECT count(*) FROM media INDEXED BY media_file WHERE {FILE_SLOT}"
    return count_known(conn), int(conn.execute(shown).fetchone()[0])


def count_known(conn: Reader) -> int:
    """How many files have a known SHA-256, so that the same bytes can be found."""
    query = "SELECT count(*) FROM file INDEXED BY file_sha256 WHERE sha256 IS NOT NULL"
    return int(conn.execute(query).fetchone()[0])


def list_shown_by(conn: Reader, key: FileKey, *, limit: int = -1) -> list[ShownBy]:
    """The messages that show a file now, also those deleted since."""
    is_photo, id_ = parse_key(key)
    rows = conn.execute(
        "SELECT channel_id, message_id, date, a.kind FROM"
        f" (SELECT channel_id, message_id, kind FROM media INDEXED BY media_file"
        f"  WHERE {shows_file('media')}) AS a JOIN message USING (channel_id, message_id)"
        " LIMIT ?",
        (id_, is_photo, limit),
    )
    return [ShownBy(*row) for row in rows]


def _hash(row: tuple[str, Source, int | None, str | None]) -> PictureHash:
    key, source, value, reason = row
    return PictureHash(key=FileKey(key), source=source, hash=None if value is None else value & _ALL, reason=reason)


def _signed(value: int | None) -> int | None:
    """As SQLite stores 64 bits."""
    return value - (1 << 64) if value is not None and value >> 63 else value
