"""Networks as CSV and as GraphML. http://graphml.graphdrawing.org/specification.html

A node is written before its first edge, so that readers can process the file as a stream. Each edge is on
a line of its own, from which `verify` reads the key of the message.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final, Protocol

from archiver.export.csv_writer import BYTE_ORDER_MARK, guard_cell
from archiver.export.edges.edge import EdgeNode
from archiver.export.writer import ByteSink
from archiver.formatting.visible import possible

_NODE_FIELDS: Final = ("", "_type", "_id", "_name")
NODE_KEYS: Final = tuple(f"{end}{field}" for end in ("source", "target") for field in _NODE_FIELDS)
EDGE_KEYS: Final = ("channel_id", "channel", "message_id", "permalink", "date", "post_id", "url", "origin")
WEIGHT_KEYS: Final = ("weight", "first_date", "last_date")
_LONGS: Final = frozenset({"channel_id", "message_id", "post_id", "weight", "peer_id"})


class EdgeWriter(Protocol):
    """One format of networks."""

    def begin(self) -> None:
        """Write what is before the first edge."""
        ...

    def node(self, node: EdgeNode) -> None:
        """Write a node, once."""
        ...

    def edge(self, source: EdgeNode, target: EdgeNode, values: Mapping[str, Any]) -> None:
        """Write an edge."""
        ...

    def end(self) -> None:
        """Write what is after the last edge."""
        ...


class TableEdges:
    """CSV: an edge a record, with both nodes."""

    def __init__(self, sink: ByteSink, keys: Sequence[str], *, excel: bool = False) -> None:
        self._sink, self._keys, self._excel = sink, keys, excel
        self._buffer = io.StringIO()
        self._csv = csv.writer(self._buffer, lineterminator="\r\n")

    def begin(self) -> None:
        """The header."""
        if self._excel:
            self._sink.write(BYTE_ORDER_MARK)
        self._write([*NODE_KEYS, *self._keys])

    def node(self, node: EdgeNode) -> None:
        """Do nothing: nodes are in their edges."""

    def edge(self, source: EdgeNode, target: EdgeNode, values: Mapping[str, Any]) -> None:
        """Write a record."""
        cells = [*_cells(source), *_cells(target), *(values[key] for key in self._keys)]
        if self._excel:
            cells = [guard_cell(cell) for cell in cells]
        self._write(cells)

    def end(self) -> None:
        """Do nothing."""

    def _write(self, cells: Sequence[Any]) -> None:
        self._buffer.seek(0)
        self._buffer.truncate()
        self._csv.writerow(cells)
        self._sink.write(self._buffer.getvalue().encode("utf-8", "replace"))


class GraphEdges:
    """GraphML: a directed graph; the same two nodes may have many edges."""

    def __init__(self, sink: ByteSink, keys: Sequence[str]) -> None:
        self._sink, self._keys = sink, keys
        self._edges = 0

    def begin(self) -> None:
        """The frame, and the attributes of nodes and edges."""
        self._write('<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n')
        for owner, names in (("node", ("label", "type", "peer_id")), ("edge", self._keys)):
            for name in names:
                kind = "long" if name in _LONGS else "string"
                self._write(f'<key id="{owner}_{name}" for="{owner}" attr.name="{name}" attr.type="{kind}"/>\n')
        self._write('<graph id="telekeep" edgedefault="directed">\n')

    def node(self, node: EdgeNode) -> None:
        """Write a node."""
        data = _data("node", {"label": node.name, "type": node.kind, "peer_id": node.number})
        self._write(f'<node id="{_xml(node.key)}">{data}</node>\n')

    def edge(self, source: EdgeNode, target: EdgeNode, values: Mapping[str, Any]) -> None:
        """Write an edge."""
        data = _data("edge", {key: values[key] for key in self._keys})
        ends = f'source="{_xml(source.key)}" target="{_xml(target.key)}"'
        self._write(f'<edge id="e{self._edges}" {ends}>{data}</edge>\n')
        self._edges += 1

    def end(self) -> None:
        """The end of the frame."""
        self._write("</graph>\n</graphml>\n")

    def _write(self, text: str) -> None:
        self._sink.write(text.encode("utf-8", "replace"))


def _cells(node: EdgeNode) -> list[Any]:
    return [node.key, node.kind, node.number, node.name]


def _data(owner: str, values: Mapping[str, Any]) -> str:
    found = ((name, value) for name, value in values.items() if value is not None)
    return "".join(f'<data key="{owner}_{name}">{_xml(str(value))}</data>' for name, value in found)


def _xml(text: str) -> str:
    """As text and as attribute; line ends stay within the line."""
    shown = escape(possible(text))
    return shown.replace("\t", "&#9;").replace("\n", "&#10;").replace("\r", "&#13;")
