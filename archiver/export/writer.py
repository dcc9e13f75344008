"""The protocol of a format: encode rows as bytes, always the same bytes for the same rows."""

from __future__ import annotations

from typing import Protocol

from archiver.model.row import Row


class Writer(Protocol):
    """One format. The file is `begin`, then `encode` for each row, then `end`."""

    extension: str

    @property
    def options(self) -> dict[str, object]:
        """How the file was written, for the manifest."""
        ...

    @property
    def warnings(self) -> list[str]:
        """Warnings for the user after the last row."""
        ...

    def begin(self) -> bytes:
        """Bytes before the first row."""
        ...

    def encode(self, row: Row) -> bytes:
        """Encode one row."""
        ...

    def end(self) -> bytes:
        """Bytes after the last row."""
        ...
