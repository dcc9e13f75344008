"""Nodes that were written, and weights of edges, in a temporary database of their own: memory stays constant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from archiver.store.temporary.temporary_tables import TemporaryTables


class EdgeWeight(NamedTuple):
    """All edges between two nodes."""

    source: str
    target: str
    weight: int
    first: str | None
    last: str | None


class EdgeTables(TemporaryTables):
    """The nodes and weights."""

    def __init__(self) -> None:
        super().__init__(
            "node (key TEXT PRIMARY KEY, kind TEXT, number INTEGER, name TEXT)",
            "weight (source TEXT, target TEXT, weight INTEGER, first TEXT, last TEXT, PRIMARY KEY (source, target))",
        )

    def add_node(self, key: str, kind: str, number: int | None, name: str) -> bool:
        """Keep a node; return whether it is new. Only its first name is kept."""
        cursor = self._conn.execute("INSERT OR IGNORE INTO node VALUES (?, ?, ?, ?)", (key, kind, number, name))
        return cursor.rowcount > 0

    def find_node(self, key: str) -> tuple[str, str, int | None, str]:
        """A node that was added."""
        found = self._conn.execute("SELECT key, kind, number, name FROM node WHERE key = ?", (key,)).fetchone()
        return found[0], found[1], found[2], found[3]

    def add_edge(self, source: str, target: str, date: str | None) -> None:
        """Count an edge between two nodes."""
        self._conn.execute(
            "INSERT INTO weight VALUES (?1, ?2, 1, ?3, ?3) ON CONFLICT DO UPDATE SET weight = weight + 1,"
            " first = min(coalesce(first, ?3), coalesce(?3, first)),"
            " last = max(coalesce(last, ?3), coalesce(?3, last))",
            (source, target, date),
        )

    def list_weights(self) -> Iterator[EdgeWeight]:
        """The counted edges, by their nodes."""
        return map(EdgeWeight._make, self._conn.execute("SELECT * FROM weight ORDER BY source, target"))
