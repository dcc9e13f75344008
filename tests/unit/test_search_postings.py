"""What is read from FTS5's posting lists is what FTS5 finds, and answers made with them are those of FTS5 alone."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

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
from search.exact.doclists import count_rows, find_lists, read_chunks
from search.exact.postings import OddPage, docids, repeated
from search.exact.tables import Tables
from search.exact.thresholds import Thresholds
from search.query.dates import Bounds
from search.query.tree import Has, InRevisions, Node, Or, Phrase, Prefix, all_of
from tests.tiers import examples
from tests.unit.search_tables import tables

ALWAYS = Thresholds(
    hits=-99, documents=0, share=1000, spare=1, prefix_hits=2_000, prefix_words=0, list_bytes=0, prefix_bytes=0
)
"""FTS5's pages are read whenever they can be."""
NEVER = Thresholds(hits=10**9, prefix_hits=-1, prefix_bytes=10**12)
"""FTS5 is asked for everything."""
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


def listed(conn: sqlite3.Connection, low: str, high: str) -> Counter[tuple[str, int]]:
    """How often each document has each term of a range, as FTS5 lists it."""
    conn.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.instance USING fts5vocab('main', 'search_text', 'instance')")
    return Counter(conn.execute("SELECT term, doc FROM temp.instance WHERE term >= ? AND term < ?", (low, high)))


def read(conn: sqlite3.Connection, low: str, high: str) -> Counter[tuple[str, int]]:
    """The same, read from its pages."""
    found: Counter[tuple[str, int]] = Counter()
    for term, one in find_lists(conn, low, high):
        for chunk in read_chunks(conn, one):
            own = docids(chunk)
            found.update((term, docid) for docid in own)
            for place, count in repeated(chunk):
                found[term, own[place]] += count - 1
    return found


def parts(conn: sqlite3.Connection, low: str, high: str, within: range) -> tuple[list[list[int]], list[list[int]]]:
    """The docids of a range that each list has: read as a part of it, and chosen from all of it."""
    lists = [one for _, one in find_lists(conn, low, high)]
    whole = [[docid for chunk in read_chunks(conn, one) for docid in docids(chunk)] for one in lists]
    chosen = [[docid for docid in docids_ if docid in within] for docids_ in whole]
    read = [[docid for chunk in read_chunks(conn, one, within) for docid in docids(chunk)] for one in lists]
    return [[docid for docid in docids_ if docid in within] for docids_ in read], chosen


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
        for low in ("", "ab"):
            assert read(conn, low, f"{low}\U0010ffff") == listed(conn, low, f"{low}\U0010ffff")
            some, chosen = parts(conn, low, f"{low}\U0010ffff", range(first * gap, end * gap))
            assert some == chosen
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
            assert read(conn, low, high) == listed(conn, low, high)
            for within in (range(0), range(5, 90), range(4_000, 4_002), range(9_000, 17_000), range(17_990, 10**9)):
                some, chosen = parts(conn, low, high, within)
                assert some == chosen


def test_a_text_with_a_word_hundreds_of_times_is_left_to_fts5() -> None:
    with tables() as conn:
        write(conn, ["a " * 500, "a"], 1, 9)
        [(_, one)] = find_lists(conn, "a", "a ")
        with pytest.raises(OddPage):
            docids(read_chunks(conn, one)[0])
        with pytest.raises(OddPage):
            repeated(read_chunks(conn, one)[0])
        plan = plan_query(Phrase("a"), Bounds(), None)
        assert not list(candidates.find_candidates(conn, plan, 1, ALWAYS))


def post(number: int, line: str) -> Document:
    media = ("photo",) if number % 3 else ()
    return Document(channel_id=number % 2 + 1, message_id=number, date=number * 90_000, text=line, media=media)


