"""Carets stand under the place, in columns of a terminal, whatever is written before it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from archiver.cli.pointer import point
from archiver.cli.terminal import terminal_safe

FSI, PDI = "\u2068", "\u2069"


def columns(query: str, place: str, *, isolates: bool = False) -> tuple[int, int]:
    """Where the carets stand: the column of the first and their number."""
    start = query.index(place)
    line, carets = point(query, start, start + len(place), isolates=isolates)
    assert line.replace(FSI, "").replace(PDI, "") == terminal_safe(query).rstrip()
    return carets.index("^"), carets.count("^")


@pytest.mark.parametrize(
    ("query", "place", "column", "width"),
    [
        ("a OR", "OR", 2, 2),
        ("国际法 OR", "OR", 7, 2),
        ("a 国际", "国际", 2, 4),
        ("cafe\u0301 OR", "OR", 5, 2),
        ("رَتْلاً OR", "OR", 5, 2),
        ("🇺🇦 👍 OR", "OR", 6, 2),
        ("한국 (", "(", 5, 1),
        ("a\nb\tc OR", "OR", 6, 2),
        ("\u202ea OR", "OR", 10, 2),
        ("ไน้ำ OR", "OR", 4, 2),
    ],
)
def test_carets_mark_the_position(query: str, place: str, column: int, width: int) -> None:
    assert columns(query, place) == (column, width)
    assert columns(query, place, isolates=True) == (column, width)


def test_each_right_to_left_word_is_isolated_on_a_terminal_and_none_in_a_pipe() -> None:
    line, carets = point("جسر الليل (خبر", 10, 11, isolates=True)
    assert line == f"{FSI}جسر{PDI} {FSI}الليل{PDI} ({FSI}خبر{PDI}"
    assert carets == " " * 10 + "^"
    assert point("جسر الليل (خبر", 10, 11, isolates=False)[0] == "جسر الليل (خبر"


def test_a_long_query_is_shown_around_the_place() -> None:
    line, carets = point("word " * 300 + "OR" + " word" * 300, 1500, 1502, isolates=False)
    assert len(line) < 80
    assert line.startswith("…")
    assert line.endswith("…")
    assert line[carets.index("^") : len(carets)] == "OR"


def test_without_a_query_there_is_nothing_to_point_at() -> None:
    assert point("", 0, 0, isolates=False) == []


@given(st.text(max_size=40), st.integers(0, 40), st.integers(0, 40))
def test_any_place_has_its_carets_below_it(query: str, start: int, length: int) -> None:
    start = min(start, len(query))
    lines = point(query, start, start + length, isolates=False)
    if query:
        line, carets = lines
        assert carets.count("^") >= 1
        assert carets.strip(" ^") == ""
        assert cell_len(terminal_safe(query[:start])) == carets.index("^") or line.startswith("…")
