"""Describe unexpected errors in one line of our own words, without any message text."""

from __future__ import annotations

import errno
import traceback
from pathlib import Path

from archiver.store import faults

_DEBUG = "Run again with --debug for the traceback."


def describe(exc: BaseException) -> tuple[str, int]:
    """The line and the exit status. The error's own text may quote messages, so it is mostly left out."""
    while isinstance(exc, BaseExceptionGroup):
        exc = exc.exceptions[0]
    if (fault := faults.find_fault(exc)) is not None:
        return f"{fault.sentence} {fault.hint}", fault.exit_status
    if isinstance(exc, MemoryError):
        return "out of memory. Nothing archived is lost.", 2
    if isinstance(exc, OSError) and exc.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        where = f": {exc.filename}" if exc.filename else ""
        return f"the disk is full ({exc.strerror}{where}). {faults.FULL.hint}", 2
    if isinstance(exc, OSError) and exc.strerror:
        return f"{exc.strerror}{f': {exc.filename}' if exc.filename else ''}. {_DEBUG}", 2
    frames = traceback.extract_tb(exc.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"internal error{place}; the archive is intact. {_DEBUG}", 2
