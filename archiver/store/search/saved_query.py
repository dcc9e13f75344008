"""Table `saved_query`: queries stored under a name."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from archiver.store.database import Reader
from search.query.saved import fold_query_name


class SavedQuery(NamedTuple):
    """A query and its name."""

    folded: str
    name: str
    query: str
    saved_at: int
    """Unix seconds."""


def list_saved(conn: Reader) -> list[SavedQuery]:
    """All saved queries, by folded name."""
    cursor = conn.execute("SELECT folded, name, query, saved_at FROM saved_query ORDER BY folded")
    return [SavedQuery._make(row) for row in cursor]


def saved_texts(conn: Reader) -> dict[str, str]:
    """The queries' texts by folded name, as the parser takes them."""
    return {saved.folded: saved.query for saved in list_saved(conn)}


def save_query(conn: sqlite3.Connection, name: str, query: str, *, now: int) -> None:
    """Store a query under this name, replacing any other."""
    conn.execute(
        "INSERT INTO saved_query (folded, name, query, saved_at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (folded) DO UPDATE"
        " SET name = excluded.name, query = excluded.query, saved_at = excluded.saved_at",
        (fold_query_name(name), name, query, now),
    )


def remove_query(conn: sqlite3.Connection, name: str) -> None:
    """Delete the query with this name."""
    conn.execute("DELETE FROM saved_query WHERE folded = ?", (fold_query_name(name),))
