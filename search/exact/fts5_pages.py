"""Read the terms of FTS5's index directly from its leaf pages. Pure; `word_list` runs the statements.

FTS5 stores its terms sorted on leaf pages, and `search_text_idx` holds the first term of each page. A range of the
alphabet is therefore a few pages, however many messages contain its words, whereas FTS5's own term list (`fts5vocab`)
reads the posting list of every term. The page format has not changed since FTS5's first release and carries a version
number; for any other version, `fts5vocab` is used.

https://www.sqlite.org/fts5.html#fts5_data_structures, "Leaf Page Format" in SQLite's ext/fts5/fts5_index.c
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

TEXTS: Final = "search_text"
ANNOTATIONS: Final = "search_annotation"
FORMAT: Final = 4
"""Supported format version; 5 is that of tables with `secure-delete`."""
SELECT_VERSION: Final = "SELECT v FROM search_text_config WHERE k = 'version'"
CREATE_VOCABULARY: Final = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS temp.search_text_listed USING fts5vocab(main, search_text, row)"
)
SELECT_TERMS: Final = "SELECT term FROM temp.search_text_listed WHERE term >= ? AND term < ? LIMIT ?"
"""The same terms, listed by FTS5."""

MAIN: Final = "0"
"""Prefix of every term of the main index. Other values belong to prefix indexes, which this table has none of."""
SEGMENT_BITS: Final = 37
"""Bits of the page number in a key of search_text_data; the segment is above them."""
_ONE_BYTE: Final = 127
"""Largest number that fits into one byte."""
HEADER: Final = 4
"""Bytes of a page's header."""

SELECT_PAGES: Final = f"""
    WITH RECURSIVE
    asked (low, high) AS (
        SELECT CAST('{MAIN}' || (value ->> 0) AS BLOB), CAST('{MAIN}' || (value ->> 1) AS BLOB) FROM json_each(?)
    ),
    segment (segid) AS (
        SELECT min(segid) FROM search_text_idx
        UNION ALL SELECT (SELECT min(segid) FROM search_text_idx WHERE segid > s.segid) FROM segment AS s
        WHERE s.segid IS NOT NULL
    ),
    page (id) AS (
        SELECT DISTINCT (i.segid << {SEGMENT_BITS}) + (i.pgno >> 1)
        FROM asked AS a CROSS JOIN segment AS s CROSS JOIN search_text_idx AS i ON i.segid = s.segid
        AND i.term >= (SELECT max(term) FROM search_text_idx WHERE segid = s.segid AND term <= a.low)
        AND i.term < a.high
    )
    SELECT d.block FROM page AS p CROSS JOIN search_text_data AS d ON d.id = p.id LIMIT ?"""  # noqa: S608 constants only
"""Pages that hold the terms of the given ranges (`[[low, high], ...]` as JSON), up to a limit."""


def of_table(statement: str, table: str) -> str:
    """One of these statements, for another FTS5 table than that of the messages' texts."""
    return statement.replace(TEXTS, table)


def read_terms(page: bytes) -> Iterator[str]:
    """Yield the terms that begin on a leaf page, in order. Raises IndexError for a truncated page."""
    for term, _, _ in term_places(page):
        yield term[1:].decode(errors="replace")


def term_places(page: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the terms that begin on a page, each with where its postings begin and end. Raises IndexError."""
    starts, term = term_starts(page), b""
    for at, end in zip(starts, [*starts[1:], end_of(page)], strict=True):
        # Nearly all numbers are one byte; a function call for each would double the time.
        shared, start = (page[at], at + 1) if term else (0, at)
        own, start = page[start], start + 1
        if shared > _ONE_BYTE or own > _ONE_BYTE:
            shared, start = read_number(page, at) if term else (0, at)
            own, start = read_number(page, start)
        if shared > len(term) or start + own > end:
            raise IndexError
        term = term[:shared] + page[start : start + own]
        yield term, start + own, end


def term_starts(page: bytes) -> list[int]:
    """Where terms begin: the page ends with the first offset and differences. Raises IndexError."""
    end = end_of(page)
    at, index, found = 0, end, []
    while index < len(page):
        distance, index = page[index], index + 1
        if distance > _ONE_BYTE:
            distance, index = read_number(page, index - 1)
        at += distance
        found.append(at)
    if found and not HEADER <= found[0] <= found[-1] <= end:
        raise IndexError
    return found


def end_of(page: bytes) -> int:
    """Where the offsets of terms begin. Raises IndexError."""
    end = int.from_bytes(page[2:HEADER], "big")
    if not HEADER <= end <= len(page):
        raise IndexError
    return end


def first_term(page: bytes) -> bytes | None:
    """First term that begins on a page, with its index prefix; None if no term begins there."""
    index = int.from_bytes(page[2:4], "big")
    if index >= len(page):
        return None
    at, _ = read_number(page, index)
    if at == HEADER and any(page[:2]):
        return b""  # the header says that a list of the previous page continues here
    length, start = read_number(page, at)
    return page[start : start + length]


def read_number(page: bytes, at: int) -> tuple[int, int]:
    """Decode a varint; return it and the offset after it."""
    value = page[at]
    if value < 128:
        return value, at + 1
    value &= 127
    while True:
        at += 1
        byte = page[at]
        value = value << 7 | byte & 127
        if byte < 128:
            return value, at + 1
