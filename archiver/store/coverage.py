"""Table `coverage`: which ids of a channel were read to the last one, in its present generation."""

from __future__ import annotations

import sqlite3

import aiosqlite

from archiver import coverage
from archiver.coverage import Interval

_LIST = "SELECT lo, hi FROM coverage WHERE channel_id = ? AND generation = ? ORDER BY lo"


async def list_coverage(conn: aiosqlite.Connection, channel_id: int, generation: int) -> list[Interval]:
    """The intervals, ascending and disjoint."""
    async with conn.execute(_LIST, (channel_id, generation)) as cursor:
        return [(int(lo), int(hi)) async for lo, hi in cursor]


def cover(conn: sqlite3.Connection, channel_id: int, generation: int, lo: int, hi: int) -> None:
    """Add [lo, hi]; neighbours become one row."""
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
