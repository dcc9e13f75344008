"""SQLite's errors, explained to people. https://www.sqlite.org/rescode.html"""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import NamedTuple, TypeVar

Key = TypeVar("Key", int, str, tuple[int, int, int])


class FileFault(NamedTuple):
    """A failure of the archive's file, as shown to the user."""

    sentence: str
    hint: str
    exit_status: int = 2


FULL = FileFault(
    "the archive could not be written: its disk is full.",
    "What is archived is intact; free some space, then run the command again.",
)
_FAULTS = {
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_IOERR: FileFault(
        "the archive could not be read or written: the disk refused it.",
        "It may be full, over a quota or a limit on the size of files, or failing; what was stored before is intact.",
    ),
    sqlite3.SQLITE_CORRUPT: FileFault(
        "the archive's file is damaged.", "`telekeep verify` says where; keep a copy before anything else.", 6
    ),
    sqlite3.SQLITE_NOTADB: FileFault(
        "the archive's file is not an SQLite database, or its beginning is damaged.", "Look for a backup of it.", 6
    ),
    sqlite3.SQLITE_READONLY: FileFault(
        "the archive cannot be written: it is read-only.", "Check who may write its directory, and how it is mounted."
    ),
    sqlite3.SQLITE_CANTOPEN: FileFault(
        "the archive's files cannot be opened.", "Check who may read and write its directory, and that it is not full."
    ),
    sqlite3.SQLITE_PERM: FileFault("permission to open the archive's files was denied.", "Check who owns them."),
    sqlite3.SQLITE_BUSY: FileFault("another program is using the archive.", "Stop it, then run the command again."),
    sqlite3.SQLITE_LOCKED: FileFault("another program is using the archive.", "Stop it, then run the command again."),
    sqlite3.SQLITE_NOMEM: FileFault("there is not enough memory.", "Nothing that was stored is lost."),
}


def find_fault(exc: BaseException) -> FileFault | None:
    """The explanation of a SQLite error; None if it is not about the file, or not SQLite's."""
    if not isinstance(exc, sqlite3.Error):
        return None
    code = getattr(exc, "sqlite_errorcode", None)
    return _FAULTS.get(code & 0xFF) if code is not None else None


def is_damage(error: BaseException | None) -> bool:
    """Whether this error of SQLite means that the file is damaged or not a database."""
    codes = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT)
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF in codes


def damage() -> sqlite3.DatabaseError:
    """SQLite's error for a damaged file."""
    error = sqlite3.DatabaseError("database disk image is malformed")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def go_on(after: Key, last: Key) -> Key:
    """Return `last`, the key to continue after.

    Raises damage unless it follows `after`: a damaged index could otherwise send the reader round in circles.
    """
    if type(last) is not type(after) or not last > after:
        raise damage()
    return last


def go_down(below: int | None, last: int) -> None:
    """Raise damage unless `last`, the key to continue below, precedes `below`. None: the walk has just begun."""
    if below is not None:
        go_on(-below, -last)


def say(exc: sqlite3.Error, path: Path) -> str:
    """The reason, as part of a sentence about the archive's file."""
    code = getattr(exc, "sqlite_errorcode", None)
    if code is not None and code & 0xFF in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN) and _is_full(path.parent):
        code = sqlite3.SQLITE_FULL
    return _REASONS.get((code or 0) & 0xFF, f"SQLite reports error {code}" if code else "it cannot be read")


def _is_full(directory: Path) -> bool:
    """Whether the disk has no room for the small file that even a reader needs."""
    try:
        return shutil.disk_usage(directory).free < _LEAST
    except OSError:
        return False


_LEAST = 64 * 1024
_REASONS = {
    sqlite3.SQLITE_FULL: "its disk is full; free some space",
    sqlite3.SQLITE_IOERR: "the disk refused to read or write it (full, over a limit, or failing)",
    sqlite3.SQLITE_CORRUPT: "it is damaged",
    sqlite3.SQLITE_NOTADB: "it is not an SQLite database, or its beginning is damaged",
    sqlite3.SQLITE_READONLY: "it is read-only",
    sqlite3.SQLITE_CANTOPEN: "its files cannot be opened; check the permissions of its directory, and the free space",
    sqlite3.SQLITE_PERM: "permission to open it was denied",
    sqlite3.SQLITE_BUSY: "another program is using it",
    sqlite3.SQLITE_LOCKED: "another program is using it",
}
