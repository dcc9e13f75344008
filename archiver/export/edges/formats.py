"""The formats of networks, as formats of an export."""

from __future__ import annotations

from collections.abc import Callable

from archiver.export.edges.edge import EdgeKind
from archiver.export.edges.rows import EdgeRows
from archiver.export.edges.writers import EDGE_KEYS, WEIGHT_KEYS, GraphEdges, TableEdges
from archiver.export.formats.registry import ExportFormat, WriterContext
from archiver.export.writer import ByteSink, DescribedRows

EDGE_FORMATS = ("csv", "graphml")


def edge_format(kind: EdgeKind, name: str, *, weights: bool) -> ExportFormat:
    """A network of this kind, as csv or graphml."""
    keys = WEIGHT_KEYS if weights else EDGE_KEYS

    def make(context: WriterContext) -> Callable[[ByteSink], DescribedRows]:
        def open_rows(sink: ByteSink) -> DescribedRows:
            if name == "csv":
                return EdgeRows(kind, TableEdges(sink, keys, excel=context.excel), excel=context.excel, weights=weights)
            return EdgeRows(kind, GraphEdges(sink, keys), weights=weights)

        return open_rows

    return ExportFormat(name=f"edges-{name}", file_name=f"{kind}.{name}", make=make)
