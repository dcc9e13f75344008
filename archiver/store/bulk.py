"""Many rows with few statements.

`executemany` takes and drops Python's global lock once a row; beside a busy parser each of these waits for its turn,
and a page of 100 messages took four times as long. One statement of many rows is one turn.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import lru_cache

_CHUNKS = (50, 10, 1)
"""Few sizes, so that the statements stay compiled: 50 rows of 40 columns stay far below SQLite's 32,766 parameters."""


def insert_many(conn: sqlite3.Connection, head: str, rows: Sequence[tuple[object, ...]], tail: str = "") -> None:
    """Run `head VALUES (...), (...) tail` for all rows, which are of one width."""
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
