"""JSON Lines: one row per line, UTF-8, LF. https://jsonlines.org/"""

from __future__ import annotations

from archiver.model.row import Row, to_json


class JsonlWriter:
    """One line per row of docs/rows.md."""

    extension = "jsonl"

    def __init__(self) -> None:
        self.options: dict[str, object] = {"encoding": "UTF-8", "line_end": "LF"}
        self.warnings: list[str] = []

    def begin(self) -> bytes:
        """Nothing."""
        return b""

    def encode(self, row: Row) -> bytes:
        """Encode the row as a line."""
        return to_json(row) + b"\n"

    def end(self) -> bytes:
        """Nothing."""
        return b""
