"""A connection that completes every read at once.

SQLite shows a connection one state of the file for as long as any of its reads is unfinished. With several tasks
reading through one connection, one task's unfinished read would hide from the others what they have written since it
began. So all rows are fetched when the statement is executed.
https://www.sqlite.org/isolation.html
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import islice
from typing import Any, Self


class WholeReads(sqlite3.Connection):
    """A connection for reads whose rows fit into memory."""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """Run a statement and fetch all its rows."""
        return self.cursor(_Fetched).execute(sql, parameters)


class _Fetched(sqlite3.Cursor):
    _rows: Iterator[Any] = iter(())

    def execute(self, sql: str, parameters: Any = (), /) -> Self:
        super().execute(sql, parameters)
        self._rows = iter(super().fetchall())
        return self

    def __next__(self) -> Any:
        return next(self._rows)

    def fetchone(self) -> Any:
        return next(self._rows, None)

    def fetchmany(self, size: int | None = None) -> list[Any]:
        return list(islice(self._rows, self.arraysize if size is None else size))

    def fetchall(self) -> list[Any]:
        return list(self._rows)
