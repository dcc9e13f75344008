"""Write the search tables of the embedded engine, in the archive's own file and the caller's transaction.

`search_text` is an append-only FTS5 table without texts: terms to docids (`terms`). `search_document` has a row for
each docid: its message, and the properties that change without the content. A new content gets a new docid and its
old row is marked as superseded; nothing is ever deleted from the index (SQLite before 3.43 cannot delete without the
text). `search_revision` says which superseded rows are revisions. `search_block` and `search_channel_range` are the
skip index. `search_annotation` is written by `annotations`.

Docids are ordered by date (`docid`), so FTS5 returns hits newest or oldest first by itself. `reader` answers queries.

https://www.sqlite.org/fts5.html#contentless_tables
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from search.document import Document, FileMarks, Key
from search.exact.changes import Row, WriteCounts, decide, place
from search.exact.docid import tiers_in_use, windows
from search.exact.files import put_hashes
from search.exact.rows import (
    channel_numbers,
    extend_blocks,
    extend_ranges,
    find_channels,
    forget_misdated,
    insert,
    known_rows,
    revision_rows,
    store,
)
from search.exact.schema import SCHEMA, SCHEMA_VERSION, TABLES
from search.exact.skip_index import BLOCK_BITS, summarize
from search.exact.terms import Entry, entry
from search.flags import FILE_MASK, MISSING, PINNED, STATE_BITS, SUPERSEDED, file_bits
from search.text.normalize import NORM_VERSION

if TYPE_CHECKING:
    from search.exact.reader import ExactEngine

__all__ = ["ExactEngine"]

_AUTOMERGE = 8
"""Segments per level before FTS5 merges them: more make writing faster, searching slower and the file larger."""
_FEW_PAGES = 500
"""Leaf pages (2 MB) outside the largest segment that are not worth merging: it would rewrite that segment too."""

_NONE: Mapping[Key, int] = {}
_INDEXES = ("search_text", "search_annotation")


def __getattr__(name: str) -> Any:
    """The engine that answers: who only writes does not load what reads questions."""
    if name != "ExactEngine":
        raise AttributeError(name)
    from search.exact.reader import ExactEngine

    return ExactEngine


class Queryable(Protocol):
    """A connection that is only read from."""

    def execute(self, sql: str, parameters: Any = ..., /) -> sqlite3.Cursor:
        """See `sqlite3.Connection.execute`."""
        ...


def create(conn: sqlite3.Connection) -> None:
    """Create the tables that are missing, in the caller's transaction."""
    for statement in SCHEMA:
        conn.execute(statement)
    if conn.execute("SELECT 1 FROM search_layout").fetchone() is None:
        conn.execute("INSERT INTO search_layout VALUES (?, ?)", (SCHEMA_VERSION, NORM_VERSION))
        conn.execute("INSERT INTO search_text (search_text, rank) VALUES ('automerge', ?)", (_AUTOMERGE,))


def upsert(
    conn: sqlite3.Connection,
    documents: Sequence[Document],
    revised: Mapping[Key, int] = _NONE,
    *,
    unedited: Collection[Key] = (),
) -> WriteCounts:
    """Write a page of documents in the caller's transaction; writing them again changes nothing.

    If a message occurs more than once, its last document counts. Pages of about 100 are fastest. `revised`: revision
    numbers under which the archive keeps the contents that these supersede. `unedited`: messages whose superseded
    content was no edit, whatever it was said to be.
    """
    numbers = channel_numbers(conn, {document.channel_id for document in documents})
    changes = decide(documents, known_rows(conn, [document.key for document in documents], numbers))
    superseded = [
        row._replace(flags=(row.flags & ~STATE_BITS["edited"] if key in unedited else row.flags) | SUPERSEDED)
        for key, row in changes.superseded.items()
    ]
    store(conn, [*superseded, *changes.touched])
    _record_revisions(conn, [(row, revised[key]) for key, row in changes.superseded.items() if key in revised])
    extend_blocks(conn, summarize(changes.touched))
    put_hashes(conn, changes.hashed)
    _add(conn, changes.new, numbers)
    return changes.written


