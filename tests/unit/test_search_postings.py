"""What is read from FTS5's posting lists is what FTS5 finds, and answers made with them are those of FTS5 alone."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.document import Document
from search.engine.protocol import Answer, Question, Sort
from search.exact import candidates, prefix_rank, prefix_words
from search.exact import writer as exact
from search.exact.by_date import find_dated
from search.exact.by_rank import find_ranked
from search.exact.compile import plan_query
from search.exact.docid import window
from search.exact.doclists import count_rows, find_lists, read_chunks, read_docids
from search.exact.postings import OddPage, docids, repeated
from search.exact.tables import Tables
from search.query.dates import Bounds
from search.query.tree import Has, InRevisions, Node, Or, Phrase, Prefix, all_of
from tests.tiers import examples
from tests.unit.search_tables import tables

WORDS = ["a", "ab", "abc", "abd", "ac", "b", "ba", "国"]
LINES = st.lists(st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join), min_size=1, max_size=40)
GAPS = st.sampled_from([1, 7, 300, 40_000])


def write(conn: sqlite3.Connection, lines: Sequence[str], gap: int, batch: int) -> None:
    """Rows with that distance of docids, each batch a segment."""
    for at in range(0, len(lines), batch):
        conn.execute("BEGIN")
        for number, line in enumerate(lines[at : at + batch], at + 1):
            conn.execute("INSERT INTO search_text (rowid, line) VALUES (?, ?)", (number * gap, line))
        conn.execute("COMMIT")


def compare(conn: sqlite3.Connection, low: str, high: str, within: range) -> None:
    """Hold the lists of a range of terms against FTS5's own."""
    conn.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.instance USING fts5vocab('main', 'search_text', 'instance')")
    listed = list(conn.execute("SELECT term, doc FROM temp.instance WHERE term >= ? AND term < ?", (low, high)))
    found: Counter[tuple[str, int]] = Counter()
    for term, one in find_lists(conn, low, high):
        for chunk in read_chunks(conn, one):
            own = docids(chunk)
            found.update((term, docid) for docid in own)
            for place, count in repeated(chunk):
                found[term, own[place]] += count - 1
        known = [docid for chunk in read_chunks(conn, one) for docid in docids(chunk)]
        assert read_docids(conn, one, within) == [docid for docid in known if docid in within]
    assert found == Counter(listed)


@settings(max_examples=examples(50), deadline=None)
@given(LINES, GAPS, st.integers(1, 40), st.integers(0, 3), st.tuples(st.integers(0, 40), st.integers(0, 40)))
def test_posting_lists_are_those_of_fts5(
    lines: list[str], gap: int, batch: int, merges: int, within: tuple[int, int]
) -> None:
    with tables() as conn:
        first, end = within
        write(conn, lines, gap, batch)
        for _ in range(merges):
            exact.merge_segments(conn, pages=1)
        compare(conn, "", "\U0010ffff", range(first * gap, end * gap))
        compare(conn, "ab", "ab\U0010ffff", range(first * gap, end * gap))
        assert count_rows(conn) == len(lines)


@pytest.mark.parametrize("merges", [0, 3, 1000])
def test_lists_of_many_pages_are_those_of_fts5(merges: int) -> None:
    """Positions that go on over several pages, sizes of two bytes and unfinished merges among them."""
    lines = [f"common {'often ' * (number % 70)} w{number % 400}" for number in range(3_000)]
    with tables() as conn:
        write(conn, lines, 6, 900)
        for _ in range(merges):
            if not exact.merge_segments(conn, pages=8):
                break
        for low, high in (("common", "common "), ("often", "often "), ("w1", "w2"), ("x", "y")):
            for within in (range(0), range(5, 90), range(4_000, 4_002), range(9_000, 17_000), range(17_990, 10**9)):
                compare(conn, low, high, within)


def test_a_text_with_a_word_hundreds_of_times_is_left_to_fts5() -> None:
    with tables() as conn:
        write(conn, ["a " * 500, "a"], 1, 9)
        [(_, one)] = find_lists(conn, "a", "a ")
        with pytest.raises(OddPage):
            docids(read_chunks(conn, one)[0])
        with pytest.raises(OddPage):
            repeated(read_chunks(conn, one)[0])
        plan = plan_query(Phrase("a"), Bounds(), None)
        with mock.patch.multiple(candidates, _FEW=-9, _COMMON=0):
            assert not list(candidates.find_candidates(conn, plan, 1))


def post(number: int, line: str) -> Document:
    media = ("photo",) if number % 3 else ()
    return Document(channel_id=number % 2 + 1, message_id=number, date=number * 90_000, text=line, media=media)


