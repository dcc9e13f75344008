from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from archiver.cli.terminal import fold_note
from archiver.cli.view import prose
from archiver.cli.view.grid import Column, draw, lay_out

COLUMNS = (
    Column("channel"),
    Column("id", right=True, drop_order=3),
    Column("title", drop_order=2, least=12),
    Column("since", drop_order=1),
)
ROW = ("a_channel_with_a_name_of_32_cells", "1500001013", "Новости Заречья и окрестностей", "31 Jan 2022")
WORDS = st.text("abcdefgh ийклм 東京 ", min_size=1, max_size=40).map(str.strip).filter(bool)


def drawn(width: int) -> str:
    heads, cells = lay_out(COLUMNS, [ROW], width)
    return "\n".join([*heads, "  ".join(cells[0]).rstrip()])


def test_a_title_is_cut_first_then_columns_go_and_the_name_is_last() -> None:
    assert "31 Jan 2022" in drawn(100)
    assert "Новости Заречья и окрестностей" in drawn(100)
    assert "31 Jan 2022" in drawn(80)
    assert "…" in drawn(80)
    assert "since" not in drawn(70)
    assert "title" not in drawn(50)
    assert "1500001013" in drawn(50)
    assert drawn(40).splitlines() == ["channel", ROW[0]]
    assert drawn(20).splitlines()[1] == "a_channel_with_a_na…"


@given(st.lists(st.tuples(WORDS, st.integers(0, 10**9), WORDS, WORDS), min_size=1, max_size=5), st.integers(5, 160))
def test_no_line_is_wider_than_the_terminal_and_no_row_is_lost(
    rows: list[tuple[str, int, str, str]], width: int
) -> None:
    cells = [(name, f"{number:,}", title, since) for name, number, title, since in rows]
    heads, laid = lay_out(COLUMNS, cells, width)
    lines = [*heads, *("  ".join(row).rstrip() for row in laid)]
    assert len(lines) == 1 + len(rows)
    assert max(map(cell_len, lines)) <= max(width, 5)


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=4), st.integers(20, 100))
def test_a_column_that_may_not_be_cut_is_whole_or_away(rows: list[tuple[str, str]], width: int) -> None:
    columns = (Column("name"), Column("date", drop_order=1))
    heads, laid = lay_out(columns, rows, width)
    if "date" in heads[0]:
        assert [row[1].rstrip() for row in laid] == [date for _, date in rows]


def test_a_header_of_two_lines_stands_at_the_bottom() -> None:
    heads, _ = lay_out((Column("a"), Column("not\nfetched", right=True)), [("x", "1")], 80)
    assert heads == ["       not", "a  fetched"]


def test_untrusted_text_cannot_move_the_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert "\x1b" not in "".join(draw((Column("a"),), [("x\x1b[2J",)]))


@pytest.mark.parametrize("width", [20, 30, 40, 60, 80])
def test_no_line_ends_within_a_date_a_figure_or_a_command(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    text = (
        "service: stopped since 29 Nov 2026 22:23 UTC, 2 h 5 min ago; 17 % of 41.5 MB fetched in about 4 days;"
        " `telekeep run` starts it again on 25 Jan 2022 17:13 +03"
    )
    lines = list(prose.fold(text, first="! "))
    assert max(map(cell_len, lines)) <= max(width, 23)
    whole = "\n".join(lines)
    for kept in (
        "29 Nov 2026 22:23 UTC"[:17],
        "2 h 5 min",
        "17 %",
        "41.5 MB",
        "4 days",
        "`telekeep run`",
        "25 Jan 2022 17:13 +03"[:17],
    ):
        assert kept in whole or width < 24
    assert " ".join(re.sub(r"^! |^ +", "", line) for line in lines).replace("  ", " ") == text or width < 24


@pytest.mark.parametrize("columns", [30, 34, 40, 50])
def test_a_note_is_not_broken_within_a_date_either(columns: int) -> None:
    note = "quiet_a: retrying at 29 Nov 2026 22:23 UTC after 3 failures in a row, 17 % fetched in 2 h 5 min"
    lines = fold_note(note, columns)
    assert max(map(cell_len, lines)) <= columns
    assert all(part in "\n".join(lines) for part in ("29 Nov 2026 22:23 UTC", "17 %", "2 h 5 min"))
