"""JSON Lines: one row per line, UTF-8, LF. https://jsonlines.org/"""

from __future__ import annotations

from collections.abc import Sequence

from archiver.model.json_text import dump
from archiver.model.row import HeldItem, Row, to_json, to_object
from archiver.model.row_line import to_lines


class JsonlWriter:
    """One line per row of docs/rows.md. `fields`: only these keys, in this order."""

    extension = "jsonl"

    def __init__(self, fields: Sequence[str] | None = None) -> None:
        self._fields = fields
        self.options: dict[str, object] = {"encoding": "UTF-8", "line_end": "LF"}
        if fields is not None:
            self.options["fields"] = list(fields)
        self.warnings: list[str] = []

    def begin(self) -> bytes:
        """Nothing."""
        return b""

    def encode(self, row: Row) -> bytes:
        """Encode the row as a line."""
        if self._fields is None:
            return to_json(row) + b"\n"
        thing = to_object(row)
        return dump({name: thing[name] for name in self._fields}) + b"\n"

    def end(self) -> bytes:
        """Nothing."""
        return b""


class WholeJsonlWriter(JsonlWriter):
    """JSON Lines with all keys, encoded from stored messages without making rows first."""

    def encode_held(self, items: Sequence[HeldItem]) -> bytes:
        """Encode messages as lines."""
        return to_lines(items)
