"""The protocol by which this package, which prints nothing itself, reports remarks."""

from __future__ import annotations

from typing import Protocol


class Remarks(Protocol):
    """Takes remarks, one line of plain text each. `archiver.cli.output` implements it."""

    def note(self, text: str) -> None:
        """Report information."""
        ...

    def warn(self, text: str) -> None:
        """Report a problem to look into."""
        ...
