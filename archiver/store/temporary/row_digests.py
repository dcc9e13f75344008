"""Digests of rows that were exported before, in a temporary database of their own: memory stays constant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archiver.store.temporary.temporary_tables import TemporaryTables


class RowDigests(TemporaryTables):
    """The digest of each message's row."""

    def __init__(self) -> None:
        super().__init__(
            "held (channel_id INTEGER, message_id INTEGER, digest BLOB NOT NULL, PRIMARY KEY (channel_id, message_id))"
        )

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
