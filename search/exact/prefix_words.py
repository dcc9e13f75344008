"""Prefixes by date: FTS5 would merge the lists of all matching words before it finds the first hit.

The words with long lists become an OR, which FTS5 walks from the newest or oldest on without reading the lists. Words
with short ones are many; what is asked for of them is read from FTS5's pages.
"""

from __future__ import annotations

import json
import re
import sqlite3
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from search.exact.doclists import PostingList, find_lists, is_readable
from search.exact.postings import UNREADABLE, docids
from search.exact.query_plan import QueryPlan
from search.exact.thresholds import MEASURED, Thresholds

_prefix: Final = re.compile(r'"([^" ]+)" \*').fullmatch
_MOST: Final = 4_000
"""Maximum number of words with long lists; beyond it, the prefix is used as is."""


@dataclass(frozen=True, slots=True)
class PrefixWords:
    """The words that match a prefix."""

    plan: QueryPlan
    """An expression for those with long lists."""
    others: Sequence[int]
    """Docids of the documents with the other words, ascending."""

    def list_others(self, plan: QueryPlan, within: range) -> QueryPlan:
        """The plan for the documents with the other words."""
        first, end = (bisect_left(self.others, docid) for docid in (within.start, within.stop))
        return replace(plan, listed=json.dumps(self.others[first:end]))


def read_prefix(plan: QueryPlan) -> str | None:
    """The prefix, if the query for FTS5 is nothing else."""
    found = _prefix(plan.match or "")
    return found[1] if found else None


def by_words(
    conn: sqlite3.Connection, plan: QueryPlan, wanted: int, above: Thresholds = MEASURED
) -> PrefixWords | None:
    """The words for a query that is a single prefix; None for others, and if it does not pay."""
    start = read_prefix(plan)
    if start is None or plan.is_filtered or wanted > above.prefix_hits or not is_readable(conn):
        return None
    try:
        if not (lists := find_lists(conn, start, f"{start}\U0010ffff")):
            return None  # FTS5 tells whether there are none, or whether they are lost
        long, short = _sort(lists, above)
        others = sorted({docid for one in short for docid in docids(one.head)})
    except UNREADABLE:
        return None
    if len(long) > _MOST:
        return None
    return PrefixWords(replace(plan, match=_any(sorted(long)) if long else None, listed=None if long else "[]"), others)


def _sort(lists: Sequence[tuple[str, PostingList]], above: Thresholds) -> tuple[set[str], list[PostingList]]:
    """The words with long lists, and the short lists of all others."""
    words = {word for word, _ in lists}
    if len(words) <= above.prefix_words:
        return words, []
    long = {word for word, one in lists if one.pages or len(one.head) > above.list_bytes}
    return long, [one for word, one in lists if word not in long]


def _any(words: Sequence[str]) -> str:
    """An OR of the words as a balanced tree: FTS5's parser copies the longer side of each OR."""
    if len(words) == 1:
        quoted = words[0].replace('"', '""')
        return f'"{quoted}"'
    middle = len(words) // 2
    return f"({_any(words[:middle])} OR {_any(words[middle:])})"
