"""Temporary tables in a database of their own, for more than memory should hold."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final, Self

from archiver.errors import UsageError

_CACHE_KIB = 2048
_NO_ROOM: Final = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
_PLACES: Final = ("/var/tmp", "/usr/tmp", "/tmp")  # noqa: S108 - where SQLite puts them
"""https://www.sqlite.org/tempfiles.html#temporary_file_storage_locations"""


def find_folder() -> str:
    """The directory where SQLite puts temporary files."""
    named = (os.environ.get(name, "") for name in ("SQLITE_TMPDIR", "TMPDIR"))
    places = (one for one in (*named, *_PLACES) if one and os.path.isdir(one))  # noqa: PTH112
    return next((one for one in places if os.access(one, os.W_OK | os.X_OK)), ".")


@contextmanager
def _say_full() -> Iterator[None]:
    """Raise UsageError if a temporary file cannot be written, which SQLite does not tell apart from the archive's."""
    try:
        yield
    except sqlite3.OperationalError as exc:
        if getattr(exc, "sqlite_errorcode", 0) & 0xFF not in _NO_ROOM:
            raise
        raise UsageError(
            f"temporary files cannot be written to {find_folder()}: its disk is full, or refuses them.",
            hint="Free some space there, or set TMPDIR to a directory on another disk; nothing was written.",
        ) from exc


class _Connection(sqlite3.Connection):
    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        with _say_full():
            return super().execute(*arguments)

    def executemany(self, *arguments: Any) -> sqlite3.Cursor:
        with _say_full():
            return super().executemany(*arguments)


class TemporaryTables:
    """A context manager. SQLite removes its file when it is closed, or killed."""

    def __init__(self, *tables: str) -> None:
        self._conn = sqlite3.connect("", isolation_level=None, factory=_Connection)
        for pragma in (f"cache_size = -{_CACHE_KIB}", "journal_mode = OFF", "synchronous = OFF"):
            self._conn.execute(f"PRAGMA {pragma}")
        for table in tables:
            self._conn.execute(f"CREATE TABLE {table} WITHOUT ROWID")
        self._conn.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove everything."""
        self._conn.close()
