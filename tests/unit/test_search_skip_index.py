"""Walks pass over blocks that cannot hold a hit, and messages are found by the runs of their channel."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import aiosqlite
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.document import Document
from search.engine.protocol import Question, Sort
from search.exact import writer as exact
from search.exact.changes import WriteCounts
from search.exact.compile import plan_query
from search.exact.reader import plan_question
from search.exact.skip_index import cluster
from search.exact.tables import Tables
from search.query.dates import Bounds
from search.query.tree import And, Has, Is, Node, Not, Number, Or, Tag, Word
from tests.tiers import examples
from tests.unit.search_tables import conn, tables

__all__ = ["conn"]

DAY = 86_400
ALL = range(1 << 62)


def post(message_id: int, **fields: object) -> Document:
    made: dict[str, object] = {"channel_id": 1, "date": message_id * DAY, "text": "word", **fields}
    return Document(message_id=message_id, **made)  # type: ignore[arg-type]


def looked_at(conn: sqlite3.Connection, tree: Node) -> int:
    """Rows of the blocks that a walk for this tree cannot pass over."""
    made = plan_query(tree, Bounds(), None)
    if made.blocks is None:
        return -1
    return int(
        conn.execute(
            f"""SELECT count(*) FROM search_block AS b JOIN search_document AS d ON d.docid >> 8 = b.block
                WHERE {made.blocks.sql}""",  # noqa: S608 ours
            made.blocks.values,
        ).fetchone()[0]
    )


def hits(conn: sqlite3.Connection, tree: Node) -> list[int]:
    statement, values = plan_query(tree, Bounds(), None).select("d.message_id", ALL)
    return sorted(row[0] for row in conn.execute(statement, values))


def test_what_is_rare_is_found_without_looking_at_the_rest(conn: sqlite3.Connection) -> None:
    exact.upsert(conn, [post(n, views=n % 10) for n in range(1, 2000)])
    exact.upsert(conn, [post(900, views=5000), post(901, media=("voice",)), post(902, lang="uk", is_edited=True)])
    for tree in (Number("views", 1000, None), Has("voice"), Is("edited"), Tag("lang", "uk"), Number("id", 5, 6)):
        assert 0 < looked_at(conn, tree) < 20, tree
    assert hits(conn, Number("views", 1000, None)) == [900]
    assert hits(conn, Or((Has("voice"), Is("edited")))) == [901, 902]
    assert looked_at(conn, And((Has("voice"), Number("views", 5, None)))) < 20
    assert looked_at(conn, Not(Has("voice"))) == -1, "of what is not there a block tells nothing"
    assert looked_at(conn, Or((Has("voice"), Not(Is("edited"))))) == -1


@pytest.mark.parametrize("sort", ["newest", "oldest", "relevance"])
async def test_with_words_too_few_blocks_are_read_and_no_hit_is_lost(tmp_path: Path, sort: Sort) -> None:
    path = tmp_path / "archive.db"
    with closing(sqlite3.connect(path)) as conn:
        exact.create(conn)
        exact.upsert(conn, [post(n, text=f"word {'red' if n % 2 else 'blue'}") for n in range(1, 4000)])
        exact.mark_missing(conn, [(1, 5), (1, 6), (1, 2001)])
        exact.upsert(conn, [post(3001, text="red", lang="uk"), post(3003, text="word", views=900)], {(1, 3001): 1})
        exact.mark_pinned(conn, [(1, 3999)], pinned=True)
        conn.commit()
    asked = {
        Is("missing"): {5, 2001},
        Or((Is("missing"), Is("pinned"))): {5, 2001, 3999},
        Tag("lang", "uk"): {3001},
        Number("views", 800, None): set(),
        Number("id", 10, 13): {11, 13},
        And((Is("missing"), Tag("lang", "uk"))): set(),
    }
    async with aiosqlite.connect(path) as reader:
        engine = exact.ExactEngine(reader)
        for node, ids in asked.items():
            question = Question(tree=And((Word("red"), node)), sort=sort)
            with closing(sqlite3.connect(path)) as conn:
                assert plan_question(Tables(conn), question).is_rare, node
            assert {hit.message_id for hit in (await engine.search(question)).hits} == ids, node
            assert await engine.count(question) == len(ids)


def test_what_is_noted_later_is_found_as_well(conn: sqlite3.Connection) -> None:
    exact.upsert(conn, [post(n, views=1) for n in range(1, 600)])
    assert hits(conn, Is("missing")) == []
    exact.mark_missing(conn, [(1, 7), (1, 500)])
    exact.mark_pinned(conn, [(1, 300)], pinned=True)
    exact.upsert(conn, [post(9, views=70)])
    assert hits(conn, Is("missing")) == [7, 500]
    assert hits(conn, Is("pinned")) == [300]
    assert hits(conn, Number("views", 70, None)) == [9]
    assert looked_at(conn, Is("missing")) < 50
    exact.mark_missing(conn, [(1, 7)], missing=False)
    assert hits(conn, Is("missing")) == [500]


@settings(max_examples=examples(30), deadline=None)
@given(
    st.lists(st.lists(st.tuples(st.integers(1, 2), st.integers(1, 3000), st.integers(0, 40)), max_size=9), max_size=9)
)
def test_each_message_is_written_once_wherever_its_date_puts_it(pages: list[list[tuple[int, int, int]]]) -> None:
    with tables() as conn:
        latest = {}
        for page in pages:
            made = [post(number, channel_id=channel, date=week * 7 * DAY) for channel, number, week in page]
            exact.upsert(conn, made)
            latest.update({document.key: document for document in made})
            assert exact.upsert(conn, [document for key, document in latest.items()]) == WriteCounts()
        [(count,)] = conn.execute("SELECT count(*) FROM search_document WHERE flags & 1 = 0")
        assert count == len(latest)


@given(st.sets(st.integers(1, 5000), max_size=30))
def test_ranges_of_ids_hold_all_of_them(ids: set[int]) -> None:
    ranges = cluster(ids)
    assert all(any(low <= one <= high for low, high in ranges) for one in ids)
    assert all(before[1] < after[0] for before, after in pairwise(ranges))


def test_many_small_segments_are_worth_merging(conn: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact, "_FEW_PAGES", 10)
    exact.upsert(conn, [post(1)])
    assert not exact.needs_merge(conn)
    for at in range(4):
        with conn:
            conn.execute("BEGIN")
            numbers = range(at * 100, at * 100 + 100)
            exact.upsert(conn, [post(n, text=" ".join(f"w{n}x{m}" for m in range(100))) for n in numbers])
    assert exact.needs_merge(conn)
    while exact.merge_segments(conn):
        pass
    assert not exact.needs_merge(conn)
