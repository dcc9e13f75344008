"""The embedded engine's tables for one question: read in the connection's thread, in one state of the archive."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, TypeVar

import aiosqlite

from search.engine.page import Position
from search.exact.condition import SqlValue
from search.exact.docid import tiers_in_use
from search.exact.thresholds import MEASURED, Thresholds
from search.exact.vocabulary import Forms
from search.exact.word_list import find_forms

T = TypeVar("T")
_MOST_WORDS: Final = 1_000
_TRIES: Final = 9


class Memory:
    """Cache of the tables until they change: a page of hits, its count and its facets need the same data."""

    def __init__(self) -> None:
        self.channels: dict[int, int] = {}
        """Ids by number."""
        self.forms: dict[tuple[str, bool], Forms] = {}
        """By word and whether annotations are searched too."""
        self._version: tuple[int, int] | None = None
        self._settled = 0
        """The connection's change counter when last read outside any write transaction."""

    def within(self, conn: sqlite3.Connection, *, is_settled: bool) -> Memory:
        """This cache, or a separate one for a transaction that has written and may be rolled back.

        `is_settled`: whether everything the connection wrote is committed. A rollback does not lower `total_changes`.
        """
        if is_settled:
            self._settled = conn.total_changes
        return self if conn.total_changes == self._settled else Memory()

    def refresh(self, conn: sqlite3.Connection) -> None:
        """Clear the cache if this or another connection has written."""
        [(version,)] = conn.execute("PRAGMA data_version")
        if self._version != (version, conn.total_changes):
            self._version = version, conn.total_changes
            self.channels, self.forms = {}, {}


class Tables:
    """A connection, with the cache of its tables."""

    def __init__(self, conn: sqlite3.Connection, memory: Memory | None = None, above: Thresholds = MEASURED) -> None:
        self.conn = conn
        self.above = above
        self._memory = memory or Memory()
        self._memory.refresh(conn)

    def rows(self, statement: str, values: Sequence[SqlValue] = ()) -> list[Any]:
        """All rows of a statement."""
        return self.conn.execute(statement, values).fetchall()

    def tiers(self) -> range:
        """Tiers in use."""
        [(top,)] = self.rows("SELECT max(docid) FROM search_document")
        return tiers_in_use(top)

    def channels(self, numbers: Iterable[int]) -> Mapping[int, int]:
        """Ids of channels by number; others may be included."""
        if not self._memory.channels or not set(numbers) <= self._memory.channels.keys():
            self._memory.channels = dict(self.rows("SELECT number, channel_id FROM search_channel"))
        return self._memory.channels

    def forms(self, words: Iterable[str], *, annotations: bool) -> Mapping[str, Forms]:
        """The indexed forms of each word; see `find_forms`."""
        words, known = list(words), self._memory.forms
        if unknown := [word for word in words if (word, annotations) not in known]:
            if len(known) + len(unknown) > _MOST_WORDS:
                known.clear()
                unknown = words
            found = find_forms(self.conn, unknown, annotations=annotations)
            known.update({(word, annotations): forms for word, forms in found.items()})
        return {word: known[word, annotations] for word in words}

    def positions(self, rows: Sequence[Sequence[int]]) -> list[Position]:
        """Positions from rows that start with date, channel number and message id."""
        channels = self.channels({row[1] for row in rows})
        return [Position(row[0], channels[row[1]], row[2]) for row in rows]


async def read_tables(conn: aiosqlite.Connection, memory: Memory, act: Callable[[Tables], T]) -> T:
    """Run `act` on the tables, with their cache."""

    def read(own: sqlite3.Connection, is_settled: bool) -> T:
        return act(Tables(own, memory.within(own, is_settled=is_settled)))

    return await in_thread(conn, read)


async def in_thread(conn: aiosqlite.Connection, act: Callable[[sqlite3.Connection, bool], T]) -> T:
    """Run `act` in the connection's own thread, in one state of the archive: switching threads is slow.

    `act` is told whether that state is a committed one, not that of a transaction begun elsewhere.
    `_execute` is how aiosqlite itself enters that thread.
    """

    def read() -> T:
        own = conn._conn  # noqa: SLF001
        began = not own.in_transaction
        if began:
            own.execute("BEGIN")
        try:
            return act(own, began)
        finally:
            if began:
                _roll_back(own)

    result: T = await conn._execute(read)  # type: ignore[no-untyped-call]  # noqa: SLF001
    return result


def _roll_back(conn: sqlite3.Connection) -> None:
    """End a read transaction; an interrupt meant for a slow question may hit this statement, too."""
    for _ in range(_TRIES):
        with suppress(sqlite3.OperationalError):
            if conn.in_transaction:
                conn.execute("ROLLBACK")
            return


def find_span(conn: sqlite3.Connection, docids: range) -> range | None:
    """The docids from the first to the last document within a range; None if it has none."""
    # Two subqueries: SQLite uses the index only for a single minimum or maximum.
    within = "FROM search_document WHERE docid >= ?1 AND docid < ?2"
    query = f"SELECT (SELECT min(docid) {within}), (SELECT max(docid) {within})"
    [(first, last)] = conn.execute(query, (docids.start, docids.stop))
    return None if first is None else range(first, last + 1)
