"""What the embedded engine promises beyond the contract of all engines."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import accumulate, pairwise
from pathlib import Path

import aiosqlite
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.document import Document
from search.engine.protocol import Question, Sort
from search.exact import writer as exact
from search.exact.changes import WriteCounts
from search.exact.docid import (
    ROOM,
    WIDTHS,
    docid_range,
    next_docid,
    split,
    tier_of,
    tiers_in_use,
    window,
    window_number,
    windows,
)
from search.exact.layout import is_current
from search.exact.rows import insert
from search.query.dates import Bounds
from search.query.tree import And, Has, Node, Not, Or, Word

DAY = 86_400
DAY_ONE = 7 * 2829
"""The first day of a week."""


def post(message_id: int, text: str = "word", date: int = DAY_ONE * DAY, **fields: object) -> Document:
    made: dict[str, object] = {"channel_id": 1, **fields}
    return Document(message_id=message_id, text=text, date=date, **made)  # type: ignore[arg-type]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "archive.db"


@pytest.fixture
def writer(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.execute("PRAGMA journal_mode = WAL")
        conn.execute("BEGIN")
        exact.create(conn)
        conn.execute("COMMIT")
        yield conn


async def find(path: Path, tree: Node, *, sort: Sort = "newest", limit: int = 1000) -> list[int]:
    async with aiosqlite.connect(f"file:{path}?mode=ro", uri=True) as reader:
        engine = exact.ExactEngine(reader)
        found: list[int] = []
        cursor: str | None = None
        while True:
            question = Question(tree=tree, sort=sort, limit=limit, cursor=cursor)
            answer = await engine.search(question)
            found += [hit.message_id for hit in answer.hits]
            cursor = answer.cursor
            if cursor is None:
                assert await engine.count(question) == len(found)
                return found


@pytest.mark.parametrize("sort", ["newest", "oldest", "relevance"])
async def test_a_day_with_more_messages_than_it_has_room_for_keeps_its_order(
    path: Path, writer: sqlite3.Connection, sort: Sort
) -> None:
    many = 10_000
    ids = list(range(1, many + 1))
    shuffled = random.Random(1).sample(ids, many)
    for at in range(0, many, 1000):
        exact.upsert(writer, [post(n, date=DAY_ONE * DAY + n // 4) for n in shuffled[at : at + 1000]])
    exact.upsert(writer, [post(many + 1, date=(DAY_ONE + 1) * DAY), post(0, date=(DAY_ONE - 1) * DAY)])
    assert {tier_of(docid) for (docid,) in writer.execute("SELECT docid FROM search_document")} == {0, 1}
    ordered = [0, *ids, many + 1]
    for tree in (Word("word"), And(()), Or((Word("word"), Has("link")))):
        found = await find(path, tree, sort=sort, limit=700)
        assert found == (ordered if sort == "oldest" else ordered[::-1])
    assert exact.upsert(writer, [post(n, date=DAY_ONE * DAY + n // 4) for n in ids]) == WriteCounts()


async def test_a_rolled_back_page_was_never_there(path: Path, writer: sqlite3.Connection) -> None:
    exact.upsert(writer, [post(1, "first")])
    writer.execute("BEGIN")
    exact.upsert(writer, [post(1, "second"), post(2, "second")])
    writer.execute("ROLLBACK")
    assert await find(path, Word("first")) == [1]
    assert await find(path, Word("second")) == []
    assert exact.upsert(writer, [post(1, "second"), post(2, "second")]) == WriteCounts(added=1, changed=1)
    assert await find(path, Word("second")) == [2, 1]


async def test_a_reader_sees_whole_pages_while_one_is_written(path: Path, writer: sqlite3.Connection) -> None:
    exact.upsert(writer, [post(1)])
    writer.execute("BEGIN IMMEDIATE")
    exact.upsert(writer, [post(2), post(3)])
    assert await find(path, Word("word")) == [1]
    writer.execute("COMMIT")
    assert await find(path, Word("word")) == [3, 2, 1]


def test_what_writing_changed_is_told(writer: sqlite3.Connection) -> None:
    assert exact.upsert(writer, []) == WriteCounts()
    assert exact.upsert(writer, [post(1), post(2)]) == WriteCounts(added=2)
    assert exact.upsert(writer, [post(1, views=4), post(2, "changed"), post(3)]) == WriteCounts(1, 1, 1)
    assert exact.upsert(writer, [post(1, "x"), post(1, views=4)]) == WriteCounts(), "the last one of a message counts"


async def test_pins_come_and_go(path: Path, writer: sqlite3.Connection) -> None:
    exact.upsert(writer, [post(1), post(2)])
    exact.mark_pinned(writer, [(1, 2), (5, 5)], pinned=True)
    async with aiosqlite.connect(path) as reader:
        rows = await reader.execute_fetchall("SELECT message_id FROM search_document WHERE flags & 4")
        assert [tuple(row) for row in rows] == [(2,)]
    exact.mark_pinned(writer, [(1, 2)], pinned=False)
    assert writer.execute("SELECT count(*) FROM search_document WHERE flags").fetchone() == (0,)


async def test_merge_segments_joins_segments_and_changes_no_answer(path: Path, writer: sqlite3.Connection) -> None:
    for n in range(60):
        exact.upsert(writer, [post(n, f"word w{n % 7}")])
    segments = writer.execute("SELECT count(DISTINCT segid) FROM search_text_idx").fetchone()
    rounds = 0
    while exact.merge_segments(writer, pages=1):
        rounds += 1
        assert rounds < 1000
    assert writer.execute("SELECT count(DISTINCT segid) FROM search_text_idx").fetchone() < segments
    assert writer.execute("SELECT count(DISTINCT segid) FROM search_text_idx").fetchone() == (1,)
    assert await find(path, And((Word("word"), Not(Word("w3"))))) == [n for n in range(59, -1, -1) if n % 7 != 3]


async def test_tables_of_another_version_are_told_and_built_anew(path: Path, writer: sqlite3.Connection) -> None:
    async with aiosqlite.connect(path) as reader:
        assert await is_current(reader)
        exact.upsert(writer, [post(1)])
        exact.create(writer)
        assert await is_current(reader)
        writer.execute("UPDATE search_layout SET norm = norm + 1")
        assert not await is_current(reader)
        exact.clear(writer)
        exact.create(writer)
        assert await is_current(reader)
    assert await find(path, And(())) == []


def test_tables_of_an_earlier_layout_give_way(writer: sqlite3.Connection) -> None:
    exact.clear(writer)
    writer.execute("CREATE TABLE search_document (docid INTEGER PRIMARY KEY)")  # layout 5
    writer.execute("CREATE TABLE search_word (word TEXT PRIMARY KEY) WITHOUT ROWID")
    exact.clear(writer)
    assert writer.execute("SELECT name FROM sqlite_master WHERE name GLOB 'search_*'").fetchall() == []
    exact.create(writer)
    assert exact.upsert(writer, [post(1)]) == WriteCounts(added=1)


async def test_nothing_of_the_index_is_ever_deleted(writer: sqlite3.Connection) -> None:
    for text in ("first", "second", "third"):
        exact.upsert(writer, [post(1, text)])
    match = 'SELECT count(*) FROM search_text WHERE search_text MATCH \'"first" OR "second" OR "third"\''
    assert writer.execute(match).fetchone() == (3,)
    assert writer.execute("SELECT count(*) FROM search_document").fetchone() == (3,)


def test_other_programs_may_count_and_list_every_table(writer: sqlite3.Connection) -> None:
    exact.upsert(writer, [post(1), post(2)])
    names = [row[0] for row in writer.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")]
    counts = {name: writer.execute(f"SELECT count(*) FROM [{name}]").fetchone()[0] for name in names}
    assert counts["search_text"] == counts["search_document"] == 2
    for name in names:
        writer.execute(f"SELECT * FROM [{name}] LIMIT 101").fetchall()


@pytest.mark.parametrize("date", [0, 1, 2**31, 2**32 - 1])
async def test_dates_at_the_ends_of_time(path: Path, writer: sqlite3.Connection, date: int) -> None:
    exact.upsert(writer, [post(1, date=date)])
    assert await find(path, Word("word")) == [1]
    assert await find(path, And(())) == [1]


@pytest.mark.parametrize("tier", range(len(ROOM)))
def test_docids_follow_the_dates_in_every_tier(tier: int) -> None:
    date = DAY_ONE * DAY
    here, after = window(tier, date), window(tier, date + WIDTHS[tier])
    assert here.stop == after.start
    assert window(tier, date - 1).stop == here.start
    assert window_number(here.start) == window_number(here.stop - 1) < window_number(after.start)
    assert {tier_of(here.start), tier_of(here.stop - 1)} == {tier}
    whole = docid_range(tier, Bounds())
    assert whole.start <= here.start < whole.stop
    assert (tier_of(whole.start), tier_of(whole.stop - 1)) == (tier, tier)
    assert tiers_in_use(here.start) == range(tier + 1)
    assert list(tiers_in_use(None)) == []


def test_a_full_window_goes_on_in_the_next_tier() -> None:
    date = DAY_ONE * DAY + 7
    used: dict[int, int] = {}
    ends = list(accumulate(1 << room for room in ROOM[:4]))
    found = [next_docid(date, used) for _ in range(ends[-1] + 2)]
    assert len(set(found)) == len(found)
    assert [tier_of(found[end - 1]) for end in ends] == [0, 1, 2, 3]
    assert [tier_of(found[end]) for end in ends] == [1, 2, 3, 4]
    assert tier_of(next_docid(date + 7 * DAY, used)) == 0


def test_a_second_has_an_end() -> None:
    used = {docids.start: docids.stop - 1 for docids in windows(range(len(ROOM)), [5])}
    with pytest.raises(OverflowError, match="one second"):
        next_docid(5, used)


@given(
    tier=st.integers(0, len(ROOM) - 1),
    dates=st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)),
    newest=st.booleans(),
)
def test_a_split_range_is_whole_and_each_window_in_one_part(tier: int, dates: tuple[int, int], newest: bool) -> None:
    first, last = (window(tier, date).start + 3 for date in sorted(dates))
    whole = docid_range(tier, Bounds())
    parts = split(whole, first, last, newest=newest)
    ascending = parts[::-1] if newest else parts
    assert (ascending[0].start, ascending[-1].stop) == (whole.start, whole.stop)
    assert all(left.stop == right.start for left, right in pairwise(ascending))
    assert all(window_number(part.stop - 1) < window_number(part.stop) for part in ascending[:-1])
    assert (last if newest else first) in parts[0]


async def test_the_word_cache_is_cleared_when_the_words_change(path: Path, writer: sqlite3.Connection) -> None:
    exact.upsert(writer, [post(1, "bridge", channel_id=7)])
    async with aiosqlite.connect(f"file:{path}?mode=ro", uri=True) as reader:

        async def ask() -> list[tuple[int, int]]:
            found = await exact.ExactEngine(reader).search(Question(tree=Word("bridge")))
            return sorted(hit.key for hit in found.hits)

        assert await ask() == await ask() == [(7, 1)]
        exact.upsert(writer, [post(2, "bridges", channel_id=8)])
        assert await ask() == [(7, 1), (8, 2)]
        exact.clear(writer)
        exact.create(writer)
        exact.upsert(writer, [post(3, "bridged", channel_id=9)])
        assert await ask() == [(9, 3)]


def test_rows_of_any_number_need_few_statements() -> None:
    said: list[str] = []
    with closing(sqlite3.connect(":memory:")) as conn:
        conn.execute("CREATE TABLE one (number, line)")
        conn.set_trace_callback(said.append)
        for count in range(70):
            insert(conn, "INTO one", [(count, f"{at} of {count}") for at in range(count)])
        conn.set_trace_callback(None)
        expected = [(count, f"{at} of {count}") for count in range(70) for at in range(count)]
        assert conn.execute("SELECT number, line FROM one ORDER BY rowid").fetchall() == expected
    inserts = {one.count("(") for one in said if one.startswith("INSERT")}
    assert len(inserts) == 8, "SQLite keeps each with its values"
