"""JSON Lines: one row a line, UTF-8, LF. https://jsonlines.org/"""

from __future__ import annotations

from archiver.model.row import Row, to_json


class JsonlWriter:
    """A row of docs/rows.md a line."""

    extension = "jsonl"

    def __init__(self) -> None:
        self.options: dict[str, object] = {"encoding": "UTF-8", "line_end": "LF"}
        self.warnings: list[str] = []

    def begin(self) -> bytes:
        """Nothing."""
        return b""

    def encode(self, row: Row) -> bytes:
        """The row and a line's end."""
        return to_json(row) + b"\n"

    def end(self) -> bytes:
        """Nothing."""
        return b""
