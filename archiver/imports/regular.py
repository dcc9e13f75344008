"""Opens regular files below a directory that others filled: part by part, never through a link, never a pipe."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from archiver.errors import UsageError

_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@contextmanager
def open_directory(root: Path, parts: Sequence[str]) -> Iterator[int]:
    """Give the descriptor of a directory below `root`, which itself may be a link. Raises OSError, ValueError."""
    handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts:
            inner = os.open(part, _FLAGS | os.O_DIRECTORY, dir_fd=handle)
            os.close(handle)
            handle = inner
        yield handle
    finally:
        os.close(handle)


def open_in(directory: int, name: str) -> int:
    """The descriptor of a file in an open directory. Raises OSError, ValueError."""
    return os.open(name, _FLAGS, dir_fd=directory)


def is_regular(file: int) -> bool:
    """Whether a descriptor is of a regular file."""
    return stat.S_ISREG(os.fstat(file).st_mode)


@contextmanager
def open_regular(root: Path, path: Path) -> Iterator[BinaryIO]:
    """Open a regular file below `root`. Raises UsageError."""
    *folders, name = path.relative_to(root).parts
    try:
        with open_directory(root, folders) as directory:
            file = open_in(directory, name)
    except FileNotFoundError as exc:
        raise UsageError(f"{path} does not exist.") from exc
    except OSError as exc:
        raise UsageError(f"{path} cannot be read: {exc.strerror}.") from exc
    if not is_regular(file):
        os.close(file)
        raise UsageError(f"{path} is not a regular file.")
    with os.fdopen(file, "rb") as opened:
        yield opened
