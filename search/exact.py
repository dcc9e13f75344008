"""The embedded engine: its tables in the archive's own file, written in the caller's transaction, always current.

`search_text` is an append-only FTS5 table without content: terms to docids (`terms`). `search_document` has a row for
each docid: which message, and what changes without the content. A new content takes a new docid and leaves the old row
superseded; nothing is ever taken out of the index (SQLite before 3.43 could not without the text).

Docids follow the dates (`docid`), so FTS5's own order is newest or oldest first.

https://www.sqlite.org/fts5.html#contentless_tables
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence

import aiosqlite

from search import wordlist
from search.changes import Row, Written, decide, place
from search.compile import Plan, plan
from search.docid import docid_range, tiers_to, window_of, windows
from search.document import Document, Key
from search.engine import Answer, Hit, Question
from search.errors import Unanswerable
from search.normalize import NORM_VERSION
from search.page import Place, beyond, read_place, read_rank, write_place, write_rank
from search.terms import MISSING, PINNED, SUPERSEDED, TERM_SIGNS
from search.vocabulary import inflect, wanted_words

LAYOUT_VERSION = 3
"""To be raised with any change of the tables or of `terms`."""

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS search_layout (layout INTEGER NOT NULL, norm INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS search_channel (number INTEGER PRIMARY KEY, channel_id INTEGER NOT NULL UNIQUE)",
    """CREATE TABLE IF NOT EXISTS search_document (
        docid INTEGER PRIMARY KEY,
        channel INTEGER NOT NULL REFERENCES search_channel (number),
        message_id INTEGER NOT NULL,
        date INTEGER NOT NULL,
        flags INTEGER NOT NULL,
        views INTEGER,
        forwards INTEGER,
        fingerprint INTEGER NOT NULL
    )""",
    # Backfill comes newest first: descending, so that it appends.
    f"""CREATE UNIQUE INDEX IF NOT EXISTS search_document_key ON search_document (channel, message_id DESC)
        WHERE flags & {SUPERSEDED} = 0""",
    f"CREATE INDEX IF NOT EXISTS search_document_missing ON search_document (docid) WHERE flags & {MISSING}",
    f"""CREATE VIRTUAL TABLE IF NOT EXISTS search_text USING fts5(
        line, content='', columnsize=0, detail=full, tokenize="ascii tokenchars '{TERM_SIGNS}'"
    )""",
    *wordlist.SCHEMA,
)
_AUTOMERGE = 8
"""Segments of a level before FTS5 joins them: more make writing cheaper, searching dearer and the file larger."""
_CHUNK = 256
"""Rows that are fetched at once."""
_ROWS = 100
"""Rows that are inserted at once: a page. FTS5 writes out its memory with each statement of several rows."""


def _refuse_fuzzy(question: Question) -> None:
    if question.fuzzy:
        raise Unanswerable("The embedded engine forgives no typing errors.", hint="Leave --fuzzy out.")


def create(conn: sqlite3.Connection) -> None:
    """Creates the tables where they are missing, inside the caller's transaction."""
    for statement in _SCHEMA:
        conn.execute(statement)
    if conn.execute("SELECT 1 FROM search_layout").fetchone() is None:
        conn.execute("INSERT INTO search_layout VALUES (?, ?)", (LAYOUT_VERSION, NORM_VERSION))
        conn.execute("INSERT INTO search_text (search_text, rank) VALUES ('automerge', ?)", (_AUTOMERGE,))


def upsert(conn: sqlite3.Connection, documents: Sequence[Document]) -> Written:
    """Writes a page of documents inside the caller's transaction; writing them again changes nothing.

    Of several documents of one message the last one counts. A page of about 100 is written fastest.
    """
    numbers = _channel_numbers(conn, {document.channel_id for document in documents})
    changes = decide(documents, _known_rows(conn, [document.key for document in documents], numbers))
    conn.executemany(
        f"UPDATE search_document SET flags = flags | {SUPERSEDED} WHERE docid = ?",  # noqa: S608 a constant
        [(docid,) for docid in changes.superseded],
    )
    conn.executemany(
        "UPDATE search_document SET flags = ?, views = ?, forwards = ? WHERE docid = ?",
        [(row.flags, row.views, row.forwards, row.docid) for row in changes.touched],
    )
    if changes.new:
        # Ascending: FTS5 writes out its memory whenever a docid is not above the last.
        lines, rows = place(changes.new, numbers, _used_docids(conn, changes.dates))
        _insert(conn, "search_text (rowid, line)", lines)
        wordlist.learn(conn, (line for _, line in lines))
        _insert(conn, "search_document", rows)
    return changes.written


