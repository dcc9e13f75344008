"""How to open an archive for reading where nothing can be written: SQLite needs a log and its index next to the file.

https://www.sqlite.org/wal.html#read_only_databases
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from archiver.errors import UsageError
from archiver.store.raw_file import read_at

if TYPE_CHECKING:
    from archiver.store.database import Reader

ARCHIVE_NAME = "archive.db"
EXTRACT_ID = 0x746B6578
"""`application_id` of an archive that `export` made; others have none."""
_ID_AT, _ID_SIZE = 68, 4
"""Where the file's header has it. https://www.sqlite.org/fileformat2.html#the_database_header"""
_LOGS = ("wal", "journal")


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
    """Whether the file is one that `telekeep export --format sqlite` made: evidence, which is never changed."""
    try:
        return read_at(path, _ID_SIZE, _ID_AT) == EXTRACT_ID.to_bytes(_ID_SIZE, "big")
    except OSError:
        return False


def is_extract(conn: Reader) -> bool:
    """Whether the open archive is an export: without accounts, files and, if of some messages, coverage."""
    [(found,)] = conn.execute("PRAGMA main.application_id").fetchall()
    return bool(found == EXTRACT_ID)


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
