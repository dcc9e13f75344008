"""The archive's directory: whether it can hold an archive, and whether others may read it.

Checked before anything is opened: opening a FIFO in place of a file would block forever.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from archiver.errors import UsageError

_FILES = ("archive.db", "archive.db-wal", "archive.db-shm", "archive.db-journal")
_OTHERS = 0o077
_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISREG, "a file"),
)


class Widened(NamedTuple):
    """A file or directory of the archive that others than its owner may use."""

    path: Path
    mode: int
    private: int
    """The mode that it should have."""


def expect_place(directory: Path) -> None:
    """Raise UsageError if the directory is not one, or if a file of the archive is not a regular file."""
    mode = _mode(directory)
    if mode is not None and not stat.S_ISDIR(mode):
        raise UsageError(f"archive.dir is {directory}, which is {_kind(mode)}.", hint="Set it to a directory.")
    for path in _of_archive(directory):
        mode = _mode(path)
        if mode is not None and not stat.S_ISREG(mode):
            raise UsageError(
                f"{path} is {_kind(mode)}, where a file of the archive belongs.",
                hint="Move it away, or set archive.dir to another directory.",
            )


def list_widened(directory: Path) -> list[Widened]:
    """Files that others than the owner may read or write: directory, database, sessions. Empty without an archive."""
    found = []
    for path in _of_archive(directory):
        mode = _mode(path)
        if mode is not None and stat.S_ISREG(mode):
            found.append(Widened(path, stat.S_IMODE(mode), 0o600))
    mode = _mode(directory)
    if found and mode is not None:
        found.insert(0, Widened(directory, stat.S_IMODE(mode), 0o700))
    return [one for one in found if one.mode & _OTHERS]


def make_private(widened: Widened) -> bool:
    """Restrict it to its owner; return whether that worked."""
    try:
        widened.path.chmod(widened.private)
    except OSError:
        return False
    mode = _mode(widened.path)
    return mode is not None and not mode & _OTHERS


def _of_archive(directory: Path) -> Iterator[Path]:
    yield from (directory / name for name in _FILES)
    try:
        yield from sorted(
            path for path in directory.iterdir() if path.name.split(".")[0].partition("-")[0] in ("session", "lock")
        )
    except OSError:
        return


def _mode(path: Path) -> int | None:
    """The mode of a path; None if it does not exist. Raises UsageError if it cannot be examined."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as exc:
        why = getattr(exc, "strerror", None) or "it is not a valid path"
        raise UsageError(
            f"the archive at {path} cannot be examined: {why}.",
            hint="Set archive.dir to a directory of your own, or check who may read it.",
        ) from exc


def _kind(mode: int) -> str:
    return next((name for matches, name in _KINDS if matches(mode)), "no file")