def mark_missing(conn: sqlite3.Connection, keys: Collection[Key], *, missing: bool = True) -> None:
    """Notes that these messages are (no longer) absent from their channel. Unknown keys are passed over."""
    _set_flag(conn, keys, MISSING, on=missing)


def mark_pinned(conn: sqlite3.Connection, keys: Collection[Key], *, pinned: bool) -> None:
    """Notes that these messages were pinned or unpinned. Unknown keys are passed over."""
    _set_flag(conn, keys, PINNED, on=pinned)


def _set_flag(conn: sqlite3.Connection, keys: Collection[Key], flag: int, *, on: bool) -> None:
    change = f"flags | {flag}" if on else f"flags & ~{flag}"
    conn.executemany(
        f"""UPDATE search_document SET flags = {change}
            WHERE channel = (SELECT number FROM search_channel WHERE channel_id = ?) AND message_id = ?
            AND flags & {SUPERSEDED} = 0 AND flags != {change}""",  # noqa: S608 constants only
        list(keys),
    )


async def is_current(conn: aiosqlite.Connection) -> bool:
    """Whether the tables are there and were made by this version; if not, they are to be cleared and written anew."""
    if not await conn.execute_fetchall("SELECT 1 FROM sqlite_master WHERE name = 'search_layout'"):
        return False
    rows = await conn.execute_fetchall("SELECT layout, norm FROM search_layout")
    return [tuple(row) for row in rows] == [(LAYOUT_VERSION, NORM_VERSION)]


def clear(conn: sqlite3.Connection) -> None:
    """Drops the tables, inside the caller's transaction; `create` and `upsert` build them anew."""
    for table in ("search_text", "search_document", "search_channel", "search_layout", *wordlist.TABLES):
        conn.execute(f"DROP TABLE IF EXISTS {table}")


def tidy(conn: sqlite3.Connection, *, pages: int = 500) -> bool:
    """Joins segments of the index for as long as writing so many pages takes; searching gets faster and the file
    smaller. To be called in transactions of its own while there is nothing else to do. True: there is more to do."""
    before = conn.total_changes
    # A negative number of pages joins segments of all levels: https://www.sqlite.org/fts5.html#the_merge_command
    conn.execute("INSERT INTO search_text (search_text, rank) VALUES ('merge', ?)", (-pages,))
    return conn.total_changes - before >= 2


def _channel_numbers(conn: sqlite3.Connection, ids: set[int]) -> dict[int, int]:
    """Short numbers of channels; a row holds one of two bytes instead of six."""
    marks = ", ".join("?" * len(ids))
    select = f"SELECT channel_id, number FROM search_channel WHERE channel_id IN ({marks})"  # noqa: S608 marks only
    found: dict[int, int] = {row[0]: row[1] for row in conn.execute(select, tuple(ids))}
    for channel_id in sorted(ids - found.keys()):
        added = conn.execute("INSERT INTO search_channel (channel_id) VALUES (?)", (channel_id,))
        assert added.lastrowid is not None
        found[channel_id] = added.lastrowid
    return found


def _known_rows(conn: sqlite3.Connection, keys: Iterable[Key], numbers: dict[int, int]) -> dict[Key, Row]:
    ids: dict[int, list[int]] = {}
    for channel_id, message_id in keys:
        ids.setdefault(channel_id, []).append(message_id)
    found = {}
    for channel_id, wanted in ids.items():
        rows = conn.execute(
            f"""SELECT docid, channel, message_id, date, flags, views, forwards, fingerprint FROM search_document
                WHERE channel = ? AND flags & {SUPERSEDED} = 0
                AND message_id IN (SELECT value FROM json_each(?))""",  # noqa: S608 constants only
            (numbers[channel_id], json.dumps(wanted)),
        )
        found.update({(channel_id, row[2]): Row(*row) for row in rows})
    return found


def _insert(conn: sqlite3.Connection, into: str, rows: Sequence[tuple[object, ...]]) -> None:
    """All rows in few statements: `executemany` would wait for Python's global lock once a row."""
    for at in range(0, len(rows), _ROWS):
        chunk = rows[at : at + _ROWS]
        row = f"({', '.join('?' * len(chunk[0]))})"
        statement = f"INSERT INTO {into} VALUES {', '.join([row] * len(chunk))}"  # noqa: S608 constants only
        conn.execute(statement, [value for values in chunk for value in values])