def add_revisions(conn: sqlite3.Connection, revisions: Iterable[tuple[Document, int]]) -> int:
    """Add earlier contents that were never indexed as present ones, with their revision numbers; return how many.

    The present content must have been written before. Contents that are already indexed with this date are skipped.
    """
    made = [(document, number, entry(document)) for document, number in revisions]
    numbers = channel_numbers(conn, {document.channel_id for document, _, _ in made})
    added = 0
    for document, number, one in made:
        present = known_rows(conn, [document.key], numbers).get(document.key)
        if present is None or one.fingerprint == present.fingerprint:
            continue
        forget_misdated(conn, present, document.date)
        if any(one.fingerprint == old.fingerprint for old in revision_rows(conn, present)):
            continue
        state = present.flags & (MISSING | PINNED)
        old = Entry(one.line, one.fingerprint, one.flags & ~(MISSING | PINNED) | state | SUPERSEDED)
        _record_revisions(conn, [(row, number) for row in _add(conn, [(document, old)], numbers)])
        added += 1
    return added


def forget_revision(conn: sqlite3.Connection, key: Key, number: int) -> None:
    """Forget an earlier content that changed, so that `add_revisions` adds it again. An unknown key is ignored."""
    channels = find_channels(conn, {key[0]})
    conn.executemany(
        "DELETE FROM search_revision WHERE channel = ? AND message_id = ? AND revision = ?",
        [(one, key[1], number) for one in channels.values()],
    )


def set_files(conn: sqlite3.Connection, files: Mapping[Key, FileMarks]) -> None:
    """Set what became of the files of messages, without their texts. Unknown keys are ignored.

    Only present contents follow: an earlier one keeps what was known when it was replaced.
    """
    numbers = find_channels(conn, {channel_id for channel_id, _ in files})
    rows = known_rows(conn, [key for key in files if key[0] in numbers], numbers)
    changed = [
        new
        for key, row in rows.items()
        if (new := row._replace(flags=row.flags & ~FILE_MASK | file_bits(files[key].states))) != row
    ]
    store(conn, changed)
    extend_blocks(conn, summarize(changed))
    put_hashes(conn, [(row.docid, files[key].hashes) for key, row in rows.items()])


def mark_missing(conn: sqlite3.Connection, keys: Collection[Key], *, missing: bool = True) -> None:
    """Mark messages as missing from their channel, or as present. Unknown keys are ignored."""
    _set_flag(conn, keys, MISSING, on=missing)


def mark_pinned(conn: sqlite3.Connection, keys: Collection[Key], *, pinned: bool) -> None:
    """Mark messages as pinned or unpinned. Unknown keys are ignored."""
    _set_flag(conn, keys, PINNED, on=pinned)


def _set_flag(conn: sqlite3.Connection, keys: Collection[Key], flag: int, *, on: bool) -> None:
    """Set or clear a flag on the present content and the revisions of each message."""
    numbers = find_channels(conn, {channel_id for channel_id, _ in keys})
    present = known_rows(conn, [key for key in keys if key[0] in numbers], numbers).values()
    rows = {*present, *(old for row in present for old in revision_rows(conn, row))}
    changed = [row._replace(flags=row.flags | flag if on else row.flags & ~flag) for row in rows]
    store(conn, set(changed) - rows)
    if on:
        conn.executemany(
            f"UPDATE search_block SET flags = flags | {flag} WHERE block = ? AND flags & {flag} = 0",  # noqa: S608 a constant
            [(block,) for block in {row.docid >> BLOCK_BITS for row in changed}],
        )


def clear(conn: sqlite3.Connection) -> None:
    """Drop the tables, in the caller's transaction; `create` and `upsert` rebuild them."""
    kinds = dict(conn.execute("SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view')").fetchall())
    for name in TABLES:
        if name in kinds:
            try:
                conn.execute(f"DROP {kinds[name]} {name}")
            except sqlite3.DatabaseError:
                if name not in _INDEXES:
                    raise
                _remove_from_schema(conn, name)
    for name in kinds:
        if name.startswith(tuple(f"{index}_" for index in _INDEXES)):
            conn.execute(f"DROP TABLE IF EXISTS {name}")


