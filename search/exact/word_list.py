"""Read the distinct words of the embedded engine from its index, for `vocabulary`."""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from search.exact.fts5_pages import (
    ANNOTATIONS,
    CREATE_VOCABULARY,
    FORMAT,
    SELECT_PAGES,
    SELECT_TERMS,
    SELECT_VERSION,
    TEXTS,
    of_table,
    read_terms,
)
from search.exact.term_ranges import TermRange, ranges
from search.exact.vocabulary import Forms, choose
from search.words.designations import is_continued, may_continue
from search.words.forms import has_forms

_MOST_READ = 2_000
"""Maximum pages per word; a few hundred suffice for the shortest prefixes in a million messages."""
_MOST_LISTED = 100_000
"""Maximum terms per range when FTS5 lists them."""


def find_forms(conn: sqlite3.Connection, words: Iterable[str], *, annotations: bool = False) -> Mapping[str, Forms]:
    """Return the indexed forms of each word, the word itself first. `annotations`: those that occur only there, too."""
    found = {}
    tables = (TEXTS, ANNOTATIONS) if annotations else (TEXTS,)
    known = {table: _is_known(conn, table) for table in tables}
    for word in words:
        asked = ranges(word)
        terms: set[str] = set()
        wanted = partial(is_continued, word) if may_continue(word) else has_forms
        for table in tables:
            read = _read(conn, asked, table) if known[table] else None
            terms |= _within(asked, _list(conn, asked, table) if read is None else read, wanted)
        found[word] = choose(word, terms)
    return found


def _is_known(conn: sqlite3.Connection, table: str) -> bool:
    """Whether the table's pages have the format that `fts5_pages` reads."""
    return [row[0] for row in conn.execute(of_table(SELECT_VERSION, table))] == [FORMAT]


def _read(conn: sqlite3.Connection, asked: Sequence[TermRange], table: str) -> list[str] | None:
    """Terms on FTS5's pages; None if a page is malformed."""
    pages = conn.execute(of_table(SELECT_PAGES, table), (json.dumps(asked), _MOST_READ))
    try:
        return [term for page in pages for term in read_terms(page[0])]
    except (IndexError, TypeError):
        return None


def _list(conn: sqlite3.Connection, asked: Sequence[TermRange], table: str) -> list[str]:
    """Terms as listed by FTS5 itself."""
    conn.execute(of_table(CREATE_VOCABULARY, table))
    statement = of_table(SELECT_TERMS, table)
    return [row[0] for one in asked for row in conn.execute(statement, (one.low, one.high, _MOST_LISTED))]


def _within(asked: Sequence[TermRange], terms: Iterable[str], wanted: Callable[[str], bool]) -> set[str]:
    """Select the wanted terms within one of the ranges."""
    ordered = sorted(terms)
    found = set[str]()
    for low, high, most in asked:
        some = ordered[bisect_left(ordered, low) : bisect_left(ordered, high)]
        found.update(term for term in some if len(term) <= most and wanted(term))
    return found
