"""Add a page of new messages of one channel to the search tables, as `writer.upsert` does but without comparing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

from search.document import Document
from search.exact.changes import Row
from search.exact.docid import next_docid
from search.exact.files import put_hashes
from search.exact.rows import channel_numbers, extend_blocks, extend_ranges, insert, store
from search.exact.skip_index import summarize
from search.exact.terms import entry
from search.exact.writer import record_origin, used_docids

_UNCOUNTED = ", ".join(name for name in Row._fields if name not in ("views", "forwards"))
Origin: TypeAlias = tuple[int | None, str | None]
"""The channel that a message was forwarded from, and the name of the origin."""


class NewEntry(NamedTuple):
    """A message as the engine stores it, with the rest of its row. Sorts by date."""

    date: int
    message_id: int
    line: str
    fingerprint: int
    flags: int
    views: int | None = None
    forwards: int | None = None
    hashes: Sequence[str] = ()
    origin: Origin | None = None


def new_entry(document: Document) -> NewEntry:
    """The entry of a document."""
    made = entry(document)
    origin = (document.fwd_channel_id, document.fwd_name) if document.is_forwarded else None
    return NewEntry(
        document.date,
        document.message_id,
        made.line,
        made.fingerprint,
        made.flags,
        document.views,
        document.forwards,
        document.file_hashes,
        origin,
    )


def add_new(conn: sqlite3.Connection, channel_id: int, entries: Iterable[NewEntry]) -> None:
    """Add distinct messages that the tables do not have, in the caller's transaction."""
    ordered = sorted(entries)
    if not ordered:
        return
    number = channel_numbers(conn, {channel_id})[channel_id]
    used = used_docids(conn, {one.date for one in ordered})
    # Ascending: FTS5 flushes its memory whenever a docid is not above the previous one.
    placed = sorted([(next_docid(one.date, used), one) for one in ordered])
    insert(conn, "INTO search_text (rowid, line)", [(docid, one.line) for docid, one in placed])
    rows = [
        Row(docid, number, one.message_id, one.date, one.flags, one.views, one.forwards, one.fingerprint)
        for docid, one in placed
    ]
    _store(conn, rows)
    extend_blocks(conn, summarize(rows))
    extend_ranges(conn, rows)
    put_hashes(conn, [(docid, one.hashes) for docid, one in placed if one.hashes])
    for docid, one in placed:
        if one.origin is not None:
            record_origin(conn, docid, *one.origin)


def _store(conn: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Insert rows without binding None, which is slow in `sqlite3`."""
    if any(row.views is not None or row.forwards is not None for row in rows):
        store(conn, rows)
    else:
        insert(conn, f"INTO search_document ({_UNCOUNTED})", [(*row[:5], row.fingerprint) for row in rows])