def _remove_from_schema(conn: sqlite3.Connection, name: str) -> None:
    """FTS5 cannot drop an index it cannot open. https://www.sqlite.org/pragma.html#pragma_writable_schema"""
    conn.execute("PRAGMA writable_schema = ON")
    conn.execute("DELETE FROM sqlite_master WHERE name = ?", (name,))
    conn.execute("PRAGMA writable_schema = RESET")


def needs_merge(conn: Queryable) -> bool:
    """Whether enough of the index is in small segments for `merge_segments` to pay off: an eighth of it."""
    rows = conn.execute("SELECT count(*) FROM search_text_idx GROUP BY segid ORDER BY 1")
    leaves = [int(row[0]) for row in rows]
    return sum(leaves[:-1]) > max(_FEW_PAGES, sum(leaves) // 8)


def merge_segments(conn: sqlite3.Connection, *, pages: int = 500) -> bool:
    """Merge segments of the index, writing about `pages` pages; return whether more can be merged.

    Merging makes searches faster and the file smaller. Call it when idle, each time in a transaction of its own.
    """
    before = conn.total_changes
    # A negative number of pages joins segments of all levels: https://www.sqlite.org/fts5.html#the_merge_command
    conn.execute("INSERT INTO search_text (search_text, rank) VALUES ('merge', ?)", (-pages,))
    return conn.total_changes - before >= 2


def _add(conn: sqlite3.Connection, new: Sequence[tuple[Document, Entry]], numbers: Mapping[int, int]) -> Sequence[Row]:
    """Insert new contents, each with a new docid."""
    if not new:
        return ()
    # Ascending: FTS5 flushes its memory whenever a docid is not above the previous one.
    placed = place(new, numbers, used_docids(conn, {document.date for document, _ in new}))
    insert(conn, "INTO search_text (rowid, line)", [(row.docid, made.line) for row, _, made in placed])
    rows = [row for row, _, _ in placed]
    store(conn, rows)
    extend_blocks(conn, summarize(rows))
    extend_ranges(conn, rows)
    put_hashes(conn, [(row.docid, document.file_hashes) for row, document, _ in placed if document.file_hashes])
    for row, document, _ in placed:
        if document.is_forwarded:
            record_origin(conn, row.docid, document.fwd_channel_id, document.fwd_name)
    return rows


def record_origin(conn: sqlite3.Connection, docid: int, channel_id: int | None, name: str | None) -> None:
    """Record the origin of a forward, for the facet by origin; the latest name of a channel counts."""
    if channel_id is None and not name:
        return
    conflict = "(name) WHERE channel_id IS NULL" if channel_id is None else "(channel_id)"
    [(number,)] = conn.execute(
        f"""INSERT INTO search_origin (channel_id, name) VALUES (?, ?)
            ON CONFLICT {conflict} DO UPDATE SET name = ifnull(excluded.name, name) RETURNING number""",  # noqa: S608 a constant
        (channel_id, name),
    ).fetchall()
    conn.execute("INSERT INTO search_forward VALUES (?, ?)", (docid, number))


def _record_revisions(conn: sqlite3.Connection, revisions: Iterable[tuple[Row, int]]) -> None:
    conn.executemany(
        "INSERT INTO search_revision VALUES (?, ?, ?, ?)",
        [(row.channel, row.message_id, row.docid, number) for row, number in revisions],
    )


def used_docids(conn: sqlite3.Connection, dates: set[int]) -> dict[int, int]:
    """Map the first docid of each window that contains one of the dates to the highest docid in use."""
    [(top,)] = conn.execute("SELECT max(docid) FROM search_document")
    ranges = sorted((docids.start, docids.stop) for docids in windows(tiers_in_use(top), dates))
    rows = conn.execute(
        """SELECT value ->> 0 AS first, (
               SELECT max(docid) FROM search_document WHERE docid >= value ->> 0 AND docid < value ->> 1
           ) AS used FROM json_each(?) WHERE used IS NOT NULL""",
        (json.dumps(ranges),),
    )
    return dict(rows.fetchall())
