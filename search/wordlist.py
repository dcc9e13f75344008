"""The distinct words of the embedded engine, for `vocabulary`: read from the index itself (`leaves`)."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence

import aiosqlite

from search.forms import has_forms
from search.leaves import PAGES, read_terms
from search.vocabulary import Range, choose, ranges

_MOST_READ = 2_000
"""Pages for one word: some hundred are enough for the shortest beginnings of a million messages."""


async def find_forms(conn: aiosqlite.Connection, words: Iterable[str]) -> Mapping[str, Sequence[str]]:
    """The forms in the index of each of these words, the word itself first."""
    found = {}
    for word in words:
        asked = ranges(word)
        pages = await conn.execute_fetchall(PAGES, (json.dumps(asked), _MOST_READ))
        found[word] = choose(word, _within(asked, (term for page in pages for term in read_terms(page[0]))))
    return found


def _within(asked: Sequence[Range], terms: Iterable[str]) -> set[str]:
    """Those of the terms that are words and lie in one of the ranges, which are ascending and apart."""
    lows = [one.low for one in asked]
    found = set()
    for term in terms:
        at = bisect_right(lows, term) - 1
        if at >= 0 and term < asked[at].high and len(term) <= asked[at].most and has_forms(term):
            found.add(term)
    return found
