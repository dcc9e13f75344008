"""Make the standard streams robust: they may be closed, full, abandoned by their reader, or non-blocking.

A closed stream is reopened, so that no file of ours gets its number: stdout so that every write fails, stdin as empty,
stderr as /dev/null. Errors on stderr are ignored. An error on stdout ends commands that only print, but does not stop
the others from doing their work.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import select
import sys
from typing import Any

_REASONS = {
    errno.EBADF: "stdout is closed: the output is lost.",
    errno.ENOSPC: "the output is incomplete: the disk that stdout writes to is full. Free some space and try again.",
    errno.EDQUOT: "the output is incomplete: the disk quota of stdout is used up.",
    errno.EFBIG: "the output is incomplete: stdout has reached the file size limit.",
    errno.EIO: "the output is incomplete: stdout cannot be written (terminal closed, or disk failure).",
}


FAILED = -1
"""Placeholder for the status of a command ended by a stdout error; `finish` replaces it."""


class ReaderLeftError(Exception):
    """The reader of stdout is gone; the rest of the output is not needed."""


class StdoutError(Exception):
    """Stdout cannot be written; `finish` reports why."""


class _Raw(io.FileIO):
    """A descriptor that waits for writability if it is non-blocking, hidden from the buffers above it."""

    def write(self, data: Any, /) -> int:
        while (written := super().write(data)) is None:
            select.select([], [self], [])
        return written


class Stderr(_Raw):
    """A stderr that never fails: a closed pipe or a full disk must not stop a mirror."""

    def write(self, data: Any, /) -> int:
        """Write as much as possible."""
        try:
            return super().write(data)
        except OSError:
            return len(data)


class Stdout(_Raw):
    """Remembers the first failure, raises it unless the command continues regardless, and discards later output."""

    def __init__(self, descriptor: int, *, runs_on: bool) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self.fault: str | None = None
        self._runs_on = runs_on
        self._over = False

    def write(self, data: Any, /) -> int:
        """Write the data. Raises ReaderLeftError or StdoutError, at the first failure only."""
        if self._over:
            return len(data)
        try:
            return super().write(data)
        except OSError as exc:
            self._over = True
            if exc.errno != errno.EPIPE:
                why = (exc.strerror or "it fails").lower()
                self.fault = _REASONS.get(exc.errno or 0, f"stdout cannot be written: {why}.")
            if self._runs_on:
                return len(data)
            raise (ReaderLeftError if self.fault is None else StdoutError) from exc


def guard(*, runs_on: bool) -> None:
    """Replace Python's standard streams. `runs_on`: the command does its work even if stdout fails."""
    _reopen()
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - stays open
    sys.stdout = _over(sys.stdout, Stdout(1, runs_on=runs_on))
    sys.stderr = _over(sys.stderr, Stderr(2, "w", closefd=False), line_buffering=True)


def has_reader_left() -> bool:
    """Whether stdout is a pipe or socket whose reader is gone; otherwise only the next write would show that."""
    poller = select.poll()
    poller.register(1, select.POLLERR | select.POLLHUP | select.POLLNVAL)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poller.poll(0))


def finish(status: int, *, said_why: bool = False) -> int:
    """Flush stdout and return the exit status, which becomes a failure if stdout failed.

    `said_why`: an error has already been printed.
    """
    with contextlib.suppress(ReaderLeftError, StdoutError):  # the raw stream remembers
        sys.stdout.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if not isinstance(raw, Stdout) or raw.fault is None or (said_why and status not in (0, 1, FAILED)):
        return status
    sys.stderr.write(f"telekeep: {raw.fault}\n")
    return 2 if status in (0, 1, FAILED) else status


def _reopen() -> None:
    for descriptor, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            opened = os.open(os.devnull, flags)
            if opened != descriptor:
                os.dup2(opened, descriptor, inheritable=True)
                os.close(opened)


def _over(before: Any, raw: io.FileIO, *, line_buffering: bool = False) -> io.TextIOWrapper:
    """Build a text stream like Python's own on another descriptor."""
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=getattr(before, "encoding", None) or "utf-8",
        errors="backslashreplace",
        line_buffering=line_buffering or getattr(before, "line_buffering", False),
        write_through=getattr(before, "write_through", False),
    )