def _used_docids(conn: sqlite3.Connection, dates: set[int]) -> dict[int, int]:
    """The highest docid in use by the first one of its window, of all windows that the dates lie in."""
    [(top,)] = conn.execute("SELECT max(docid) FROM search_document")
    ranges = sorted((docids.start, docids.stop) for docids in windows(tiers_to(top), dates))
    rows = conn.execute(
        """SELECT value ->> 0 AS first, (
               SELECT max(docid) FROM search_document WHERE docid >= value ->> 0 AND docid < value ->> 1
           ) AS used FROM json_each(?) WHERE used IS NOT NULL""",
        (json.dumps(ranges),),
    )
    return dict(rows.fetchall())


class ExactEngine:
    """Answers from the tables through a connection that may be read-only."""

    name = "exact"

    def __init__(self, conn: aiosqlite.Connection) -> None:
        self._conn = conn
        self._channels: dict[int, int] = {}

    async def search(self, question: Question) -> Answer:
        """One page of hits. Raises `SearchError` for a cursor that is none of this engine's."""
        _refuse_fuzzy(question)
        made = await self._plan(question)
        if question.sort == "relevance" and made.ranked:
            return await self._ranked(question, made)
        return await self._dated(question, made)

    async def count(self, question: Question) -> int:
        """The number of hits, exactly."""
        _refuse_fuzzy(question)
        made = await self._plan(question)
        total = 0
        for tier in await self._tiers():
            statement, values = made.select("count(*)", docid_range(tier, made.bounds))
            total += sum(row[0] for row in await self._conn.execute_fetchall(statement, values))
        return total

    async def _plan(self, question: Question) -> Plan:
        forms = await wordlist.find_forms(self._conn, wanted_words(question.tree))
        return plan(inflect(question.tree, forms), question.bounds, question.channels)

    async def _dated(self, question: Question, made: Plan) -> Answer:
        newest = question.sort != "oldest"
        behind = None if question.cursor is None else read_place(question.cursor)
        bounds = made.bounds if behind is None else made.bounds.intersect(beyond(behind, newest=newest))
        found: list[Place] = []
        for tier in await self._tiers():
            found += await self._walk(made, docid_range(tier, bounds), behind, question.limit + 1, newest=newest)
        found.sort(reverse=newest)
        page = found[: question.limit]
        cursor = write_place(page[-1]) if len(found) > len(page) > 0 else None
        hits = tuple(Hit(channel_id, message_id, date) for date, channel_id, message_id in page)
        return Answer(hits=hits, engine=self.name, cursor=cursor)

    async def _walk(self, made: Plan, docids: range, behind: Place | None, wanted: int, *, newest: bool) -> list[Place]:
        """At least so many places behind the cursor, if there are, and whole windows of them."""
        statement, values = made.select("d.docid, d.date, d.channel, d.message_id", docids)
        order = f" ORDER BY {'search_text.rowid' if made.match else 'd.docid'} {'DESC' if newest else 'ASC'}"
        found: list[Place] = []
        last_window = -1
        async with self._conn.execute(statement + order, values) as cursor:
            while rows := await cursor.fetchmany(_CHUNK):
                await self._learn_channels(row[2] for row in rows)
                for docid, date, channel, message_id in rows:
                    if len(found) >= wanted and window_of(docid) != last_window:
                        return found
                    last_window = window_of(docid)
                    here = (date, self._channels[channel], message_id)
                    if behind is None or (here < behind if newest else here > behind):
                        found.append(here)
        return found

    async def _ranked(self, question: Question, made: Plan) -> Answer:
        offset = 0 if question.cursor is None else read_rank(question.cursor)
        end = offset + question.limit
        rows: list[sqlite3.Row] = []
        for tier in await self._tiers():
            statement, values = made.select(
                "bm25(search_text) AS rank, d.date, d.channel, d.message_id", docid_range(tier, made.bounds)
            )
            page = " ORDER BY rank, d.date DESC, d.channel DESC, d.message_id DESC LIMIT ?"
            rows += await self._conn.execute_fetchall(statement + page, (*values, end + 1))
        rows.sort(key=lambda row: (-row[0], *row[1:]), reverse=True)
        await self._learn_channels(row[2] for row in rows)
        hits = tuple(
            Hit(self._channels[channel], message_id, date, score=-rank)
            for rank, date, channel, message_id in rows[offset:end]
        )
        return Answer(hits=hits, engine=self.name, cursor=write_rank(end) if len(rows) > end else None)

    async def _tiers(self) -> range:
        [(top,)] = await self._conn.execute_fetchall("SELECT max(docid) FROM search_document")
        return tiers_to(top)

    async def _learn_channels(self, numbers: Iterable[int]) -> None:
        if set(numbers) <= self._channels.keys():
            return
        rows = await self._conn.execute_fetchall("SELECT number, channel_id FROM search_channel")
        self._channels = {row[0]: row[1] for row in rows}
