"""Files and folders under temporary names, beside the final ones: unguessable, and locked while they are written.

A crash leaves an unlocked `.telekeep-<random>.part`, which the next export into the directory removes.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import secrets
import shutil
import stat
from collections.abc import Callable

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""Flags to open a directory that is not a link."""
CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
"""Flags to create a file where nothing is yet."""
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
"""Flags to open a file that is not a link, without waiting for a pipe or device."""
_PART = re.compile(r"\.telekeep-[0-9a-f]{32}\.part")
_TRIES = 100


def temporary_name() -> str:
    """A temporary name that nobody can guess."""
    return f".telekeep-{secrets.token_hex(16)}.part"


def create_file(directory: int, mode: int = 0o666) -> tuple[str, int]:
    """Create a locked file; return its name and descriptor. Raises OSError."""
    return _make(lambda name: os.open(name, CREATE, mode, dir_fd=directory))


def create_folder(directory: int, mode: int = 0o777) -> tuple[str, int]:
    """Create a locked folder; return its name and descriptor. Raises OSError."""

    def make(name: str) -> int:
        os.mkdir(name, mode, dir_fd=directory)
        try:
            return os.open(name, DIRECTORY, dir_fd=directory)
        except OSError:
            with contextlib.suppress(OSError):
                os.rmdir(name, dir_fd=directory)
            raise

    return _make(make)


def _make(make: Callable[[str], int]) -> tuple[str, int]:
    for _ in range(_TRIES):
        name = temporary_name()
        with contextlib.suppress(FileNotFoundError):
            handle = make(name)
            lock(handle)
            if os.fstat(handle).st_nlink:
                return name, handle
            os.close(handle)
        # Another export removed it as a leftover before it was locked.
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


def lock(handle: int) -> None:
    """Lock a file or folder while it is written, so that no other export takes it for a leftover."""
    with contextlib.suppress(OSError):  # some file systems have no locks
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def list_left_over(directory: int) -> list[str]:
    """Temporary names in the directory, of running or killed exports."""
    return [name for name in os.listdir(directory) if _PART.fullmatch(name)]


def remove_left_over(directory: int) -> None:
    """Remove what killed exports left in the directory: our names, our user's, and unlocked."""
    for name in list_left_over(directory):
        with contextlib.suppress(OSError):
            handle = os.open(name, READ, dir_fd=directory)
            try:
                _remove(directory, name, os.fstat(handle), handle)
            finally:
                os.close(handle)


def _remove(directory: int, name: str, info: os.stat_result, handle: int) -> None:
    is_folder = stat.S_ISDIR(info.st_mode)
    if info.st_uid != os.geteuid() or not (is_folder or stat.S_ISREG(info.st_mode)):
        return
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    if is_folder:
        shutil.rmtree(name, dir_fd=directory)
    else:
        os.unlink(name, dir_fd=directory)


def discard_folder(directory: int, name: str | None, handle: int) -> None:
    """Remove a folder unless `name` is None, and close its descriptor and its directory's; -1: not open."""
    if name is not None and directory >= 0:
        shutil.rmtree(name, ignore_errors=True, dir_fd=directory)
    for one in (handle, directory):
        if one >= 0:
            os.close(one)


def sync_folders(handle: int) -> None:
    """Sync the names in a folder to disk, and those in all folders below. Raises OSError."""
    for _, _, _, inner in os.fwalk(".", dir_fd=handle):
        os.fsync(inner)
