"""The embedded engine's tables in the archive's own file: written in the caller's transaction, always current.

`search_text` is an append-only FTS5 table without content: terms to docids (`terms`). `search_document` has a row for
each docid: which message, and what changes without the content. A new content takes a new docid and leaves the old row
superseded; nothing is ever taken out of the index (SQLite before 3.43 could not without the text). `search_revision`
says which superseded rows are revisions.
`search_block` sums up rows: walks pass over blocks that hold nothing.

Docids follow the dates (`docid`), so FTS5's own order is newest or oldest first. Answers are in `answering`.

https://www.sqlite.org/fts5.html#contentless_tables
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

import aiosqlite

from search.document import Document, Key
from search.exact.changes import Row, Written, decide, place
from search.exact.docid import tiers_to, windows
from search.exact.reader import ExactEngine
from search.exact.schema import LAYOUT_VERSION, SCHEMA, TABLES
from search.exact.skip_index import BLOCK_BITS, Summary, cluster, find_runs, is_in_block, summarize
from search.exact.terms import Entry, entry
from search.flags import MISSING, PINNED, SUPERSEDED
from search.text.normalize import NORM_VERSION

__all__ = ["ExactEngine"]

_AUTOMERGE = 8
"""Segments of a level before FTS5 joins them: more make writing cheaper, searching dearer and the file larger."""
_ROWS = 100
"""Rows that are inserted at once: a page. FTS5 writes out its memory with each statement of several rows."""
_UNTIDY = 500
"""Leaf pages outside the largest segment (2 MB) that are left as they are: joining rewrites that segment too."""


_ROW = ", ".join(f"d.{name}" for name in Row._fields)
_NONE: Mapping[Key, int] = {}
_INDEX = "search_text"


class Queryable(Protocol):
    """A connection that is only read from."""

    def execute(self, sql: str, parameters: Any = ..., /) -> sqlite3.Cursor:
        """As sqlite3's."""
        ...


def create(conn: sqlite3.Connection) -> None:
    """Creates the tables where they are missing, inside the caller's transaction."""
    for statement in SCHEMA:
        conn.execute(statement)
    if conn.execute("SELECT 1 FROM search_layout").fetchone() is None:
        conn.execute("INSERT INTO search_layout VALUES (?, ?)", (LAYOUT_VERSION, NORM_VERSION))
        conn.execute("INSERT INTO search_text (search_text, rank) VALUES ('automerge', ?)", (_AUTOMERGE,))


def upsert(conn: sqlite3.Connection, documents: Sequence[Document], revised: Mapping[Key, int] = _NONE) -> Written:
    """Writes a page of documents inside the caller's transaction; writing them again changes nothing.

    Of several documents of one message the last one counts. A page of about 100 is written fastest. `revised`: the
    numbers under which the archive keeps the contents that these supersede.
    """
    numbers = _channel_numbers(conn, {document.channel_id for document in documents})
    changes = decide(documents, _known_rows(conn, [document.key for document in documents], numbers))
    superseded = [row._replace(flags=row.flags | SUPERSEDED) for row in changes.superseded.values()]
    store(conn, [*superseded, *changes.touched])
    _note_revisions(conn, [(row, revised[key]) for key, row in changes.superseded.items() if key in revised])
    _widen(conn, summarize(changes.touched))
    _add(conn, changes.new, numbers)
    return changes.written


def add_revisions(conn: sqlite3.Connection, revisions: Iterable[tuple[Document, int]]) -> int:
    """Writes earlier contents that never were the present ones here, with their numbers, for `in:revisions`; how many.

    The message itself has been written before. A content that is known already is passed over.
    """
    made = [(document, number, entry(document)) for document, number in revisions]
    numbers = _channel_numbers(conn, {document.channel_id for document, _, _ in made})
    added = 0
    for document, number, one in made:
        present = _known_rows(conn, [document.key], numbers).get(document.key)
        if present is None or one.fingerprint == present.fingerprint:
            continue
        if any(one.fingerprint == old.fingerprint for old in _revisions(conn, present)):
            continue
        state = present.flags & (MISSING | PINNED)
        old = Entry(one.line, one.fingerprint, one.flags & ~(MISSING | PINNED) | state | SUPERSEDED)
        _note_revisions(conn, [(row, number) for row in _add(conn, [(document, old)], numbers)])
        added += 1
    return added


def mark_missing(conn: sqlite3.Connection, keys: Collection[Key], *, missing: bool = True) -> None:
    """Notes that these messages are (no longer) absent from their channel. Unknown keys are passed over."""
    _set_flag(conn, keys, MISSING, on=missing)


