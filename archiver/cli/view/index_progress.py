"""Progress of the index on stderr: a bar on a terminal, occasional plain lines otherwise, nothing with --quiet."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Self

from archiver.cli import output

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

EVERY = 10.0
"""Seconds between two plain lines."""


class IndexProgress:
    """Shows how many messages are still to be sent."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._last = time.monotonic()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        if output.is_terminal(sys.stderr) and not output.is_quiet():
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                Progress,
                TaskProgressColumn,
                TextColumn,
                TimeRemainingColumn,
            )

            self._bar = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TaskProgressColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                console=output.console(sys.stderr),
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task(self._name, total=None)
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def advance(self, total: int, left: int, what: str | None = None) -> None:
        """Show that `left` of `total` messages are still to be sent; `what`: a more precise label."""
        done = max(0, total - left)
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, total=total or None, completed=done, description=what or self._name)
        elif time.monotonic() - self._last >= EVERY:
            self._last = time.monotonic()
            output.note(f"{what or self._name}: {done:,} of {total:,} messages")
