"""Temporary tables in a database of their own, for more than memory should hold."""

from __future__ import annotations

import sqlite3
from types import TracebackType
from typing import Self

_CACHE_KIB = 8192


class TemporaryTables:
    """A context manager. SQLite removes its file when it is closed, or killed."""

    def __init__(self, *tables: str) -> None:
        self._conn = sqlite3.connect("", isolation_level=None)
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
