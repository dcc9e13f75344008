"""How to open an archive for reading where nothing can be written: SQLite needs a log and its index next to the file.

https://www.sqlite.org/wal.html#read_only_databases
"""

from __future__ import annotations

import os
from pathlib import Path

from archiver.errors import UsageError

ARCHIVE_NAME = "archive.db"


def find_reading(path: Path) -> tuple[str, str | None]:
    """The URI to open the file for reading, and a remark. Raises UsageError if it cannot be read completely."""
    uri = path.resolve().as_uri()
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