@contextmanager
def archive(lines: Sequence[str]) -> Iterator[sqlite3.Connection]:
    """A message for each line; every fifth one is edited to another of the lines."""
    with tables() as conn:
        for number, line in enumerate(lines):
            exact.upsert(conn, [post(number, line)])
        edited = [(number, lines[number // 2]) for number in range(0, len(lines), 5)]
        exact.upsert(conn, [post(number, line) for number, line in edited])
        yield conn


def pages(tables_: Tables, question: Question) -> list[Answer]:
    """All pages of an answer."""
    found: list[Answer] = []
    cursor: str | None = None
    plan = plan_query(question.tree, question.bounds, question.channels)
    find = find_ranked if question.sort == "relevance" else find_dated
    while not found or cursor:
        asked = Question(tree=question.tree, sort=question.sort, limit=question.limit, cursor=cursor)
        found.append(find(tables_, asked, plan, "exact"))
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
    with archive(lines) as conn:
        wanted = pages(Tables(conn, above=NEVER), question)
        assert pages(Tables(conn, above=replace(ALWAYS, list_bytes=short * 4)), question) == wanted


A_OR_B = Or((Phrase("a"), Phrase("b")))


@pytest.mark.parametrize(
    ("lines", "tree"),
    [
        ([*["a"] * 30, "a b", "a b", "a b", "b b b b"], A_OR_B),
        ([*["b b b" if at in (3, 6, 9) else "a a a" for at in range(30)], "x", "b b"], all_of((A_OR_B, Has("photo")))),
    ],
    ids=["more of the rarer word than in those with both", "more in those that fail a condition"],
)
def test_the_best_is_found_where_it_is_not_among_the_first_candidates(lines: list[str], tree: Node) -> None:
    question = Question(tree=tree, sort="relevance", limit=1)
    with archive(lines) as conn:
        wanted = pages(Tables(conn, above=NEVER), question)
        assert wanted[0].hits[0].message_id == len(lines) - 1
        assert pages(Tables(conn, above=ALWAYS), question) == wanted


@pytest.mark.parametrize("tiers", [(0,), (1,), (0, 1, 3)])
def test_a_prefix_is_ranked_in_all_tiers_as_fts5_ranks_it(
    tiers: Sequence[int],
) -> None:
    with tables() as conn:
        for tier in tiers:
            for at, line in enumerate(["ab", "abc abd ab ab", "x", "ab abd", "abd " * 30, "ab b ab"]):
                docid = window(tier, 1_600_000_000).start + at * 1_000
                conn.execute("INSERT INTO search_text (rowid, line) VALUES (?, ?)", (docid, line))
                conn.execute(
                    "INSERT INTO search_document VALUES (?, 1, ?, 1600000000, 0, NULL, NULL, 0)", (docid, docid)
                )
        best = prefix_rank.rank_prefix(conn, plan_query(Prefix("ab"), Bounds(), None), 9, ALWAYS)
        ranks = dict(
            conn.execute("SELECT rowid, -bm25(search_text) FROM search_text WHERE search_text MATCH '\"ab\" *'")
        )
        assert best is not None
        assert (best.scores, best.others) == (ranks, 0.0)
        few = prefix_rank.rank_prefix(conn, plan_query(Prefix("ab"), Bounds(), None), 1, ALWAYS)
        assert few is not None
        assert few.scores.items() <= ranks.items()
        assert few.others == max(score for docid, score in ranks.items() if docid not in few.scores) or len(tiers) > 2


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE search_text_data SET block = substr(block, 1, 6) WHERE id > 10",
        "UPDATE search_text_data SET block = NULL WHERE id > 10",
        "DELETE FROM search_text_data WHERE id > 10",
    ],
)
def test_pages_that_cannot_be_read_are_left_to_fts5(damage: str) -> None:
    with archive(["a ab", "ab abc", "a"] * 9) as conn:
        conn.execute(damage)
        prefix = plan_query(Prefix("ab"), Bounds(), None)
        assert prefix_words.by_words(conn, prefix, 3, ALWAYS) is None
        assert prefix_rank.rank_prefix(conn, prefix, 3, ALWAYS) is None


def test_without_the_number_of_documents_fts5_ranks() -> None:
    with archive(["a a", "ab abc", "a"] * 9) as conn:
        plan = plan_query(Phrase("a"), Bounds(), None)
        assert list(candidates.find_candidates(conn, plan, 3, ALWAYS))
        conn.execute("DELETE FROM search_text_data WHERE id = 1")
        assert not list(candidates.find_candidates(conn, plan, 3, ALWAYS))
        assert prefix_rank.rank_prefix(conn, plan_query(Prefix("ab"), Bounds(), None), 3, ALWAYS) is None
