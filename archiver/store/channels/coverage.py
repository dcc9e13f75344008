"""Table `coverage`: the ranges of ids that were read completely, by channel and generation."""

from __future__ import annotations

import sqlite3

from archiver.ids import ChannelId
from archiver.model import coverage
from archiver.model.coverage import Interval
from archiver.store.database import Reader

BEFORE = 0
"""The generation number used for all earlier generations together."""
_LIST = "SELECT lo, hi FROM coverage WHERE channel_id = ? AND generation = ? ORDER BY lo"


def list_coverage(conn: Reader, channel_id: ChannelId, generation: int) -> list[Interval]:
    """The intervals, ascending and disjoint. Generation `BEFORE`: those read in any earlier generation."""
    cursor = conn.execute(_LIST, (channel_id, generation))
    return [(int(lo), int(hi)) for lo, hi in cursor]


def list_all_coverage(conn: Reader) -> dict[int, list[Interval]]:
    """The intervals of every channel in its current generation."""
    found: dict[int, list[Interval]] = {}
    query = (
        "SELECT channel_id, lo, hi FROM channel JOIN coverage USING (channel_id, generation) ORDER BY channel_id, lo"
    )
    cursor = conn.execute(query)
    for channel_id, lo, hi in cursor:
        found.setdefault(int(channel_id), []).append((int(lo), int(hi)))
    return found


def cover(conn: sqlite3.Connection, channel_id: ChannelId, generation: int, lo: int, hi: int) -> None:
    """Add [lo, hi], merging it with adjacent intervals."""
    before: list[Interval] = conn.execute(_LIST, (channel_id, generation)).fetchall()
    after = coverage.add(before, lo, hi)
    gone = [interval for interval in before if interval not in after]
    new = [interval for interval in after if interval not in before]
    conn.executemany(
        "DELETE FROM coverage WHERE channel_id = ? AND generation = ? AND lo = ?",
        [(channel_id, generation, old_lo) for old_lo, _ in gone],
    )
    conn.executemany(
        "INSERT INTO coverage (channel_id, generation, lo, hi) VALUES (?, ?, ?, ?)",
        [(channel_id, generation, new_lo, new_hi) for new_lo, new_hi in new],
    )


def retire(conn: sqlite3.Connection, channel_id: ChannelId, generation: int) -> None:
    """End a generation: merge its coverage into that of `BEFORE`."""
    for lo, hi in conn.execute(_LIST, (channel_id, generation)).fetchall():
        cover(conn, channel_id, BEFORE, lo, hi)
    conn.execute("DELETE FROM coverage WHERE channel_id = ? AND generation = ?", (channel_id, generation))