def mark_pinned(conn: sqlite3.Connection, keys: Collection[Key], *, pinned: bool) -> None:
    """Notes that these messages were pinned or unpinned. Unknown keys are passed over."""
    _set_flag(conn, keys, PINNED, on=pinned)


def _set_flag(conn: sqlite3.Connection, keys: Collection[Key], flag: int, *, on: bool) -> None:
    """On the present content and on the revisions of each message."""
    numbers = _find_channels(conn, {channel_id for channel_id, _ in keys})
    present = _known_rows(conn, [key for key in keys if key[0] in numbers], numbers).values()
    rows = {*present, *(old for row in present for old in _revisions(conn, row))}
    changed = [row._replace(flags=row.flags | flag if on else row.flags & ~flag) for row in rows]
    store(conn, set(changed) - rows)
    if on:
        conn.executemany(
            f"UPDATE search_block SET flags = flags | {flag} WHERE block = ? AND flags & {flag} = 0",  # noqa: S608 a constant
            [(block,) for block in {row.docid >> BLOCK_BITS for row in changed}],
        )


async def is_current(conn: aiosqlite.Connection) -> bool:
    """Whether the tables are there and were made by this version; if not, they are to be cleared and written anew."""
    if not await conn.execute_fetchall("SELECT 1 FROM sqlite_master WHERE name = 'search_layout'"):
        return False
    rows = await conn.execute_fetchall("SELECT layout, norm FROM search_layout")
    return [tuple(row) for row in rows] == [(LAYOUT_VERSION, NORM_VERSION)]


def clear(conn: sqlite3.Connection) -> None:
    """Drops the tables, inside the caller's transaction; `create` and `upsert` build them anew."""
    kinds = dict(conn.execute("SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view')").fetchall())
    for name in TABLES:
        if name in kinds:
            try:
                conn.execute(f"DROP {kinds[name]} {name}")
            except sqlite3.DatabaseError:
                if name != _INDEX:
                    raise
                _forget_index(conn)
    for name in kinds:
        if name.startswith(f"{_INDEX}_"):
            conn.execute(f"DROP TABLE IF EXISTS {name}")


def _forget_index(conn: sqlite3.Connection) -> None:
    """FTS5 drops no index that it cannot open. https://www.sqlite.org/pragma.html#pragma_writable_schema"""
    conn.execute("PRAGMA writable_schema = ON")
    conn.execute("DELETE FROM sqlite_master WHERE name = ?", (_INDEX,))
    conn.execute("PRAGMA writable_schema = RESET")


