"""How to open an archive for reading where nothing can be written: SQLite needs a log and its index next to the file.

https://www.sqlite.org/wal.html#read_only_databases
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Final

from archiver.errors import UsageError

ARCHIVE_NAME = "archive.db"
EXTRACT_ID = 0x746B6578
"""`application_id` of an archive that `export` made; others have none."""
_ID_AT, _ID_SIZE = 68, 4
"""Where the file's header has it. https://www.sqlite.org/fileformat2.html#the_database_header"""
_LOGS = ("wal", "journal")
_looking = threading.Lock()
_known: Final[dict[tuple[int, int], bool]] = {}
"""Device and inode of the files looked at so far -> whether they are exports."""


def find_reading(path: Path) -> tuple[str, str | None]:
    """The URI to open the file for reading, and a remark. Raises UsageError if it cannot be read completely."""
    uri = path.resolve().as_uri()
    if is_export(path) and not _has_log(path):
        return f"{uri}?immutable=1", None
    log, index = (path.with_name(f"{path.name}-{kind}") for kind in ("wal", "shm"))
    directory = path.resolve().parent
    if os.access(directory, os.W_OK) or (log.exists() and index.exists()):
        return f"{uri}?mode=ro", None
    if log.exists() and log.stat().st_size:
        raise UsageError(
            f"{path} was not closed cleanly, and recovering it needs files next to it, which cannot be written.",
            hint=f"Copy {path.name} and {log.name} together to a writable disk, and read them there.",
        )
    if not os.statvfs(directory).f_flag & os.ST_RDONLY:
        # Someone else may write it at any moment, so it must not be opened as immutable.
        raise UsageError(
            f"{path} cannot be read: SQLite has to write files next to it, and {directory} is not writable.",
            hint="Ask its owner for write permission there, or read a copy.",
        )
    return f"{uri}?immutable=1", "the archive is on a read-only medium; nothing is written to it."


def is_export(path: Path) -> bool:
    """Whether the file is one that `telekeep export --format sqlite` made: evidence, which is never changed.

    Each file is looked at once, before SQLite opens it: closing any descriptor of a file drops all locks that this
    process has on it. Another process would then take the log for abandoned and delete it, with what we write to it.
    https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_
    """
    with _looking:
        try:
            found = path.stat()
            key = found.st_dev, found.st_ino
            if key not in _known:
                _known[key] = _read_id(path) == EXTRACT_ID.to_bytes(_ID_SIZE, "big")
        except OSError:
            return False
        return _known.get(key, False)


def _read_id(path: Path) -> bytes:
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return os.pread(handle, _ID_SIZE, _ID_AT)
    finally:
        os.close(handle)


def expect_no_export(directory: Path) -> None:
    """Raise UsageError if the archive is an export: whatever would write to it, or beside it, is refused."""
    path = directory / ARCHIVE_NAME
    if is_export(path):
        raise UsageError(
            f"{path} is an export (--format sqlite): it is only read, never changed.",
            hint="Set archive.dir to the archive that it was made from.",
        )


def _has_log(path: Path) -> bool:
    """Whether another program left changes beside the file."""
    for kind in _LOGS:
        log = path.with_name(f"{path.name}-{kind}")
        if log.exists() and log.stat().st_size:
            return True
    return False
