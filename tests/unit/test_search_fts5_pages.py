"""The terms that are read from FTS5's pages are those that FTS5 itself lists."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.exact import word_list as wordlist
from search.exact import writer as exact
from search.exact.fts5_pages import SELECT_PAGES, read_terms
from search.exact.word_list import find_forms
from tests.sample import build, index, make_message
from tests.tiers import examples
from tests.unit.search_tables import tables

LINES = st.lists(
    st.lists(st.text("abмсعπ国0:", min_size=1, max_size=3) | st.text("ab", min_size=140, max_size=400), max_size=8),
    max_size=12,
)


@pytest.fixture
def conn() -> Iterator[sqlite3.Connection]:
    with opened() as made:
        yield made


@contextmanager
def opened() -> Iterator[sqlite3.Connection]:
    with tables() as conn:
        conn.execute("CREATE VIRTUAL TABLE temp.listed USING fts5vocab('main', 'search_text', 'row')")
        yield conn


def write(conn: sqlite3.Connection, lines: list[list[str]]) -> None:
    for at, words in enumerate(lines):
        conn.execute("INSERT INTO search_text (rowid, line) VALUES (?, ?)", (at + 1, " ".join(words)))


def read(conn: sqlite3.Connection, *ranges: tuple[str, str]) -> set[str]:
    pages = [row[0] for row in conn.execute(SELECT_PAGES, (json.dumps(ranges), 10_000))]
    terms = {term for page in pages for term in read_terms(page)}
    return {term for term in terms if any(low <= term < high for low, high in ranges)}


@settings(max_examples=examples(60), deadline=None)
@given(LINES, st.lists(st.text("abмع", max_size=2), min_size=1, max_size=3), st.booleans())
def test_a_range_has_the_terms_that_fts5_lists(lines: list[list[str]], starts: list[str], tidied: bool) -> None:
    with opened() as conn:
        write(conn, lines)
        while tidied and exact.merge_segments(conn):
            pass
        ranges = [(start, f"{start}\U0010ffff") for start in starts]
        listed = {row[0] for row in conn.execute("SELECT term FROM listed")}
        assert read(conn, *ranges) == {term for term in listed if term.startswith(tuple(starts))}


def test_many_pages_of_many_segments(conn: sqlite3.Connection) -> None:
    words = [f"w{at * 7919 % 20_000:05}" for at in range(20_000)]
    write(conn, [words[at : at + 500] + ["common"] * 3 for at in range(0, len(words), 500)])
    segments = conn.execute("SELECT count(DISTINCT segid) FROM search_text_idx").fetchone()[0]
    assert segments > 1
    assert read(conn, ("w", "x")) == set(words)
    assert read(conn, ("w01230", "w01240"), ("common", "common ")) == {*(f"w0123{at}" for at in range(10)), "common"}
    pages = len(conn.execute(SELECT_PAGES, (json.dumps([("w01230", "w01240")]), 10_000)).fetchall())
    assert pages <= 2 * segments, "of each segment the pages of the range only"
    assert len(conn.execute(SELECT_PAGES, (json.dumps([("a", "z")]), 5)).fetchall()) == 5


def test_a_word_of_many_pages_is_one_page_to_read(conn: sqlite3.Connection) -> None:
    conn.execute("BEGIN")
    write(conn, [["common", f"x{at}"] for at in range(20_000)])
    conn.execute("COMMIT")
    assert read(conn, ("common", "common ")) == {"common"}
    assert len(conn.execute(SELECT_PAGES, (json.dumps([("common", "common ")]), 10_000)).fetchall()) <= 2


def test_an_empty_index_has_no_terms(conn: sqlite3.Connection) -> None:
    assert read(conn, ("", "\U0010ffff")) == set()


@pytest.mark.parametrize("format_known", [True, False])
@pytest.mark.parametrize("kept", [None, 0, 2, 3, 4, 6, 20])
def test_forms_are_the_same_whether_pages_are_read_or_fts5_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format_known: bool, kept: int | None
) -> None:
    texts = ["the bridge is closed", "bridges were closed, bridging them", "closing bridges", "briefly, a closet"]
    build(tmp_path, messages := [make_message(one, text) for one, text in enumerate(texts, 1)])
    index(tmp_path, messages)
    words = ("bridge", "closed", "nothing")
    with closing(sqlite3.connect(tmp_path / "archive.db")) as conn:
        wanted = find_forms(conn, words)
        assert set(wanted["bridge"].everywhere) >= {"bridge", "bridges"}
        if not format_known:
            monkeypatch.setattr(wordlist, "FORMAT", 99)
        if kept is not None:
            cut = f"SELECT substr(block, 1, {kept}) FROM ({wordlist.SELECT_PAGES})"  # noqa: S608
            monkeypatch.setattr(wordlist, "SELECT_PAGES", cut)
        assert find_forms(conn, words) == wanted
