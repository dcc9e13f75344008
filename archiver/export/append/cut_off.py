"""A manifest without its data file: the run was killed between the two renames, or the file was lost.

After a kill the file still has its temporary name, and is renamed. A lost file is never written again, because
its SHA-256 would differ from the recorded one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os

from archiver.errors import UsageError
from archiver.export.append.series import Link, Series, open_directory
from archiver.export.publish import turn
from archiver.export.target import rename_new
from archiver.export.temporary import list_left_over
from archiver.export.unwritable import unwritable
from archiver.export.verify import find_damage


async def finish_cut_off(series: Series) -> None:
    """Rename the last file to its final name. Raises UsageError if it was lost."""
    assert series.cut_off is not None
    with open_directory(series.directory / series.first) as directory:
        async with turn(directory):
            if _has_data(directory, series.cut_off):
                return  # the run that we took for killed was about to, and has
            part = find_part(directory, series, series.cut_off)
            try:
                rename_new(directory, part, series.cut_off.data)
                os.fsync(directory)
            except FileExistsError:
                return  # the same, where there are no locks
            except OSError as exc:
                raise unwritable(series.directory / series.cut_off.data, exc) from exc


async def expect_not_lost(series: Series) -> None:
    """Raise UsageError if the last file was lost."""
    if series.cut_off is not None:
        with open_directory(series.directory / series.first) as directory:
            async with turn(directory):
                if not _has_data(directory, series.cut_off):
                    find_part(directory, series, series.cut_off)


def _has_data(directory: int, link: Link) -> bool:
    return link.data in os.listdir(directory)


def find_part(directory: int, series: Series, link: Link) -> str:
    """The temporary name of the file that the manifest lists. Raises UsageError."""
    [entry] = link.claims["files"]
    for name in list_left_over(directory):
        if find_damage(directory, {**entry, "path": name}) is None and _is_abandoned(directory, name):
            return name
    raise UsageError(
        f"{series.directory / link.data} is missing, but {link.manifest} lists it, and it is never written again.",
        hint=f"Restore it from a copy, or delete {link.manifest} too and run this again.",
    )


def _is_abandoned(directory: int, name: str) -> bool:
    """Whether no process is writing the file."""
    with contextlib.suppress(OSError):
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return os.fstat(handle).st_uid == os.geteuid()
        finally:
            os.close(handle)
    return False
