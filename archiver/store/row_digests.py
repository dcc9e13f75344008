"""Digests of rows that were exported before, in a temporary database of their own: memory stays constant."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self

_CACHE_KIB = 8192


class RowDigests:
    """A context manager: the digest of each message's row. SQLite removes its file when it is closed, or killed."""

    def __init__(self) -> None:
        self._conn = sqlite3.connect("", isolation_level=None)
        for pragma in (f"cache_size = -{_CACHE_KIB}", "journal_mode = OFF", "synchronous = OFF"):
            self._conn.execute(f"PRAGMA {pragma}")
        self._conn.execute(
            "CREATE TABLE held (channel_id INTEGER, message_id INTEGER, digest BLOB NOT NULL,"
            " PRIMARY KEY (channel_id, message_id)) WITHOUT ROWID"
        )
        self._conn.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._conn.close()

    def __len__(self) -> int:
        return int(self._conn.execute("SELECT count(*) FROM held").fetchone()[0])

    def put(self, rows: Iterable[tuple[int, int, bytes]]) -> None:
        """Keep (channel_id, message_id, digest) of each row, instead of an earlier one of the same message."""
        self._conn.executemany("INSERT OR REPLACE INTO held VALUES (?, ?, ?)", rows)

    def take(self, channel_id: int, message_id: int) -> bytes | None:
        """Remove the digest of a message's row, and return it; None without one."""
        query = "DELETE FROM held WHERE channel_id = ? AND message_id = ? RETURNING digest"
        found = self._conn.execute(query, (channel_id, message_id)).fetchall()
        return found[0][0] if found else None

    def remove(self, channel_id: int, lo: int, hi: int) -> None:
        """Remove those of the messages with these ids, both ends included."""
        self._conn.execute("DELETE FROM held WHERE channel_id = ? AND message_id BETWEEN ? AND ?", (channel_id, lo, hi))

    def list_ranges(self) -> Iterator[tuple[int, int, int]]:
        """The messages that have one, as (channel_id, lo, hi) of adjacent ids, sorted."""
        run: tuple[int, int, int] | None = None
        for channel_id, number in self._conn.execute("SELECT channel_id, message_id FROM held ORDER BY 1, 2"):
            if run is not None and run[0] == channel_id and run[2] == number - 1:
                run = (channel_id, run[1], number)
                continue
            if run is not None:
                yield run
            run = (channel_id, number, number)
        if run is not None:
            yield run
