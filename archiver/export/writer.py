"""What a format must do: turn rows into bytes, one after the other, the same bytes for the same rows."""

from __future__ import annotations

from typing import Protocol

from archiver.model.row import Row


class Writer(Protocol):
    """One format. `begin`, then `encode` for each row, then `end`; what they return is the file."""

    extension: str

    @property
    def options(self) -> dict[str, object]:
        """What the manifest says of how the file was written."""
        ...

    @property
    def warnings(self) -> list[str]:
        """What the user should know after the last row."""
        ...

    def begin(self) -> bytes:
        """What stands before the first row."""
        ...

    def encode(self, row: Row) -> bytes:
        """One row."""
        ...

    def end(self) -> bytes:
        """What stands after the last row."""
        ...
