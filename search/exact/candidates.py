"""Find the documents that can be among the best by relevance, so that FTS5 ranks only these.

Ranking a document (`bm25`) takes FTS5 thirty times as long as finding it. Its score is the sum, over the words of a
question, of a weight that falls with the number of documents that have the word, times f(how often it has the word).
All documents count as equally long, as no lengths are kept. So among the best are only documents with a rare word,
with two of the common ones, or with one of these often; the scores of all others have a bound. If the best candidates
do not exceed it, all documents are ranked.

https://www.sqlite.org/fts5.html#the_bm25_function
"""

from __future__ import annotations

import json
import math
import re
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import nlargest
from itertools import accumulate
from typing import Final, NamedTuple

from search.exact.condition import Condition
from search.exact.docid import WIDTHS, docid_range
from search.exact.doclists import count_rows, find_lists, is_readable, read_chunks
from search.exact.postings import SEVERAL, UNREADABLE, repeated
from search.exact.postings import docids as read_chunk
from search.exact.query_plan import QueryPlan
from search.exact.thresholds import MEASURED, Thresholds
from search.query.dates import Bounds

_words: Final = re.compile(r'"([^" ]+)"').findall
_is_choice: Final = re.compile(r'(?:\(*"[^" ]+"\)*(?: OR |$))+').fullmatch
_MOST_COMMON: Final = 6
_MOST_PAIRED: Final = 24
"""Maximum number of common words to combine in pairs."""
_ROUNDING: Final = 1 + 1e-9
_LARGE: Final = 8
"""Bytes of positions to look at first."""
_K1: Final = 1.2
_B: Final = 0.75
_LENGTH: Final = 0.0
"""Length of every document, relative to the mean."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """The documents that can be among the best."""

    plan: QueryPlan
    others: float
    """Upper bound on the score of any other document."""


class _Often(NamedTuple):
    """The documents that have a word most often."""

    repeats: int
    """Minimum number of times."""
    docids: Sequence[int]


def find_candidates(
    conn: sqlite3.Connection, plan: QueryPlan, wanted: int, above: Thresholds = MEASURED
) -> Iterator[Candidates]:
    """Candidates for the best `wanted` hits, few at first; none if it does not pay, or only FTS5 can read the pages."""
    match = plan.match
    if match is None or not _is_choice(match) or plan.within is not None or not is_readable(conn):
        return
    need = wanted * above.spare
    most_ranked = need + above.hits
    if _count(conn, match, most_ranked) < most_ranked:
        return
    words = Counter(_words(match))
    documents = {word: _count(conn, f'"{word}"') for word in words}
    try:
        rows = count_rows(conn)
        most = {word: times * weight(rows, documents[word]) for word, times in words.items()}
    except UNREADABLE:
        return
    least = max(above.documents, sum(documents.values()) // above.share)
    if wanted <= sum(documents.values()) - max(documents.values()):
        usual = _drop_rarest(documents, least)
        others = max(most[word] for word in usual) * saturation(math.inf)
        yield Candidates(replace(plan, among=_among((), words, usual)), others * _ROUNDING)
    common = [word for word in nlargest(_MOST_COMMON, words, key=documents.__getitem__) if documents[word] > least]
    try:
        often = {word: _most_repeated(conn, word, need, plan.bounds) for word in common}
    except UNREADABLE:
        return
    common = [word for word in common if often[word].repeats > 1]
    rare = sum(documents[word] for word in words if word not in common)
    if common and rare <= sum(documents.values()) // 2:
        others = max(most[word] * saturation(often[word].repeats - 1) for word in common)
        docids = sorted({docid for word in common for docid in often[word].docids})
        yield Candidates(replace(plan, among=_among(docids, words, common)), others * _ROUNDING)


def _drop_rarest(documents: Mapping[str, int], most: int) -> list[str]:
    """The most frequent words: without rare ones that `most` documents have, all together."""
    usual = []
    for word in sorted(documents, key=documents.__getitem__):
        most -= documents[word]
        if most < 0:
            usual.append(word)
    return usual[-_MOST_PAIRED:]


def weight(rows: int, documents: int) -> float:
    """Weight of a word that this many of the documents contain."""
    return max(math.log((rows - documents + 0.5) / (documents + 0.5)), 1e-6)


def saturation(repeats: float) -> float:
    """Score for a word that occurs this often in a document, identical to FTS5's to the last digit."""
    if math.isinf(repeats):
        return _K1 + 1
    return (repeats * (_K1 + 1)) / (repeats + _K1 * (1 - _B + _B * _LENGTH))


def _among(often: Sequence[int], words: Collection[str], common: Sequence[str]) -> Condition:
    """Matches these documents, those with a rare word, and those with two common words."""
    listed = json.dumps(often)
    pairs = [f'("{word}" AND {_any(common[at:])})' for at, word in enumerate(common[:-1], 1)]
    choices = [f'"{word}"' for word in words if word not in common] + pairs
    if not choices:
        return Condition("+search_text.rowid IN (SELECT value FROM json_each(?))", (listed,))
    found = "SELECT rowid FROM search_text WHERE search_text MATCH ? UNION ALL SELECT value FROM json_each(?)"
    return Condition(f"+search_text.rowid IN ({found})", (" OR ".join(choices), listed))


def _any(words: Sequence[str]) -> str:
    return f"({' OR '.join(f'{chr(34)}{word}{chr(34)}' for word in words)})"


def _count(conn: sqlite3.Connection, match: str, most: int = -1) -> int:
    query = "SELECT count(*) FROM (SELECT 1 FROM search_text WHERE search_text MATCH ? LIMIT ?)"
    [(count,)] = conn.execute(query, (match, most))
    return int(count)


def _most_repeated(conn: sqlite3.Connection, word: str, need: int, bounds: Bounds) -> _Often:
    """The documents in which a word is most frequent: at least `need`, if there are as many."""
    chunks = list(_chunks(conn, word, bounds))
    for bytes_ in (_LARGE, SEVERAL):
        repeats = [repeated(chunk, bytes_) for chunk in chunks]
        if (least := _reach(Counter(count for some in repeats for _, count in some), need)) >= bytes_:
            break
    docids = []
    for chunk, some in zip(chunks, repeats, strict=True):
        if places := [place for place, count in some if count >= least]:
            all_of = read_chunk(chunk)
            docids += [all_of[place] for place in places]
    return _Often(least, docids)


def _reach(found: Mapping[int, int], need: int) -> int:
    """The highest count that `need` documents reach; 1 if fewer repeat the word at all."""
    counts = sorted(found, reverse=True)
    sums = accumulate(found[count] for count in counts)
    return next((count for count, reached in zip(counts, sums, strict=True) if reached >= need), 1)


def _chunks(conn: sqlite3.Connection, word: str, bounds: Bounds) -> Iterator[bytes]:
    everything = bounds == Bounds()
    for _, one in find_lists(conn, word, f"{word} "):
        for within in [None] if everything else [docid_range(tier, bounds) for tier in range(len(WIDTHS))]:
            yield from read_chunks(conn, one, within)
