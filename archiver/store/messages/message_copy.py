"""Copies everything that an archive has of a few messages, and of the imports of their channel, into another one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any, Final, NamedTuple

from archiver.ids import ChannelId, MessageId
from archiver.store.database import Reader

_OF_CHANNEL: Final = ("channel", "import_source")
_OF_MESSAGE: Final = ("message", "media", "revision", "imported")
"""In the order in which they refer to each other."""
_AT_ONCE: Final = 500


class CopiedRows(NamedTuple):
    """Rows of one table."""

    table: str
    columns: Sequence[str]
    rows: Sequence[Any]


def read_copy(conn: Reader, channel_id: ChannelId, ids: Sequence[MessageId]) -> list[CopiedRows]:
    """Read what an archive has of these messages of a channel."""
    parts = [ids[at : at + _AT_ONCE] for at in range(0, len(ids), _AT_ONCE)]
    copied = [_read(conn, table, "channel_id = ?", [channel_id]) for table in _OF_CHANNEL]
    return copied + [one for table in _OF_MESSAGE for one in _of_messages(conn, table, channel_id, parts)]


def _of_messages(
    conn: Reader, table: str, channel_id: ChannelId, parts: Sequence[Sequence[MessageId]]
) -> Iterator[CopiedRows]:
    for part in parts:
        among = f"channel_id = ? AND message_id IN ({', '.join('?' * len(part))})"
        yield _read(conn, table, among, [channel_id, *part])


def _read(conn: Reader, table: str, among: str, values: Sequence[int]) -> CopiedRows:
    with closing(conn.execute(f"SELECT * FROM {table} WHERE {among}", values)) as found:
        return CopiedRows(table, [one[0] for one in found.description], found.fetchall())


def write_copy(conn: sqlite3.Connection, copied: Sequence[CopiedRows]) -> None:
    """Write them into an archive that has none of them, or the same."""
    for one in copied:
        columns, places = ", ".join(one.columns), ", ".join("?" * len(one.columns))
        conn.executemany(f"INSERT OR IGNORE INTO {one.table} ({columns}) VALUES ({places})", one.rows)
