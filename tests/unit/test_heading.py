"""The first line of a card."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from archiver.cli.view.heading import balanced, heading

TITLES = st.text(st.sampled_from("ab جسرלר北京。 -:()\u200d🇮🇶👩"), min_size=1, max_size=120)


@example(":::\u200d:\u200dל。", 20)
@given(TITLES, st.integers(20, 160))
def test_heading_keeps_within_the_terminal_and_isolates_what_runs_the_other_way(title: str, columns: int) -> None:
    lines = [line.plain for line in heading(title, "channel/12345", columns)]
    assert all(cell_len(line) <= columns for line in lines)
    assert lines[-1].endswith("channel/12345")
    for line in lines:
        assert sum(map(line.count, "\u2066\u2067\u2068")) == line.count("\u2069")


@pytest.mark.parametrize(
    ("cut", "whole"),
    [
        ("a \u2068ب", "a \u2068ب\u2069"),
        ("ب\u2069 a", "\u2068ب\u2069 a"),
        ("ب\u2069 a \u2068ج", "\u2068ب\u2069 a \u2068ج\u2069"),
        ("a", "a"),
    ],
)
def test_isolate_that_wrapping_cut_ends_and_begins_within_its_line(cut: str, whole: str) -> None:
    assert balanced(Text(cut)).plain == whole
