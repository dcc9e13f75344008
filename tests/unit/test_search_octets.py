"""Rows that lie eight in one come back as they were written, and are found by their key."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.exact import writer as exact
from search.exact.changes import Row
from search.exact.compile import plan
from search.exact.docid import WIDTHS
from search.exact.octets import OCTET_BITS, SIZE, column_at, pack
from search.exact.terms import FINGERPRINT_BITS
from search.query.dates import Bounds
from search.query.tree import And, Node, Number, Word
from tests.tiers import examples
from tests.unit.search_tables import conn, tables

__all__ = ["conn"]

WEEK = WIDTHS[0]
SOME = range(1 << 20)


@st.composite
def rows(draw: st.DrawFn, docid: st.SearchStrategy[int]) -> Row:
    """A row whose date is within one week, as those of an octet are."""
    return Row(
        docid=draw(docid),
        channel=draw(st.sampled_from([1, 2, 3, 40_000])),
        message_id=draw(st.integers(1, 2**31 - 1) | st.integers(1, 100)),
        date=2_000 * WEEK + draw(st.integers(0, WEEK - 1)),
        flags=draw(st.integers(0, 2**34 - 1) | st.integers(0, 4095)),
        views=draw(st.none() | st.integers(0, 2**62)),
        forwards=draw(st.none() | st.integers(0, 2**31)),
        fingerprint=draw(st.integers(0, 2**FINGERPRINT_BITS - 1)),
    )


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.lists(rows(st.integers(0, 40)), max_size=12), max_size=6))
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
        for name in ("channel", "date", "flags"):
            each = (f"SELECT {column_at(name, slot)} AS value FROM search_octet AS o" for slot in range(SIZE))  # noqa: S608 ours
            found = sorted(row[0] for row in conn.execute(" UNION ALL ".join(each)) if row[0] is not None)
            assert found == sorted(getattr(row, name) for row in written.values())


@given(rows(st.just(0)), rows(st.just(1)))
def test_a_stamp_takes_six_bytes_and_neighbours_of_a_channel_cost_a_byte(one: Row, other: Row) -> None:
    [octet] = pack([one, other], {})
    assert all(-(2**47) <= stamp < 2**47 for stamp in octet[6::5] if stamp is not None)
    near = one._replace(docid=1, message_id=one.message_id + 1)
    assert abs(pack([one, near], {})[0][10]) < 128


@pytest.mark.parametrize("order", ["ASC", "DESC"])
@pytest.mark.parametrize("tree", [Word("word"), And(()), Number("views", 1, None)])
def test_an_octet_is_found_by_its_key_and_nothing_is_sorted(conn: sqlite3.Connection, tree: Node, order: str) -> None:
    made = plan(tree, Bounds(), None)
    statement, values = made.select("d.docid", SOME)
    ordered = f"{statement} ORDER BY {', '.join(f'{column} {order}' for column in made.order)}"
    steps = [row[3] for row in conn.execute(f"EXPLAIN QUERY PLAN {ordered}", values)]
    assert any(step.startswith("SEARCH o USING INTEGER PRIMARY KEY") for step in steps), steps
    assert not any("TEMP B-TREE" in step for step in steps), steps


def test_a_new_row_goes_beside_those_that_are_there(conn: sqlite3.Connection) -> None:
    page = [Row(docid, 1, docid + 5, 60 * docid, 0, None, None, docid) for docid in range(20)]
    for row in page:
        exact.store(conn, [row])
    assert conn.execute("SELECT count(*) FROM search_octet").fetchone() == (20 + SIZE - 1 >> OCTET_BITS,)
    assert conn.execute("SELECT count(*) FROM search_document").fetchone() == (20,)
