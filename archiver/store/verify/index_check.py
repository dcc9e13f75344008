"""Whether FTS5's own tables are sound: its check, and what that leaves out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from search.exact.fts5_pages import SEGMENT_BITS, first_term
from search.exact.schema import SCHEMA


def check_index(conn: sqlite3.Connection) -> bool:
    """Run FTS5's own check, on copies of its tables because the check is an INSERT."""
    return _is_sound(conn, "search_text", ("data", "idx", "config")) and _is_sound(
        conn, "search_annotation", ("data", "idx", "config", "docsize")
    )


def check_pages(conn: sqlite3.Connection) -> bool:
    """Whether FTS5's list of pages, used to look up words, has every page on which a word begins."""
    if len(conn.execute("SELECT 1 FROM search_text_data WHERE id IN (1, 10)").fetchall()) != 2:
        return False  # the averages, or the list of segments
    listed = {(row[0], row[1]): row[2] for row in conn.execute("SELECT segid, pgno >> 1, term FROM search_text_idx")}
    query = "SELECT id, block FROM search_text_data WHERE id >= ? AND id >> 31 & 63 = 0 ORDER BY id"
    begun = 0
    for number, block in conn.execute(query, (1 << SEGMENT_BITS,)):
        segment, page = number >> SEGMENT_BITS, number & (1 << 31) - 1
        is_rest = segment != begun and page > 1
        begun = segment
        first = first_term(block)
        if first is not None and not _leads_to(listed.get((segment, page)), first, is_rest=is_rest):
            return False
    return True


def _leads_to(listed: bytes | None, first: bytes, *, is_rest: bool) -> bool:
    """Whether looking up a page's first term finds the page.

    Its entry in the list must be a prefix of that term, except on the first page that a running merge has left of a
    segment, since its earlier terms are gone.
    """
    if not first:
        return False
    if is_rest:
        return listed is None or listed <= first
    return listed is not None and first.startswith(listed)


def _is_sound(conn: sqlite3.Connection, index: str, tables: Iterable[str]) -> bool:
    copy = sqlite3.connect("", uri=True, isolation_level=None)
    try:
        copy.execute("PRAGMA journal_mode = OFF")
        copy.execute("PRAGMA synchronous = OFF")
        copy.execute(next(statement for statement in SCHEMA if f"TABLE IF NOT EXISTS {index} USING" in statement))
        for table in tables:
            _copy(conn, copy, f"{index}_{table}")
        copy.execute(f"INSERT INTO {index} ({index}) VALUES ('integrity-check')")
    except sqlite3.DatabaseError as exc:
        if exc.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return False
        raise
    finally:
        copy.close()
    return True


def _copy(conn: sqlite3.Connection, copy: sqlite3.Connection, table: str) -> None:
    copy.execute(f"DELETE FROM {table}")
    cursor = conn.execute(f"SELECT * FROM {table}")
    marks = ", ".join("?" * len(cursor.description))
    while rows := cursor.fetchmany(200):
        copy.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
