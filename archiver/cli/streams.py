"""The standard streams as they may really be: closed, full, left by their reader, or set not to block.

A stream that is closed is opened again, so that no file of ours gets its number: stdout in a way that every write
fails, stdin as empty, stderr to nowhere. What goes wrong with stderr is nobody's concern; what goes wrong with stdout
ends the commands that only answer, and does not keep the others from doing what they were asked to do.
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
    errno.EBADF: "stdout is closed: what was to be shown is lost.",
    errno.ENOSPC: "the disk behind stdout is full: the output is not whole. Make room and run the command again.",
    errno.EDQUOT: "the quota of the disk behind stdout is used up: the output is not whole.",
    errno.EFBIG: "stdout has reached the limit on the size of files: the output is not whole.",
    errno.EIO: "stdout cannot be written (the terminal is gone, or its disk fails): the output is not whole.",
}


FAILED = -1
"""The status of a command that stdout ended, until `finish` makes one of it."""


class ReaderLeftError(Exception):
    """Nobody reads stdout any more; the rest of the answer is not needed."""


class StdoutError(Exception):
    """Stdout cannot be written; `finish` says why."""


class _Raw(io.FileIO):
    """A descriptor that waits where it is set not to block; the buffers above it need not know."""

    def write(self, data: Any, /) -> int:
        while (written := super().write(data)) is None:
            select.select([], [self], [])
        return written


class Stderr(_Raw):
    """Where nothing goes wrong: that nobody reads a remark, or that its disk is full, ends no mirror."""

    def write(self, data: Any, /) -> int:
        """Write what can be written."""
        try:
            return super().write(data)
        except OSError:
            return len(data)


class Stdout(_Raw):
    """The first failure is remembered, and raised where the command only answers; what comes later goes nowhere."""

    def __init__(self, descriptor: int, *, goes_on: bool) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self.fault: str | None = None
        self._goes_on = goes_on
        self._over = False

    def write(self, data: Any, /) -> int:
        """Write it. Raises ReaderLeftError, StdoutError, at the first failure only."""
        if self._over:
            return len(data)
        try:
            return super().write(data)
        except OSError as exc:
            self._over = True
            if exc.errno != errno.EPIPE:
                why = (exc.strerror or "it fails").lower()
                self.fault = _REASONS.get(exc.errno or 0, f"stdout cannot be written: {why}.")
            if self._goes_on:
                return len(data)
            raise (ReaderLeftError if self.fault is None else StdoutError) from exc


def guard(*, goes_on: bool) -> None:
    """Put these streams in place of Python's. `goes_on`: the command is to do its work, also if nobody can read it."""
    _reopen()
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - it lasts
    sys.stdout = _over(sys.stdout, Stdout(1, goes_on=goes_on))
    sys.stderr = _over(sys.stderr, Stderr(2, "w", closefd=False), line_buffering=True)


def finish(status: int, *, said_why: bool = False) -> int:
    """Write what is still in the buffer; the exit status, which a stdout that failed makes a failure.

    `said_why`: a line says already why the status is no success.
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
    """A text stream as Python's own was, over another descriptor."""
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=getattr(before, "encoding", None) or "utf-8",
        errors="backslashreplace",
        line_buffering=line_buffering or getattr(before, "line_buffering", False),
        write_through=getattr(before, "write_through", False),
    )
