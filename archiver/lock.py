"""Advisory locks on files in the archive's directory: one process mirrors, one process uses a session.

The process that mirrors into the archive holds `lock`; the process that uses an account's session holds `lock.ACCOUNT`.
Short writes during mirroring need neither: SQLite serialises writers.

The kernel releases a lock when its holder dies, however it dies, so a crash leaves nothing to clean up. The file names
the holder, so that a second process can say who is in the way, and other commands whether the service is running.
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
from archiver.store.medium import expect_no_export
from archiver.store.place import expect_place

LOCK_NAME = "lock"
_RETRY_FOR = 0.1
"""Seconds during which a lock is retried: its holder may be about to end."""
_RETRY_LOOKED_AT = 10.0
"""Seconds during which it is retried while other processes only look at it, and may be kept from ending that."""


class Holder(NamedTuple):
    """The process that mirrors."""

    command: str
    """For example `run` or `sync`."""
    pid: int


def find_holder(directory: Path) -> Holder | None:
    """The process that mirrors into the archive now; None if there is none, or the lock cannot be read."""
    try:
        handle = os.open(directory / LOCK_NAME, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        # Shared, so that two lookups do not see each other; `_take` retries meanwhile.
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_holder(handle)
    finally:
        os.close(handle)
    return None


@contextmanager
def hold(directory: Path, *, command: str) -> Iterator[None]:
    """Hold the lock for mirroring into the archive. Raises Busy, which names the holder."""
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
    """Hold the lock for an account's session: Telegram kills one that is used twice at once. Raises Busy."""
    with _locked(
        directory,
        f"{LOCK_NAME}.{account}",
        command=command,
        what=f"the session of account {account}",
        hint="Wait for it to end, or stop it; two processes never share a session.",
    ):
        yield


@contextmanager
def hold_hooks(directory: Path, *, command: str) -> Iterator[None]:
    """Hold the lock for running the programs of [media.hooks]: one at a time. Raises Busy, which names the holder."""
    with _locked(
        directory,
        "hooks.lock",
        command=command,
        what="[media.hooks]",
        hint="Wait for it to end: the programs run one at a time.",
    ):
        yield


@contextmanager
def _locked(directory: Path, name: str, *, command: str, what: str, hint: str) -> Iterator[None]:
    expect_place(directory)
    expect_no_export(directory)
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(directory / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise UsageError(
            f"the archive in {directory} cannot be written: {exc.strerror}.",
            hint="Set archive.dir to a directory you can write to.",
        ) from exc
    try:
        try:
            _take(handle)
            _expect_there(handle, directory / name)
        except BlockingIOError as exc:
            holder = _read_holder(handle)
            if name == LOCK_NAME and holder and holder.command == "run":
                hint = "The service is already running; `telekeep status` shows its progress."
            by = f"`telekeep {holder.command}` (process {holder.pid})" if holder else "another process"
            raise Busy(f"{what} is in use by {by}.", hint=hint, holder=holder.command if holder else None) from exc
        os.ftruncate(handle, 0)
        with suppress(OSError):  # a full disk: the archive reports it in a moment
            os.pwrite(handle, f"`telekeep {command}` (process {os.getpid()})\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def _expect_there(handle: int, path: Path) -> None:
    """Raise BlockingIOError if the file was removed, with an empty archive, between opening and locking it."""
    try:
        if os.path.samestat(os.fstat(handle), path.stat()):
            return
    except FileNotFoundError:
        pass
    raise BlockingIOError


def _take(handle: int) -> None:
    began = time.monotonic()
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > began + (_RETRY_LOOKED_AT if _is_only_looked_at(handle) else _RETRY_FOR):
                raise
            time.sleep(_RETRY_FOR / 10)


def _is_only_looked_at(handle: int) -> bool:
    """Whether those who have it share it, as `find_holder` does for a moment."""
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    fcntl.flock(handle, fcntl.LOCK_UN)
    return True


def _read_holder(handle: int) -> Holder | None:
    found = re.match(r"`telekeep ([\w ]+)` \(process ([0-9]{1,9})\)", os.pread(handle, 200, 0).decode(errors="replace"))
    return Holder(found[1], int(found[2])) if found else None
