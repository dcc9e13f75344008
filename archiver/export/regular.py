"""Read regular files below a directory and nothing else: never follow a link, never open a pipe or device."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from archiver.export.temporary import DIRECTORY, READ

LARGEST_MANIFEST = 256 << 20
"""Bytes; a manifest lists ranges of ids, some millions at the most."""


class UnusableFile(Exception):
    """The file cannot be used; the text says why, as a phrase that follows its name."""


@contextmanager
def open_parent(path: Path) -> Iterator[int]:
    """Open the directory of a file. Raises UnusableFile."""
    try:
        handle = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as exc:
        raise UnusableFile(f"cannot be read: {exc.strerror}") from None
    try:
        yield handle
    finally:
        os.close(handle)


@contextmanager
def open_regular(directory: int, name: str) -> Iterator[BufferedReader]:
    """Open the file `name`, which may be in folders below the directory. Raises UnusableFile."""
    *folders, last = name.split("/")
    held = []
    try:
        try:
            at = directory
            for folder in folders:
                at = os.open(folder, DIRECTORY, dir_fd=at)
                held.append(at)
            _expect_regular(os.stat(last, dir_fd=at, follow_symlinks=False))
            file = os.fdopen(os.open(last, READ, dir_fd=at), "rb")
        except FileNotFoundError:
            raise UnusableFile("does not exist") from None
        except (OSError, ValueError) as exc:
            raise UnusableFile(f"cannot be read: {getattr(exc, 'strerror', None) or 'invalid name'}") from None
        with file:
            _expect_regular(os.fstat(file.fileno()))  # it may have been replaced in the meantime
            yield file
    finally:
        for one in held:
            os.close(one)


def read_small(directory: int, name: str, *, largest: int = LARGEST_MANIFEST) -> bytes:
    """Read the whole file. Raises UnusableFile if it cannot be read, or is larger than `largest` bytes."""
    with open_regular(directory, name) as file:
        try:
            data = file.read(largest + 1)
        except OSError as exc:
            raise UnusableFile(f"cannot be read: {exc.strerror}") from None
    if len(data) > largest:
        raise UnusableFile(f"is larger than {largest:,} bytes")
    return data


def _expect_regular(info: os.stat_result) -> None:
    if stat.S_ISLNK(info.st_mode):
        raise UnusableFile("is a symbolic link")
    if not stat.S_ISREG(info.st_mode):
        raise UnusableFile("is not a regular file")
