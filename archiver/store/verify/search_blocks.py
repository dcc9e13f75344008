"""The block summaries of the embedded engine, as `telekeep verify` compares them with their rows."""

from __future__ import annotations

import sqlite3
from typing import Final

from search.exact.changes import Row
from search.exact.docid import is_in_window
from search.exact.skip_index import BLOCK_BITS, is_in_block
from search.flags import SUPERSEDED

_ROW: Final = ", ".join(f"d.{name}" for name in Row._fields)
_FITS: Final = " AND ".join(
    (
        f"d.flags & ~(b.flags | {SUPERSEDED}) = 0",
        "coalesce(d.views, -1) <= b.views",
        "coalesce(d.forwards, -1) <= b.forwards",
        "d.message_id BETWEEN b.low AND b.high",
        "d.message_id BETWEEN r.low AND r.high",
        is_in_window("d.docid", "d.date"),
    )
)
_DOUBTFUL: Final = f"""
    SELECT DISTINCT d.docid >> {BLOCK_BITS}
    FROM search_document AS d LEFT JOIN search_block AS b ON b.block = d.docid >> {BLOCK_BITS}
    LEFT JOIN search_channel_range AS r ON r.channel = d.channel AND r.block = d.docid >> {BLOCK_BITS}
    WHERE d.docid BETWEEN ? AND ? AND ({_FITS}) IS NOT TRUE ORDER BY 1
"""


def list_doubtful_rows(conn: sqlite3.Connection, low: int, high: int) -> list[Row]:
    """The rows of those blocks with a row that seems not to fit its summary, for docids within [low, high).

    SQLite compares in a quarter of the time that it takes to read the rows; `findable.check_blocks` says what is wrong.
    """
    found: list[Row] = []
    for (block,) in conn.execute(_DOUBTFUL, (low, high - 1)).fetchall():
        query = f"SELECT {_ROW} FROM search_document AS d WHERE {is_in_block('?1')}"
        found += map(Row._make, conn.execute(query, (block,)))
    return found


def list_blocks(conn: sqlite3.Connection, low: int, high: int) -> dict[int, tuple[int, int, int, int, int]]:
    """The summaries of the blocks within [low, high)."""
    rows = conn.execute(
        "SELECT block, flags, views, forwards, low, high FROM search_block WHERE block >= ? AND block < ?", (low, high)
    )
    return {row[0]: row[1:] for row in rows}


def list_channel_ranges(conn: sqlite3.Connection, low: int, high: int) -> dict[tuple[int, int], tuple[int, int]]:
    """The lowest and highest message id by (channel number, block), for the blocks within [low, high)."""
    rows = conn.execute(
        "SELECT channel, block, low, high FROM search_channel_range WHERE block >= ? AND block < ?", (low, high)
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}
