"""The terms of FTS5's index, read where it keeps them. Pure but for the statement; `wordlist` carries it out.

FTS5 stores its terms in order, on leaf pages; `search_text_idx` says with what each page begins. So a range of the
alphabet is a few pages, however many messages a word stands in: FTS5's own way to list terms (`fts5vocab`) would read
all of their lists. The format has been the same since FTS5 began, and has a number: of any other, FTS5 is asked.

https://www.sqlite.org/fts5.html#fts5_data_structures, "Leaf Page Format" in SQLite's ext/fts5/fts5_index.c
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

FORMAT: Final = 4
"""The number of the format that is read here; 5 is that of tables with `secure-delete`."""
VERSION: Final = "SELECT v FROM search_text_config WHERE k = 'version'"
LISTED: Final = "CREATE VIRTUAL TABLE IF NOT EXISTS temp.search_listed USING fts5vocab(main, search_text, row)"
TERMS: Final = "SELECT term FROM temp.search_listed WHERE term >= ? AND term < ? LIMIT ?"
"""The same terms as FTS5 lists them."""

_MAIN: Final = "0"
"""What stands before each term of the index itself; others are of prefix indexes, which there are none of."""
SEGMENT_BITS: Final = 37
"""Of the number of a page within its segment, in the key of search_text_data."""
_HEADER: Final = 4
"""Bytes in front of a page's terms."""

PAGES: Final = f"""
    WITH RECURSIVE
    asked (low, high) AS (
        SELECT CAST('{_MAIN}' || (value ->> 0) AS BLOB), CAST('{_MAIN}' || (value ->> 1) AS BLOB) FROM json_each(?)
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
"""The pages with the terms of all these ranges, `[[low, high], ...]` as JSON; at most so many."""


def read_terms(page: bytes) -> Iterator[str]:
    """The terms that begin on a leaf page, in their order. Raises IndexError for a page that is cut off."""
    # The last part of a page says where its terms begin: the first place, then the distances.
    last, end = int.from_bytes(page[2:4], "big"), len(page)
    if not _HEADER <= last <= end:
        raise IndexError
    at, term, index = 0, b"", last
    while index < end:
        distance, index = _number(page, index)
        at += distance
        shared, start = (0, at) if not term else _number(page, at)
        own, start = _number(page, start)
        if shared > len(term) or start + own > last:
            raise IndexError
        term = term[:shared] + page[start : start + own]
        yield term[1:].decode(errors="replace")


def first_term(page: bytes) -> bytes | None:
    """The first term that begins on a page, with what stands before it; None where none does."""
    index = int.from_bytes(page[2:4], "big")
    if index >= len(page):
        return None
    at, _ = _number(page, index)
    if at == _HEADER and any(page[:2]):
        return b""  # it says that a list of before goes on here
    length, start = _number(page, at)
    return page[start : start + length]


def _number(page: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, and the place behind it."""
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
