"""One process at a time: an advisory lock on a file in the archive's directory.

The kernel drops the lock when its holder dies, however it dies, so there is nothing to clean up after a crash. The
file names the holder, so that the second process can say whom it waits for.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from archiver.errors import Busy, UsageError

LOCK_NAME = "lock"


@contextmanager
def hold(directory: Path, *, command: str) -> Iterator[None]:
    """Hold the archive and its session for this process. Raises Busy with the holder's name."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise UsageError(
            f"the archive in {directory} cannot be written: {exc.strerror}.",
            hint="Set archive.dir to a directory of your own.",
        ) from exc
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            holder = os.pread(handle, 200, 0).decode(errors="replace").strip() or "another process"
            raise Busy(
                f"the archive in {directory} is in use by {holder}.",
                hint="Wait for it to end, or stop it; two processes never share a session or write one archive.",
            ) from exc
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"`telekeep {command}` (process {os.getpid()})\n".encode(), 0)
        yield
    finally:
        os.close(handle)
