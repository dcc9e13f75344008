"""Find the posting lists of terms on FTS5's pages, and read the requested part of each."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Final, NamedTuple

from search.exact.fts5_pages import FORMAT, MAIN, SEGMENT_BITS, SELECT_VERSION, read_number, term_places
from search.exact.postings import OddPage, continue_chunk, first_docid

_SEGMENTS: Final = """WITH RECURSIVE segment (segid) AS (
    SELECT min(segid) FROM search_text_idx
    UNION ALL SELECT (SELECT min(segid) FROM search_text_idx WHERE segid > s.segid) FROM segment AS s
    WHERE s.segid IS NOT NULL
) SELECT segid FROM segment WHERE segid IS NOT NULL"""
_TERM_PAGES: Final = """SELECT pgno >> 1 FROM search_text_idx WHERE segid = ?1 AND term < ?3
    AND term >= (SELECT ifnull(max(term), x'') FROM search_text_idx WHERE segid = ?1 AND term <= ?2) ORDER BY term"""
"""Pages on which terms of a range begin; the first page may have none."""
_NEXT_PAGE: Final = "SELECT min(pgno >> 1) FROM search_text_idx WHERE segid = ? AND term >= ?"
_LAST_PAGE: Final = "SELECT max(id) FROM search_text_data WHERE id > ? AND id < ?"
_PAGE: Final = "SELECT block FROM search_text_data WHERE id = ?"
_PAGES: Final = "SELECT block FROM search_text_data WHERE id >= ? AND id < ? ORDER BY id"
_LEAF_BITS: Final = 31
"""Bits of the page numbers of pages with terms; other pages of a segment have larger numbers."""
_AVERAGES: Final = 1
"""The row that starts with the number of documents."""

_NONE: Final = range(0)


class PostingList(NamedTuple):
    """The postings of a term in a segment."""

    head: bytes
    """Postings on the page where the term begins."""
    pages: range
    """Keys of the pages on which they continue."""


def is_readable(conn: sqlite3.Connection) -> bool:
    """Whether the pages have the format that this module knows."""
    return [row[0] for row in conn.execute(SELECT_VERSION)] == [FORMAT]


def count_rows(conn: sqlite3.Connection) -> int:
    """The number of documents as FTS5 counts them, including superseded ones. Raises OddPage."""
    for (averages,) in conn.execute(_PAGE, (_AVERAGES,)):
        return read_number(averages, 0)[0] if averages else 0
    raise OddPage


def find_lists(conn: sqlite3.Connection, low: str, high: str) -> list[tuple[str, PostingList]]:
    """The terms from `low` up to but excluding `high`, each with its list, of every segment.

    Raises OddPage.
    """
    first, end = (f"{MAIN}{term}".encode() for term in (low, high))
    return [one for (segment,) in conn.execute(_SEGMENTS).fetchall() for one in _of_segment(conn, segment, first, end)]


def _of_segment(conn: sqlite3.Connection, segment: int, low: bytes, high: bytes) -> Iterator[tuple[str, PostingList]]:
    base = segment << SEGMENT_BITS
    numbers = [row[0] for row in conn.execute(_TERM_PAGES, (segment, low, high))]
    [(after,)] = conn.execute(_NEXT_PAGE, (segment, high))
    if after is None:
        [(last,)] = conn.execute(_LAST_PAGE, (base, base + (1 << _LEAF_BITS)))
        after = (last or base) - base
    for number, following in zip(numbers, [*numbers[1:], after], strict=True):
        # An unfinished merge may have removed the page; its contents are then in another segment.
        for (page,) in conn.execute(_PAGE, (base + number,)):
            lists = list(term_places(page))
            for at, (term, begin, end) in enumerate(lists, 1):
                if low <= term < high:
                    more = range(base + number + 1, base + following + 1) if at == len(lists) else _NONE
                    yield term[1:].decode(errors="replace"), PostingList(page[begin:end], more)


def read_chunks(conn: sqlite3.Connection, one: PostingList, within: range | None = None) -> list[bytes]:
    """Chunks of a list, at least those with docids in a range. Raises OddPage."""
    if not one.pages:
        return [one.head]
    chunks = [one.head]
    later = None if within is None else _last_before(conn, one.pages, within.start)
    for (page,) in conn.execute(_PAGES, (later or one.pages.start, one.pages.stop)):
        goes_on = continue_chunk(chunks, page)
        if later is not None:
            later, chunks = None, chunks[1:]  # the part that began on earlier pages
        elif within is not None and len(chunks) > 1 and first_docid(chunks[-1]) >= within.stop:
            return chunks[:-1]
        if not goes_on:
            break
    return chunks


def _last_before(conn: sqlite3.Connection, pages: range, docid: int) -> int | None:
    """The last page whose first docid is not above this one, if any."""
    low, high = 0, len(pages)
    while low < high:
        middle = (low + high) // 2
        first = _first_of(conn, pages[middle])
        if first is None or first > docid:
            high = middle
        else:
            low = middle + 1
    return pages[low - 1] if low else None


def _first_of(conn: sqlite3.Connection, key: int) -> int | None:
    """The docid of a page's first posting; None if the list ends before it, or no posting begins there."""
    for (page,) in conn.execute(_PAGE, (key,)):
        chunks = [b""]
        continue_chunk(chunks, page)
        return first_docid(chunks[1]) if len(chunks) > 1 else None
    raise OddPage
