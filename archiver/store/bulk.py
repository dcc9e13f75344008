"""Bulk inserts with few statements.

`executemany` releases and takes the GIL once per row. Next to a busy parser each row then waits for its turn, and a
page of 100 messages took four times as long. A multi-row statement waits once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeAlias

Same: TypeAlias = tuple[tuple[str, str], ...]
"""Columns with the SQL literal that every row has in them."""
_Statement: TypeAlias = tuple[str, Callable[[tuple[object, ...]], Any]]
"""A statement, and a function that picks its values from a row."""

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


def insert_sparse(
    conn: sqlite3.Connection, into: str, names: Sequence[str], rows: Iterable[tuple[object, ...]], same: Same = ()
) -> None:
    """Run `INSERT {into}` for rows in which most columns are None.

    `same`: further columns, with the literal that every row has in them.
    `sqlite3` looks for an adapter of each None that it binds, which takes longer than an insert without those columns.
    """
    statements = _sparse(into, tuple(names), same)
    execute = conn.cursor().execute
    for row in rows:
        kinds = tuple(map(type, row))
        statement, pick = statements.get(kinds) or statements.setdefault(
            kinds, _sparse_statement(into, names, kinds, same)
        )
        execute(statement, pick(row))


@lru_cache(maxsize=8)
def _sparse(into: str, names: tuple[str, ...], same: Same) -> dict[tuple[type, ...], _Statement]:
    """A table's statements, by the types in a row."""
    return {}


def _sparse_statement(into: str, names: Sequence[str], kinds: Sequence[type], same: Same) -> _Statement:
    kept = [at for at, kind in enumerate(kinds) if kind is not type(None)]
    listed = ", ".join([names[at] for at in kept] + [name for name, _ in same])
    values = ", ".join(["?"] * len(kept) + [literal for _, literal in same])
    # A slice, so that a single column is still a tuple.
    pick = itemgetter(*kept) if len(kept) > 1 else itemgetter(slice(kept[0], kept[0] + 1))
    return f"INSERT {into} ({listed}) VALUES ({values})", pick
