"""Who may do what at a time: advisory locks on files in the archive's directory.

`lock` is held by whoever mirrors into the archive, `lock.ACCOUNT` by whoever uses that account's session. Short writes
beside the mirror need neither: SQLite lets writers in one after the other.

The kernel drops a lock when its holder dies, however it dies, so there is nothing to clean up after a crash. The file
names the holder, so that the second process can say whom it waits for, and anybody whether the service lives.
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from archiver.errors import Busy, UsageError
from archiver.store.place import expect_place

LOCK_NAME = "lock"
_GLANCE = 0.1
"""Seconds for which a lock is asked for again: it may be that somebody only looks who has it."""


class Holder(NamedTuple):
    """Who mirrors."""

    command: str
    """`run` or `sync`, say."""
    pid: int


def find_holder(directory: Path) -> Holder | None:
    """Who mirrors into the archive at this moment; None when nobody does, or nobody whom we may know of."""
    try:
        handle = os.open(directory / LOCK_NAME, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        # Shared, so that two who look do not see each other; `_locked` has patience with us.
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_holder(handle)
    finally:
        os.close(handle)
    return None


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
    expect_place(directory)
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
            _take(handle)
        except BlockingIOError as exc:
            holder = _read_holder(handle)
            if name == LOCK_NAME and holder and holder.command == "run":
                hint = "It mirrors already; `telekeep status` shows how far it is."
            by = f"`telekeep {holder.command}` (process {holder.pid})" if holder else "another process"
            raise Busy(f"{what} is in use by {by}.", hint=hint, holder=holder.command if holder else None) from exc
        os.ftruncate(handle, 0)
        with suppress(OSError):  # a full disk: the archive itself says so in a moment
            os.pwrite(handle, f"`telekeep {command}` (process {os.getpid()})\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def _take(handle: int) -> None:
    end = time.monotonic() + _GLANCE
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise
            time.sleep(_GLANCE / 10)


def _read_holder(handle: int) -> Holder | None:
    found = re.match(r"`telekeep (\w+)` \(process ([0-9]{1,9})\)", os.pread(handle, 200, 0).decode(errors="replace"))
    return Holder(found[1], int(found[2])) if found else None
