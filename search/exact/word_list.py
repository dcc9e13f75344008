"""The distinct words of the embedded engine, for `vocabulary`: read from the index itself (`leaves`)."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence

import aiosqlite

from search.exact.fts5_pages import FORMAT, LISTED, PAGES, TERMS, VERSION, read_terms
from search.exact.vocabulary import Range, choose, ranges
from search.words.forms import has_forms

_MOST_READ = 2_000
"""Pages for one word: some hundred are enough for the shortest beginnings of a million messages."""
_MOST_LISTED = 100_000
"""The same of terms, where FTS5 lists them."""


async def find_forms(conn: aiosqlite.Connection, words: Iterable[str]) -> Mapping[str, Sequence[str]]:
    """The forms in the index of each of these words, the word itself first."""
    found = {}
    known = [row[0] for row in await conn.execute_fetchall(VERSION)] == [FORMAT]
    for word in words:
        asked = ranges(word)
        terms = await _read(conn, asked) if known else None
        found[word] = choose(word, _within(asked, await _list(conn, asked) if terms is None else terms))
    return found


async def _read(conn: aiosqlite.Connection, asked: Sequence[Range]) -> list[str] | None:
    """The terms on FTS5's pages; None where a page is not as it should be."""
    pages = await conn.execute_fetchall(PAGES, (json.dumps(asked), _MOST_READ))
    try:
        return [term for page in pages for term in read_terms(page[0])]
    except (IndexError, TypeError):
        return None


async def _list(conn: aiosqlite.Connection, asked: Sequence[Range]) -> list[str]:
    """The terms as FTS5 itself lists them."""
    await conn.execute(LISTED)
    return [row[0] for one in asked for row in await conn.execute_fetchall(TERMS, (one.low, one.high, _MOST_LISTED))]


def _within(asked: Sequence[Range], terms: Iterable[str]) -> set[str]:
    """Those of the terms that are words and lie in one of the ranges, which are ascending and apart."""
    lows = [one.low for one in asked]
    found = set()
    for term in terms:
        at = bisect_right(lows, term) - 1
        if at >= 0 and term < asked[at].high and len(term) <= asked[at].most and has_forms(term):
            found.add(term)
    return found
