"""Raw access to files that SQLite may have open in this process.

Closing any descriptor of a file drops all locks that this process has on it, SQLite's too: another process would then
take the log for abandoned and delete it, with what we write to it. So a descriptor opened here stays open at least as
long as anything else in this process has the file open.
https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

MOST: Final = 32
"""Descriptors kept before those that nothing needs are closed: more than any command opens archives."""
_READ: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE: Final = os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC
_DESCRIPTORS: Final = "/dev/fd"
"""Lists this process's descriptors, on Linux and macOS."""


class _Inode(NamedTuple):
    device: int
    number: int


class _Kept(NamedTuple):
    inode: _Inode
    flags: int
    """With which it was opened."""


_turn = threading.Lock()
_kept: Final[dict[int, _Kept]] = {}
"""By descriptor."""


def read_at(path: Path, size: int, at: int = 0) -> bytes:
    """Read up to `size` bytes from an offset. Raises OSError."""
    with _turn:
        return os.pread(_keep_open(path, _READ), size, at)


def create(path: Path) -> None:
    """Create the file, readable only by its owner, if it does not exist. Raises OSError unless it can be written."""
    with _turn:
        _keep_open(path, _CREATE)


def _keep_open(path: Path, flags: int) -> int:
    with suppress(FileNotFoundError):
        wanted = _Kept(_identify(path), flags)
        for handle, kept in _kept.items():
            if kept == wanted:
                return handle
    if len(_kept) >= MOST:
        _close_unneeded()
    handle = os.open(path, flags, 0o600)
    _kept[handle] = _Kept(_identify(handle), flags)
    return handle


def _close_unneeded() -> None:
    """Close the descriptors of files that nothing else in this process has open."""
    ours = Counter(kept.inode for kept in _kept.values())
    in_process = Counter(_list_open())
    for handle, kept in list(_kept.items()):
        if in_process[kept.inode] == ours[kept.inode]:
            del _kept[handle]
            os.close(handle)


def _list_open() -> Iterator[_Inode]:
    """The files that this process has open, one for each descriptor; none where the system does not list them."""
    with suppress(OSError), os.scandir(_DESCRIPTORS) as listed:
        for handle in [int(entry.name) for entry in listed]:
            with suppress(OSError):  # the descriptor of the listing itself
                yield _identify(handle)


def _identify(file: Path | int) -> _Inode:
    found = os.fstat(file) if isinstance(file, int) else file.stat()
    return _Inode(found.st_dev, found.st_ino)
