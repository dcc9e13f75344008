"""Bulk inserts with few statements.

`executemany` releases and takes the GIL once per row. Next to a busy parser each row then waits for its turn, and a
page of 100 messages took four times as long. A multi-row statement waits once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import lru_cache

_CHUNKS = (50, 10, 1)
"""Rows per statement. Few sizes, so the statements stay cached; 50 rows of 40 columns are far below SQLite's limit of
32,766 parameters."""


def insert_many(conn: sqlite3.Connection, head: str, rows: Sequence[tuple[object, ...]], tail: str = "") -> None:
    """Run `head VALUES (...), (...) tail` for all rows; they must have the same width."""
    done = 0
    for size in _CHUNKS:
        while len(rows) - done >= size:
            chunk = rows[done : done + size]
            values = [value for row in chunk for value in row]
            conn.execute(_statement(head, len(rows[0]), size, tail), values)
            done += size


@lru_cache(maxsize=64)
def _statement(head: str, width: int, count: int, tail: str) -> str:
    row = f"({', '.join('?' * width)})"
    return f"{head} VALUES {', '.join([row] * count)} {tail}"
