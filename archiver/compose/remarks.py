"""Who shows what is worth a remark while parts are put together; this package itself prints nothing."""

from __future__ import annotations

from typing import Protocol


class Remarks(Protocol):
    """Takes one line of plain text each. `archiver.cli.output` is one."""

    def note(self, text: str) -> None:
        """Say what is good to know."""
        ...

    def warn(self, text: str) -> None:
        """Say what should be looked into."""
        ...
