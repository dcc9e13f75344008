"""Integrity of the archive: SQLite's own check, and every payload against its SHA-256."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator

import aiosqlite

from archiver.store.database import Reader

_PAGE = 500
_MESSAGES = "SELECT channel_id, message_id, 0, payload_sha256, raw FROM message"
_REVISIONS = "SELECT channel_id, message_id, revision, payload_sha256, raw FROM revision"
_PARTS = "SELECT channel_id, message_id, -1, payload_sha256, raw FROM rich_part WHERE completed_at IS NOT NULL"


def check_file(conn: Reader) -> list[str]:
    """The problems that SQLite finds in the file; empty if it is sound."""
    cursor = conn.execute("PRAGMA quick_check(10)")
    found = [str(row[0]) for row in cursor]
    return [] if found == ["ok"] else found


def count_payloads(conn: Reader) -> int:
    """The number of payloads, for the progress of reading them all."""
    tables = ("message", "revision", "rich_part WHERE completed_at IS NOT NULL")
    return sum(conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables)


async def iter_payloads(conn: aiosqlite.Connection) -> AsyncGenerator[tuple[int, int, int, bool], None]:
    """Yield (channel_id, message_id, revision, sound) for every payload.

    Revision 0 is the current content, -1 the part that preceded a whole rich message.
    """
    for query in (_MESSAGES, _REVISIONS, _PARTS):
        async with conn.execute(query) as cursor:
            while rows := await cursor.fetchmany(_PAGE):
                for channel_id, message_id, revision, digest, raw in rows:
                    sound = isinstance(raw, bytes) and hashlib.sha256(raw).digest() == digest
                    yield channel_id, message_id, revision, sound
