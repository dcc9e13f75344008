"""Read a regular file below a directory, and nothing else: no link is followed, no pipe or device is opened."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader

LARGEST_MANIFEST = 256 << 20
"""Bytes; a manifest lists ranges of ids, some millions at the most."""

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Unfit(Exception):
    """The file cannot be read as one; the text says why, as words that follow its name."""


@contextmanager
def open_regular(directory: int, name: str) -> Iterator[BufferedReader]:
    """The file `name`, which may lie in folders below the directory. Raises Unfit."""
    *folders, last = name.split("/")
    held = []
    try:
        try:
            at = directory
            for folder in folders:
                at = os.open(folder, _DIRECTORY, dir_fd=at)
                held.append(at)
            _expect_regular(os.stat(last, dir_fd=at, follow_symlinks=False))
            file = os.fdopen(os.open(last, _READ, dir_fd=at), "rb")
        except FileNotFoundError:
            raise Unfit("is not there") from None
        except (OSError, ValueError) as exc:
            raise Unfit(f"cannot be read: {getattr(exc, 'strerror', None) or 'its name is none'}") from None
        with file:
            _expect_regular(os.fstat(file.fileno()))  # it may have been exchanged meanwhile
            yield file
    finally:
        for one in held:
            os.close(one)


def read_small(directory: int, name: str, *, largest: int = LARGEST_MANIFEST) -> bytes:
    """All bytes of the file. Raises Unfit, also for one that is larger."""
    with open_regular(directory, name) as file:
        try:
            data = file.read(largest + 1)
        except OSError as exc:
            raise Unfit(f"cannot be read: {exc.strerror}") from None
    if len(data) > largest:
        raise Unfit(f"has more than {largest:,} bytes")
    return data


def _expect_regular(info: os.stat_result) -> None:
    if stat.S_ISLNK(info.st_mode):
        raise Unfit("is a symbolic link")
    if not stat.S_ISREG(info.st_mode):
        raise Unfit("is no regular file")
