"""Tell whether a path is a telekeep archive, so that its reader is loaded only then."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from archiver.store.medium import ARCHIVE_NAME
from archiver.store.raw_file import read_at

_MAGIC: Final = b"SQLite format 3\x00"


def is_archive(path: Path) -> bool:
    """Whether it is a SQLite file with telekeep's messages, or a directory with one."""
    file = path / ARCHIVE_NAME if path.is_dir() else path
    try:
        header = read_at(file, 100)
    except OSError:
        return False
    return header.startswith(_MAGIC) and int.from_bytes(header[60:64], "big") > 0
