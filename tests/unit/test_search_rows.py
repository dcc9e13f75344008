"""Rows of the embedded engine come back as they were written, and are found by their key."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.exact import writer as exact
from search.exact.changes import Row
from search.exact.compile import plan_query
from search.query.dates import Bounds
from search.query.tree import And, Node, Number, Word
from tests.tiers import examples
from tests.unit.search_tables import conn, tables

__all__ = ["conn"]

SOME = range(1 << 20)

rows = st.builds(
    Row,
    docid=st.integers(0, 40),
    channel=st.sampled_from([1, 2, 3, 40_000]),
    message_id=st.integers(1, 2**31 - 1),
    date=st.integers(0, 2**32 - 1),
    flags=st.integers(0, 2**34 - 1),
    views=st.none() | st.integers(0, 2**62),
    forwards=st.none() | st.integers(0, 2**31),
    fingerprint=st.integers(-(2**31), 2**31 - 1),
)


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.lists(rows, max_size=12), max_size=6))
def test_rows_come_back_as_they_were_written_last(pages: list[list[Row]]) -> None:
    with tables() as conn:
        written: dict[int, Row] = {}
        for page in pages:
            now = {row.docid: row for row in page}
            exact.store(conn, now.values())
            written |= now
        columns = ", ".join(Row._fields)
        read = [Row(*row) for row in conn.execute(f"SELECT {columns} FROM search_document")]  # noqa: S608 ours
        assert read == [written[docid] for docid in sorted(written)]


def test_the_fields_of_a_row_are_the_columns_of_its_table(conn: sqlite3.Connection) -> None:
    columns = tuple(row[1] for row in conn.execute("PRAGMA table_info(search_document)"))
    assert columns == Row._fields


@pytest.mark.parametrize("order", ["ASC", "DESC"])
@pytest.mark.parametrize("tree", [Word("word"), And(()), Number("views", 1, None)])
def test_a_row_is_found_by_its_key_and_nothing_is_sorted(conn: sqlite3.Connection, tree: Node, order: str) -> None:
    made = plan_query(tree, Bounds(), None)
    statement, values = made.select("d.docid", SOME)
    ordered = f"{statement} ORDER BY {', '.join(f'{column} {order}' for column in made.order)}"
    steps = [row[3] for row in conn.execute(f"EXPLAIN QUERY PLAN {ordered}", values)]
    assert any(step.startswith("SEARCH d USING INTEGER PRIMARY KEY") for step in steps), steps
    assert not any("TEMP B-TREE" in step for step in steps), steps
