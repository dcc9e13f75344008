"""Words of the archive that are spelled like a word that it lacks, within a few letters.

The words are read from the pages of FTS5's index as in `word_list`: all of them if the archive is small, otherwise
those that share the first letters with the word, give or take a typing error in these.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from heapq import nsmallest
from typing import Final, NamedTuple

import aiosqlite

from search.exact.fts5_pages import FORMAT, SELECT_PAGES, SELECT_VERSION, read_terms
from search.text.scripts import is_unspaced
from search.words.forms import has_forms

_FEW_PAGES: Final = 4_000
"""Maximum number of pages for which all words are read: about 16 MB, in 0.2 s."""
_MOST_READ: Final = 3_000
"""Pages read of a larger archive."""
_MOST_COMPARED: Final = 30_000
_SHORTEST: Final = 3
_ARTICLE: Final = "ال"
_COUNT_PAGES: Final = f"SELECT count(*) FROM (SELECT 1 FROM search_text_idx LIMIT {_FEW_PAGES + 1})"  # noqa: S608 constants only


class Similar(NamedTuple):
    """A word of the archive."""

    word: str
    distance: int
    """Typing errors between it and the word that it is similar to."""


async def find_similar(conn: aiosqlite.Connection, word: str, most: int) -> list[Similar]:
    """The words most similar to a folded word, nearest first, without the word itself."""
    if len(word) < _SHORTEST or is_unspaced(word) or not has_forms(word):
        return []
    if [row[0] for row in await conn.execute_fetchall(SELECT_VERSION)] != [FORMAT]:
        return []
    [(pages,)] = await conn.execute_fetchall(_COUNT_PAGES)
    asked = [("", "\U0010ffff")] if pages <= _FEW_PAGES else [(one, f"{one}\U0010ffff") for one in _beginnings(word)]
    blocks = await conn.execute_fetchall(SELECT_PAGES, (json.dumps(asked), _MOST_READ))
    try:
        terms = {term for block in blocks for term in read_terms(block[0])}
    except (IndexError, TypeError):  # a page of another format
        return []
    return nearest(word, terms, most)


def nearest(word: str, terms: Iterable[str], most: int) -> list[Similar]:
    """The terms within one mistake of the word, two in a long one; nearest first."""
    word = word.removeprefix(_ARTICLE)
    limit = 1 if len(word) < 5 else 2
    letters = set(word)
    likely = [
        (bare, term)
        for term in terms
        if abs(len(bare := term.removeprefix(_ARTICLE)) - len(word)) <= limit
        and len(letters ^ set(bare)) <= 2 * limit
        and has_forms(term)
    ]
    if len(likely) > _MOST_COMPARED:
        likely = [(bare, term) for bare, term in likely if bare[0] == word[0]][:_MOST_COMPARED]
    found = [
        (distance, bare[0] != word[0], term)
        for bare, term in likely
        if 0 < (distance := edit_distance(word, bare, limit)) <= limit
    ]
    return [Similar(term, distance) for distance, _, term in nsmallest(most, found)]


def edit_distance(first: str, second: str, limit: int) -> int:
    """Letters to insert, delete, replace or swap with the next one; something above the limit if more are needed."""
    before: Sequence[int] = []
    row: list[int] = list(range(len(second) + 1))
    for at, letter in enumerate(first, 1):
        earlier, before, row = before, row, [at]
        for to, other in enumerate(second, 1):
            cost = min(before[to] + 1, row[to - 1] + 1, before[to - 1] + (letter != other))
            if at > 1 and to > 1 and letter == second[to - 2] and first[at - 2] == other:
                cost = min(cost, earlier[to - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return row[-1]


def _beginnings(word: str) -> list[str]:
    """Two letters that similar words may begin with: as they are, swapped, one dropped or doubled."""
    bare = word.removeprefix(_ARTICLE)
    if len(bare) < _SHORTEST:
        return [word[:2]]
    first, second, third = bare[0], bare[1], bare[2]
    starts = {first + second, second + first, second + third, first + third, first + first}
    return sorted(starts | {_ARTICLE + start for start in starts} if "\u0600" <= first <= "\u06ff" else starts)
