"""Turn rows into edges: `prepare` finds the edges of a row, or leaves the row out; `add` writes them."""

from __future__ import annotations

from archiver.export.edges.edge import Edge, EdgeKind, EdgeNode
from archiver.export.edges.find import EdgeFinder
from archiver.export.edges.writers import EDGE_KEYS, WEIGHT_KEYS, EdgeWriter
from archiver.model.imported import list_filled_keys
from archiver.model.row import Row
from archiver.store.temporary.edge_tables import EdgeTables

_FOUND = "edges"
"""The additional key of a prepared row."""


class PreparedEdges:
    """Finds the edges of rows."""

    def __init__(self, finder: EdgeFinder) -> None:
        self._finder = finder

    def prepare(self, row: Row) -> Row | None:
        """The row with its edges; None without any."""
        found = self._finder.list_edges(row)
        return {**row, _FOUND: found} if found else None


class EdgeRows:
    """Writes the edges of rows. `weights`: one edge for all between two nodes, after the last row."""

    def __init__(self, kind: EdgeKind, writer: EdgeWriter, *, weights: bool, excel: bool = False) -> None:
        self._kind, self._writer, self._weights = kind, writer, weights
        self._excel = excel
        self._tables = EdgeTables()
        self._count = 0
        self.warnings: list[str] = []

    @property
    def options(self) -> dict[str, object]:
        """The kind, number and form of the edges."""
        return {"edges": self._kind, "count": self._count, "weights": self._weights, "excel": self._excel}

    def begin(self) -> None:
        """Write the frame."""
        self._writer.begin()

    def add(self, row: Row) -> None:
        """Write the edges of a row, or count them."""
        for edge in row[_FOUND]:
            for node in (edge.source, edge.target):
                if self._tables.add_node(*node):
                    self._writer.node(node)
            if self._weights:
                self._tables.add_edge(edge.source.key, edge.target.key, row["date"])
            else:
                self._write(edge, row)

    def end(self) -> None:
        """Write the counted edges, and the end of the frame."""
        for one in self._tables.list_weights():
            source, target = (EdgeNode(*self._tables.find_node(key)) for key in (one.source, one.target))
            self._writer.edge(source, target, dict(zip(WEIGHT_KEYS, one[2:], strict=True)))
            self._count += 1
        self._writer.end()

    def close(self) -> None:
        """Remove what is temporary."""
        self._tables.close()

    def _write(self, edge: Edge, row: Row) -> None:
        known = {"post_id": edge.post, "url": edge.url, "origin": self._find_origin(row)}
        values = {key: row.get(key) for key in EDGE_KEYS} | known
        self._writer.edge(edge.source, edge.target, values)
        self._count += 1

    def _find_origin(self, row: Row) -> str | None:
        """How the post first came, or `import` for a forward that an import filled in."""
        is_filled = self._kind == "forwards" and "fwd_from" in list_filled_keys(row["extra"])
        return "import" if is_filled else row["origin"]
