"""The embedded engine's tables as one question reads them: in the connection's thread, in one state of the archive."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import aiosqlite

from search.engine.page import Position
from search.exact.condition import SqlValue
from search.exact.docid import tiers_in_use

T = TypeVar("T")


class Tables:
    """A connection, and the channels that are known by their numbers."""

    def __init__(self, conn: sqlite3.Connection, channels: dict[int, int]) -> None:
        self.conn = conn
        self._channels = channels

    def rows(self, statement: str, values: Sequence[SqlValue] = ()) -> list[Any]:
        """All rows of a statement."""
        return self.conn.execute(statement, values).fetchall()

    def tiers(self) -> range:
        """Tiers in use."""
        [(top,)] = self.rows("SELECT max(docid) FROM search_document")
        return tiers_in_use(top)

    def channels(self, numbers: Iterable[int]) -> Mapping[int, int]:
        """Ids of channels by number: these and others."""
        if not set(numbers) <= self._channels.keys():
            self._channels.update(self.rows("SELECT number, channel_id FROM search_channel"))
        return self._channels

    def positions(self, rows: Sequence[Sequence[int]]) -> list[Position]:
        """Positions of rows that begin with date, channel number and message id."""
        channels = self.channels({row[1] for row in rows})
        return [Position(row[0], channels[row[1]], row[2]) for row in rows]


async def in_thread(conn: aiosqlite.Connection, act: Callable[[sqlite3.Connection], T]) -> T:
    """Run `act` in the connection's own thread, in one state of the archive: switching threads takes long.

    `_execute` is aiosqlite's own way into that thread.
    """

    def read() -> T:
        own = conn._conn  # noqa: SLF001
        began = not own.in_transaction
        if began:
            own.execute("BEGIN")
        try:
            return act(own)
        finally:
            if began and own.in_transaction:
                own.execute("ROLLBACK")

    result: T = await conn._execute(read)  # type: ignore[no-untyped-call]  # noqa: SLF001
    return result