def is_untidy(conn: Queryable) -> bool:
    """Whether so much of the index lies in small segments that `tidy` would pay: an eighth of it."""
    rows = conn.execute("SELECT count(*) FROM search_text_idx GROUP BY segid ORDER BY 1")
    leaves = [int(row[0]) for row in rows]
    return sum(leaves[:-1]) > max(_UNTIDY, sum(leaves) // 8)


def tidy(conn: sqlite3.Connection, *, pages: int = 500) -> bool:
    """Joins segments of the index for as long as writing so many pages takes; searching gets faster and the file
    smaller. To be called in transactions of its own while there is nothing else to do. True: there is more to do."""
    before = conn.total_changes
    # A negative number of pages joins segments of all levels: https://www.sqlite.org/fts5.html#the_merge_command
    conn.execute("INSERT INTO search_text (search_text, rank) VALUES ('merge', ?)", (-pages,))
    return conn.total_changes - before >= 2


def _add(conn: sqlite3.Connection, new: Sequence[tuple[Document, Entry]], numbers: Mapping[int, int]) -> Sequence[Row]:
    """New contents, each with a docid of its own."""
    if not new:
        return ()
    # Ascending: FTS5 writes out its memory whenever a docid is not above the last.
    placed = place(new, numbers, _used_docids(conn, {document.date for document, _ in new}))
    _insert(conn, "INTO search_text (rowid, line)", [(row.docid, made.line) for row, _, made in placed])
    rows = [row for row, _, _ in placed]
    store(conn, rows)
    _widen(conn, summarize(rows))
    conn.executemany(
        """INSERT INTO search_channel_range VALUES (?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET low = min(low, excluded.low), high = max(high, excluded.high)""",
        find_runs(rows),
    )
    for row, document, _ in placed:
        if document.is_forwarded:
            _note_origin(conn, row.docid, document)
    return rows


def _note_origin(conn: sqlite3.Connection, docid: int, document: Document) -> None:
    """Where it was forwarded from, for the counts by origin; the last name of a channel counts."""
    channel_id, name = document.fwd_channel_id, document.fwd_name
    if channel_id is None and not name:
        return
    conflict = "(name) WHERE channel_id IS NULL" if channel_id is None else "(channel_id)"
    [(number,)] = conn.execute(
        f"""INSERT INTO search_origin (channel_id, name) VALUES (?, ?)
            ON CONFLICT {conflict} DO UPDATE SET name = ifnull(excluded.name, name) RETURNING number""",  # noqa: S608 a constant
        (channel_id, name),
    ).fetchall()
    conn.execute("INSERT INTO search_forward VALUES (?, ?)", (docid, number))


def _note_revisions(conn: sqlite3.Connection, revisions: Iterable[tuple[Row, int]]) -> None:
    conn.executemany(
        "INSERT INTO search_revision VALUES (?, ?, ?, ?)",
        [(row.channel, row.message_id, row.docid, number) for row, number in revisions],
    )


def _widen(conn: sqlite3.Connection, summaries: Iterable[Summary]) -> None:
    """Blocks only ever grow: what they promise not to hold, they do not hold."""
    conn.executemany(
        """INSERT INTO search_block VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
            flags = flags | excluded.flags,
            views = max(views, excluded.views), forwards = max(forwards, excluded.forwards),
            low = min(low, excluded.low), high = max(high, excluded.high)""",
        list(summaries),
    )


def _revisions(conn: sqlite3.Connection, present: Row) -> list[Row]:
    """The rows of a message's earlier contents."""
    rows = conn.execute(
        f"""SELECT {_ROW} FROM search_revision AS r CROSS JOIN search_document AS d ON d.docid = r.docid
            WHERE r.channel = ? AND r.message_id = ?""",  # noqa: S608 constants only
        (present.channel, present.message_id),
    )
    return [Row(*row) for row in rows]


def _find_channels(conn: sqlite3.Connection, ids: set[int]) -> dict[int, int]:
    """Short numbers of those channels that have one; a row holds one of two bytes instead of six."""
    marks = ", ".join("?" * len(ids))
    select = f"SELECT channel_id, number FROM search_channel WHERE channel_id IN ({marks})"  # noqa: S608 marks only
    return {row[0]: row[1] for row in conn.execute(select, tuple(ids))}


def _channel_numbers(conn: sqlite3.Connection, ids: set[int]) -> dict[int, int]:
    """Short numbers of all these channels; new ones get theirs."""
    found = _find_channels(conn, ids)
    for channel_id in sorted(ids - found.keys()):
        added = conn.execute("INSERT INTO search_channel (channel_id) VALUES (?)", (channel_id,))
        assert added.lastrowid is not None
        found[channel_id] = added.lastrowid
    return found


def _known_rows(conn: sqlite3.Connection, keys: Iterable[Key], numbers: Mapping[int, int]) -> dict[Key, Row]:
    """The rows of the present contents, found by way of the runs."""
    ids: dict[int, list[int]] = {}
    for channel_id, message_id in keys:
        ids.setdefault(channel_id, []).append(message_id)
    found = {}
    for channel_id, wanted in ids.items():
        for low, high in cluster(wanted):
            rows = conn.execute(
                f"""SELECT {_ROW} FROM search_channel_range AS r
                    CROSS JOIN search_document AS d ON {is_in_block("r.block")}
                    WHERE r.channel = ?1 AND r.low <= ?3 AND r.high >= ?2 AND d.channel = ?1
                    AND d.message_id BETWEEN ?2 AND ?3 AND d.flags & {SUPERSEDED} = 0
                    AND d.message_id IN (SELECT value FROM json_each(?4))""",  # noqa: S608 constants only
                (numbers[channel_id], low, high, json.dumps(wanted)),
            )
            found.update({(channel_id, row[2]): Row(*row) for row in rows})
    return found


def store(conn: sqlite3.Connection, rows: Collection[Row]) -> None:
    """Writes rows, new ones and known ones."""
    _insert(conn, "OR REPLACE INTO search_document", list(rows))


def _insert(conn: sqlite3.Connection, into: str, rows: Sequence[tuple[object, ...]]) -> None:
    """All rows, a page a statement: `executemany` would wait for Python's global lock once a row."""
    for at in range(0, len(rows), _ROWS):
        chunk = rows[at : at + _ROWS]
        row = f"({', '.join('?' * len(chunk[0]))})"
        statement = f"INSERT {into} VALUES {', '.join([row] * len(chunk))}"  # noqa: S608 constants only
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