@contextmanager
def archive(lines: Sequence[str]) -> Iterator[Tables]:
    """A message for each line; every fifth one is edited to another of the lines."""
    with tables() as conn:
        for number, line in enumerate(lines):
            exact.upsert(conn, [post(number, line)])
        edited = [(number, lines[number // 2]) for number in range(0, len(lines), 5)]
        exact.upsert(conn, [post(number, line) for number, line in edited])
        yield Tables(conn)


def pages(read: Tables, question: Question) -> list[Answer]:
    """All pages of an answer."""
    found: list[Answer] = []
    cursor: str | None = None
    plan = plan_query(question.tree, question.bounds, question.channels)
    find = find_ranked if question.sort == "relevance" else find_dated
    while not found or cursor:
        asked = Question(tree=question.tree, sort=question.sort, limit=question.limit, cursor=cursor)
        found.append(find(read, asked, plan, "exact"))
        cursor = found[-1].cursor
    return found


CHOICES = st.lists(st.sampled_from(["a", "ab", "abc", "b", "ba"]), min_size=1, max_size=4).map(
    lambda words: Or(tuple(map(Phrase, words)))
)
MORE: st.SearchStrategy[tuple[Node, ...]] = st.sampled_from([(), (Has("photo"),), (InRevisions(),)])
TREES = st.tuples(CHOICES | st.sampled_from(["ab", "ba"]).map(Prefix), MORE).map(
    lambda both: all_of((both[0], *both[1]))
)


MOSTLY_A = st.lists(st.lists(st.sampled_from([*["a"] * 9, *WORDS]), max_size=9).map(" ".join), min_size=1, max_size=60)


@settings(max_examples=examples(60), deadline=None)
@given(MOSTLY_A, TREES, st.sampled_from(["newest", "oldest", "relevance"]), st.integers(1, 4), st.integers(0, 9))
def test_an_answer_is_the_same_with_posting_lists_and_without(
    lines: list[str], tree: Node, sort: Sort, limit: int, short: int
) -> None:
    question = Question(tree=tree, sort=sort, limit=limit)
    with archive(lines) as read:
        with (
            mock.patch.object(candidates, "is_readable", return_value=False),
            mock.patch.object(prefix_words, "is_readable", return_value=False),
            mock.patch.object(prefix_rank, "is_readable", return_value=False),
        ):
            wanted = pages(read, question)
        low = mock.patch.multiple(candidates, _FEW=-99, _COMMON=0, _SHARE=1000, _SPARE=1)
        few = mock.patch.object(prefix_rank, "_FEW_BYTES", 0)
        with low, few, mock.patch.multiple(prefix_words, _FEW=0, _SHORT=short * 4):
            assert pages(read, question) == wanted


@pytest.mark.parametrize("tiers", [(0,), (1,), (0, 1, 3)])
def test_a_prefix_is_ranked_in_all_tiers_as_fts5_ranks_it(
    tiers: Sequence[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prefix_rank, "_FEW_BYTES", 0)
    with tables() as conn:
        for tier in tiers:
            for at, line in enumerate(["ab", "abc abd ab ab", "x", "ab abd", "abd " * 30, "ab b ab"]):
                docid = window(tier, 1_600_000_000).start + at * 1_000
                conn.execute("INSERT INTO search_text (rowid, line) VALUES (?, ?)", (docid, line))
                conn.execute(
                    "INSERT INTO search_document VALUES (?, 1, ?, 1600000000, 0, NULL, NULL, 0)", (docid, docid)
                )
        best = prefix_rank.rank_prefix(conn, plan_query(Prefix("ab"), Bounds(), None), 9)
        ranks = dict(
            conn.execute("SELECT rowid, -bm25(search_text) FROM search_text WHERE search_text MATCH '\"ab\" *'")
        )
        assert best is not None
        assert (best.scores, best.others) == (ranks, 0.0)
        few = prefix_rank.rank_prefix(conn, plan_query(Prefix("ab"), Bounds(), None), 1)
        assert few is not None
        assert few.scores.items() <= ranks.items()
        assert few.others == max(score for docid, score in ranks.items() if docid not in few.scores) or len(tiers) > 2


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE search_text_data SET block = substr(block, 1, 6) WHERE id > 10",
        "UPDATE search_text_data SET block = NULL WHERE id > 10",
        "DELETE FROM search_text_data WHERE id > 10",
        "DELETE FROM search_text_data WHERE id = 1",
    ],
)
def test_pages_that_cannot_be_read_are_left_to_fts5(damage: str) -> None:
    with archive(["a ab", "ab abc", "a"] * 9) as read:
        read.conn.execute(damage)
        with mock.patch.multiple(candidates, _FEW=-99, _COMMON=0, _count=lambda *_: 5):
            list(candidates.find_candidates(read.conn, plan_query(Phrase("a"), Bounds(), None), 3))
        prefix = plan_query(Prefix("ab"), Bounds(), None)
        with mock.patch.object(prefix_words, "_FEW", 0):
            prefix_words.by_words(read.conn, prefix, 3)
        with mock.patch.object(prefix_rank, "_FEW_BYTES", 0):
            prefix_rank.rank_prefix(read.conn, prefix, 3)
