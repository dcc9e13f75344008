"""Create an archive completely or not at all: a full disk or an interrupt leaves nothing behind."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from archiver.errors import UsageError
from archiver.store.faults import say
from archiver.store.journal import read_log
from archiver.store.raw_file import read_at

_VERSION_AT, _VERSION_SIZE = 60, 4
"""Position of the schema version in the file's header."""
_WRITTEN: Final = ("channel", "account", "intake", "saved_query", "media_policy")
"""At least one of these tables has a row in any archive that has been used."""
_FILES: Final = ("", "-wal", "-shm", "-journal")


@contextmanager
def creating(path: Path) -> Iterator[None]:
    """A context manager in which the holder of the lock creates the archive. Raises UsageError if that fails."""
    try:
        yield
    except BaseException as exc:
        if _has_tables(path):
            raise
        for kind in _FILES:
            path.with_name(f"{path.name}{kind}").unlink(missing_ok=True)
        if isinstance(exc.__cause__, sqlite3.Error):
            why = say(exc.__cause__, path)
            raise UsageError(
                f"the archive in {path.parent} was not created: {why}.",
                hint="Nothing was left behind; run the command again.",
            ) from exc
        raise


def remove_empty(path: Path) -> bool:
    """Remove an archive that nothing was written to and nobody has open; return whether it was.

    Called by the holder of the lock. Commands that only write for a moment, such as an import, do not hold it: what
    they wrote after this would be lost with the file.
    """
    try:
        with closing(sqlite3.connect(path, timeout=1, isolation_level=None)) as connection:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")  # refused while another connection is open
            connection.execute("BEGIN IMMEDIATE")
            if any(connection.execute(f"SELECT EXISTS (SELECT 1 FROM {one})").fetchone()[0] for one in _WRITTEN):
                return False
            for kind in _FILES:
                path.with_name(f"{path.name}{kind}").unlink(missing_ok=True)
            return True
    except sqlite3.Error:
        return False


def _has_tables(path: Path) -> bool:
    """Whether the transaction that created the tables is complete, in the file or still in its log."""
    try:
        return any(read_at(path, _VERSION_SIZE, _VERSION_AT)) or read_log(path) is not None
    except OSError:
        return False
