"""Exchange two names in a directory: in one step where the kernel can, else by renaming."""

from __future__ import annotations

import ctypes
import os

from archiver.export.temporary import temporary_name

_RENAME_EXCHANGE = 2


def exchange(directory: int, one: str, two: str) -> None:
    """Give `one` the name `two`, and vice versa. Raises OSError, leaving both unchanged."""
    if not _in_one_step(directory, one, two):
        _by_renaming(directory, one, two)


def _in_one_step(directory: int, one: str, two: str) -> bool:
    """Exchange them by Linux's renameat2; false if the system or its file system does not support it."""
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    return bool(call(directory, os.fsencode(one), directory, os.fsencode(two), _RENAME_EXCHANGE) == 0)


def _by_renaming(directory: int, one: str, two: str) -> None:
    spare = temporary_name()
    os.rename(two, spare, src_dir_fd=directory, dst_dir_fd=directory)
    try:
        os.rename(one, two, src_dir_fd=directory, dst_dir_fd=directory)
    except BaseException:
        os.rename(spare, two, src_dir_fd=directory, dst_dir_fd=directory)
        raise
    os.rename(spare, one, src_dir_fd=directory, dst_dir_fd=directory)
