"""Rank prefixes: count the words with a prefix in each document from the posting lists.

FTS5 would merge the lists of all matching words twice, and rank every document. The scores are those of its
`bm25`: with one prefix they depend on nothing but how often a document has such words.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from search.exact.candidates import saturation, weight
from search.exact.docid import WIDTHS, docid_range
from search.exact.doclists import PostingList, count_rows, find_lists, is_readable, read_chunks
from search.exact.postings import UNREADABLE, docids, has_repeats, heads, repeated, step_docids
from search.exact.prefix_words import read_prefix
from search.exact.query_plan import QueryPlan
from search.exact.tables import find_span
from search.exact.thresholds import MEASURED, Thresholds
from search.query.dates import Bounds

_MOST_BYTES: Final = 8_000_000
"""Bytes of postings above which FTS5 ranks: it can be interrupted."""
_PAGE: Final = 4_000
"""Approximate size of a page in bytes."""
_MOST_DOCIDS: Final = 32_000_000
"""Maximum span of a tier's documents, at a byte each."""
_MOST: Final = 2_000
"""Maximum number of documents whose rows are read."""
_SPARE: Final = 3


class Best(NamedTuple):
    """Documents and their scores."""

    scores: dict[int, float]
    others: float
    """No other document has a higher score."""


class _Counts(NamedTuple):
    """Frequency of the words in each document of a tier."""

    first: int
    counts: bytearray


def rank_prefix(conn: sqlite3.Connection, plan: QueryPlan, wanted: int, above: Thresholds = MEASURED) -> Best | None:
    """The best documents for a query that is a single prefix; None for others, and if FTS5 has to rank."""
    start = read_prefix(plan)
    if start is None or plan.is_filtered or plan.bounds != Bounds() or not is_readable(conn):
        return None
    try:
        lists = [one for _, one in find_lists(conn, start, f"{start}\U0010ffff")]
        if sum(len(one.head) + _PAGE * len(one.pages) for one in lists) < above.prefix_bytes:
            return None
        tiers = list(_empty_counts(conn))
        _count(conn, lists, tiers)
        return _choose(tiers, wanted * _SPARE, count_rows(conn))
    except UNREADABLE:  # or too many documents or words
        return None


def _empty_counts(conn: sqlite3.Connection) -> Iterator[_Counts]:
    for tier in range(len(WIDTHS)):
        span = find_span(conn, docid_range(tier, Bounds()))
        if span is not None:
            if len(span) > _MOST_DOCIDS:
                raise ValueError
            yield _Counts(span.start, bytearray(len(span)))


def _count(conn: sqlite3.Connection, lists: Iterable[PostingList], tiers: Sequence[_Counts]) -> None:
    """Count the words. Raises ValueError if a document has them more than 255 times."""
    size = 0
    for one in lists:
        for chunk in read_chunks(conn, one):
            size += len(chunk)
            if size > _MOST_BYTES:
                raise ValueError
            if chunk:
                _add(chunk, tiers)


def _add(chunk: bytes, tiers: Sequence[_Counts]) -> None:
    if len(tiers) == 1:
        [(first, counts)] = tiers
        found = heads(chunk)
        places = list(step_docids(found, first))
        if places[0] < 0:
            raise ValueError
        for place in places:
            counts[place] += 1
        if has_repeats(chunk, len(found)):
            for at, times in repeated(chunk):
                counts[places[at]] += times - 1
        return
    all_of, more = docids(chunk), repeated(chunk)
    for first, counts in tiers:
        inside = range(first, first + len(counts))
        for docid in all_of:
            if docid in inside:
                counts[docid - first] += 1
        for place, times in more:
            if all_of[place] in inside:
                counts[all_of[place] - first] += times - 1


def _choose(tiers: Sequence[_Counts], need: int, rows: int) -> Best | None:
    """The documents in which the words are most frequent: at least `need`, if there are as many."""
    present = [counts.translate(None, b"\0") for _, counts in tiers]
    found, least = 0, 0
    for count, times in sorted(Counter(b"".join(present)).items(), reverse=True):
        found, least = found + times, count
        if found >= need:
            break
    if not least or found > _MOST:
        return None
    each = weight(rows, sum(map(len, present)))
    search = re.compile(b"[%s-\xff]" % re.escape(bytes([least])), re.DOTALL).finditer
    scores = {
        first + place.start(): each * saturation(counts[place.start()])
        for first, counts in tiers
        for place in search(counts)
    }
    return Best(scores, each * saturation(least - 1) if least > 1 else 0.0)
