"""Who may do what at a time: advisory locks on files in the archive's directory.

`lock` is held by whoever mirrors into the archive, `lock.ACCOUNT` by whoever uses that account's session. Short writes
beside the mirror need neither: SQLite lets writers in one after the other.

The kernel drops a lock when its holder dies, however it dies, so there is nothing to clean up after a crash. The file
names the holder, so that the second process can say whom it waits for.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from archiver.errors import Busy, UsageError

LOCK_NAME = "lock"


@contextmanager
def hold(directory: Path, *, command: str) -> Iterator[None]:
    """Mirror into the archive, alone. Raises Busy with the holder's name."""
    with _locked(
        directory,
        LOCK_NAME,
        command=command,
        what=f"the archive in {directory}",
        hint="Wait for it to end, or stop it; two processes never mirror into one archive.",
    ):
        yield


@contextmanager
def hold_session(directory: Path, account: str, *, command: str) -> Iterator[None]:
    """Use an account's session, alone: two places at once are its death. Raises Busy with the holder's name."""
    with _locked(
        directory,
        f"{LOCK_NAME}.{account}",
        command=command,
        what=f"the session of account {account}",
        hint="Wait for it to end, or stop it; two processes never share a session.",
    ):
        yield


@contextmanager
def _locked(directory: Path, name: str, *, command: str, what: str, hint: str) -> Iterator[None]:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(directory / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise UsageError(
            f"the archive in {directory} cannot be written: {exc.strerror}.",
            hint="Set archive.dir to a directory of your own.",
        ) from exc
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            holder = os.pread(handle, 200, 0).decode(errors="replace").strip()
            found = re.match(r"`telekeep (\w+)` ", holder)
            by = found[1] if found else None
            if name == LOCK_NAME and by == "run":
                hint = "It mirrors already; `telekeep status` shows how far it is."
            raise Busy(f"{what} is in use by {holder or 'another process'}.", hint=hint, holder=by) from exc
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"`telekeep {command}` (process {os.getpid()})\n".encode(), 0)
        yield
    finally:
        os.close(handle)
