"""Progress of a sync on stderr: a bar with rate and time left on a terminal, plain lines otherwise."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from archiver.cli import output
from archiver.model.row import iso
from archiver.pacing.throughput import Throughput, time_left

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from archiver.mirror.apply import StoredCounts
    from archiver.mirror.comparison import Comparison

EVERY = 10.0
"""Seconds between two plain lines."""


class SyncProgress:
    """Shows the progress of one channel."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._inserted = self._changed = self._missing = 0
        self._most = 0
        self._started = self._last = time.monotonic()
        self._speed = Throughput(self._started)
        self._ids_left: int | None = None
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        if output.is_terminal(sys.stderr) and not output.is_quiet():
            self._bar = _bar()
            self._bar.start()
            self._task = self._bar.add_task(self._name, total=None, stored=0, rate="", left="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.failed()

    def advance(self, stored: StoredCounts, left: int) -> None:
        """Count a stored answer; `left` ids of the current range are still to be fetched."""
        self._inserted += stored.inserted
        self._changed += stored.revised
        self._missing += stored.missing
        self._most = max(self._most, left)
        now = time.monotonic()
        self._speed.add(stored.inserted, max((self._ids_left or left) - left, 0), now)
        self._ids_left = left
        if self._bar is not None and self._task is not None:
            self._bar.update(
                self._task,
                total=self._most or None,
                completed=self._most - left,
                stored=self._inserted,
                rate=f"{self._speed.rate(now):,.0f}/s",
                left=time_left(self._speed.seconds_left(left, now)) if left else "",
            )
        elif now - self._last >= EVERY:
            self._last = now
            parts = [f"{self._inserted:,} messages", f"{self._speed.rate(now):,.0f}/s"]
            if left:
                parts += [f"{left:,} ids left", time_left(self._speed.seconds_left(left, now))]
            output.note(f"{self._name}: {', '.join(filter(None, parts))}")

    def failed(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def done(self, found: Comparison, partial: int = 0, *, window_start: int | None = None) -> None:
        """Print the result of the sync.

        `partial`: number of partial messages; `window_start`: unix time from which the channel is mirrored.
        """
        self.failed()
        parts = [f"{self._inserted:,} new"]
        if self._changed:
            parts.append(f"{self._changed:,} edited")
        if self._missing:
            parts.append(f"{self._missing:,} deleted")
        if partial:
            parts.append(f"{partial:,} partial")
        seconds = time.monotonic() - self._started
        output.note(f"{self._name}: {describe_end(found, window_start)} ({', '.join(parts)}; {seconds:,.1f} s).")
        if surplus := found.surplus:
            more = "more" if surplus > 0 else "fewer"
            output.warn(
                f"{self._name}: not known to be complete: the server counts {abs(surplus):,} {more} messages than it"
                " shows, even after they were read again. The next sync checks again."
            )


def describe_end(found: Comparison, window_start: int | None) -> str:
    """The state of a channel after its sync; claims no more than was compared."""
    since = "" if window_start is None else f" since {(iso(window_start) or '').removesuffix('T00:00:00Z')}"
    if not found.settled:
        return f"archived{since} as far as it was read; it kept changing, so the next sync compares it"
    if found.surplus == 0:
        return f"up to date{since}"
    shown = f"everything the server shows{since} is archived"
    return shown if found.surplus else f"{shown}; its count cannot be compared"


def _bar() -> Progress:
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
    )

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[stored]:,} messages {task.fields[rate]}"),
        TextColumn("{task.fields[left]}"),
        console=output.console(sys.stderr),
        transient=True,
    )
