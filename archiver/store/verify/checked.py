"""Rows as `telekeep verify` reads them: all tables for a range of one channel's messages, in one transaction.

Text that is not UTF-8 is read too, so that it can be reported.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from archiver.ids import ChannelId
from archiver.model.record import Media
from archiver.store.medium import find_reading
from archiver.store.messages.message import CONTENT_NAMES

Row: TypeAlias = tuple[Any, ...]
ById: TypeAlias = dict[Any, list[Row]]

AFTER = (
    "origin",
    "generation",
    "first_seen",
    "last_seen",
    "missing_since",
    "missing_how",
    "revisions",
    "seen_pts",
    "lang",
)
"""Columns of `message` after the id and the content."""
FILE_NAMES = ("path", "sha256", "status")
MEDIA_NAMES = tuple(field.name for field in fields(Media) if field.name not in FILE_NAMES)
REVISION_NAMES = (
    "revision",
    "edit_date",
    "text",
    "entities",
    "media",
    "markup",
    "extra",
    "first_seen",
    "last_seen",
    "replaced_at",
    "content_hash",
    "payload_sha256",
    "layer",
    "raw",
)
PART_NAMES = (
    "moment",
    "part_hash",
    "payload_sha256",
    "layer",
    "raw",
    "noticed_at",
    "completed_at",
    "attempts",
    "retry_at",
    "refused",
)
Damaged = sqlite3.Error
"""What any read may raise on a damaged file."""
UNREADABLE = (Damaged, ValueError, TypeError, KeyError, OverflowError, AttributeError)
"""What making a record may raise on a row with values that telekeep never writes."""


class StoredRange(NamedTuple):
    """What other tables store of a range of messages, by message id."""

    media: ById
    revisions: ById
    absences: ById
    counters: ById
    parts: ById
    pieces: ById

    @property
    def marked(self) -> set[int]:
        """Messages that have more than a row and its media."""
        return {*self.revisions, *self.absences, *self.counters, *self.parts, *self.pieces}


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the archive's file read-only."""
    uri, _ = find_reading(path)
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as conn:
        conn.execute("PRAGMA temp_store = MEMORY")
        conn.execute("PRAGMA busy_timeout = 10000")
        yield conn


@contextmanager
def one_state(conn: sqlite3.Connection) -> Iterator[None]:
    """Make all reads within see one state of the archive. Restores strict text decoding at the end."""
    conn.execute("BEGIN")
    try:
        yield
    finally:
        conn.text_factory = str
        if conn.in_transaction:
            conn.execute("ROLLBACK")


def read_range(conn: sqlite3.Connection, channel_id: ChannelId, lo: int, hi: int) -> StoredRange:
    """What other tables store of the channel's messages with an id within [lo, hi]."""
    try:
        return _read_range(conn, (channel_id, lo, hi))
    except sqlite3.OperationalError as exc:
        _read_leniently(conn, exc)
        return _read_range(conn, (channel_id, lo, hi))


def iter_messages(conn: sqlite3.Connection, channel_id: ChannelId, lo: int, hi: int) -> Iterator[Row]:
    """Yield the messages with an id within [lo, hi] as they are read, a third quicker than all at once.

    Their text is UTF-8, still to be decoded.
    """
    try:
        for row in conn.execute(_MESSAGES, (channel_id, lo, hi)):
            yield row
            lo = row[0] + 1
    except sqlite3.OperationalError as exc:
        _read_leniently(conn, exc)
        yield from conn.execute(_MESSAGES, (channel_id, lo, hi))


def _read_leniently(conn: sqlite3.Connection, exc: sqlite3.OperationalError) -> None:
    """Allow text that is not UTF-8 if this error reports some; else raise it."""
    if getattr(exc, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF != sqlite3.SQLITE_ERROR:
        raise exc
    conn.text_factory = lenient


def lenient(data: bytes) -> str:
    """Decode text that may not be UTF-8."""
    return data.decode("utf-8", "surrogateescape")


_CONTENT = ", ".join("CAST(text AS BLOB)" if name == "text" else name for name in CONTENT_NAMES)
_MESSAGES = (
    f"SELECT message_id, {_CONTENT}, {', '.join(AFTER)} FROM message"
    " WHERE channel_id = ? AND message_id BETWEEN ? AND ? ORDER BY message_id"
)


def _read_range(conn: sqlite3.Connection, within: tuple[int, int, int]) -> StoredRange:
    return StoredRange(
        _grouped(conn, "media", (*MEDIA_NAMES, *FILE_NAMES), "slot", within),
        _grouped(conn, "revision", REVISION_NAMES, "revision", within),
        _grouped(conn, "absence", ("noticed_at", "how", "last_seen", "returned_at"), "noticed_at", within),
        _grouped(conn, "counter", ("at", "views", "forwards", "replies", "reactions"), "at", within),
        _grouped(conn, "rich_part", PART_NAMES, "message_id", within),
        _grouped(conn, "imported", ("import_id", "payload_sha256", "raw", "differs"), "import_id", within),
    )


def _grouped(
    conn: sqlite3.Connection, table: str, columns: tuple[str, ...], order: str, within: tuple[int, int, int]
) -> ById:
    found: ById = {}
    query = (
        f"SELECT message_id, {', '.join(columns)} FROM {table} WHERE channel_id = ? AND message_id BETWEEN ? AND ?"
        f" ORDER BY message_id, {order}"
    )
    for row in conn.execute(query, within):
        found.setdefault(row[0], []).append(row[1:])
    return found


class MessageRange(NamedTuple):
    """Ids of one channel to check together."""

    channel_id: ChannelId
    lo: int
    hi: int


LOWEST, HIGHEST = -(2**63), 2**63 - 1
_CHANNELS = """
    WITH RECURSIVE found (id) AS (
        SELECT min(channel_id) FROM message
        UNION SELECT (SELECT min(channel_id) FROM message WHERE channel_id > id) FROM found WHERE id IS NOT NULL
    )
    SELECT id FROM found WHERE id IS NOT NULL
"""
"""One look-up for each channel, instead of reading the whole index; `UNION`, as a damaged index may lead in circles."""


def list_ranges(conn: sqlite3.Connection, size: int) -> list[MessageRange]:
    """All messages, in ranges of `size`; a channel's first and last ranges include ids that are out of bounds."""
    found = []
    channels = [row[0] for row in conn.execute(_CHANNELS)]
    for channel_id in channels:
        lo = LOWEST
        while True:
            row = conn.execute(
                "SELECT message_id FROM message WHERE channel_id = ? AND message_id >= ?"
                " ORDER BY message_id LIMIT 1 OFFSET ?",
                (channel_id, lo, size),
            ).fetchone()
            if row is None or row[0] <= lo:  # a damaged index may lead back
                found.append(MessageRange(channel_id, lo, HIGHEST))
                break
            found.append(MessageRange(channel_id, lo, row[0] - 1))
            lo = row[0]
    return found
