"""Progress fits any terminal, says what its time means, and does not jump."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from archiver.cli.view.measure import Measure, fit, sentence

MEASURE = Measure(
    what="sync",
    label="atlas_desk (1 of 3)",
    done=45,
    total=100,
    unit="ids",
    counted="12,345 new",
    rate=120.0,
    seconds_left=180.0,
)


def line(measure: Measure, width: int, *, level: int = 0) -> str:
    before, bar, after, _ = fit(measure, width, level=level, ascii_only=True)
    return before + bar + after


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (159, f"atlas_desk (1 of 3)  {'#' * 10}{'-' * 14}  45 %  12,345 new, 120/s, about 3 min at this rate"),
        (79, f"atlas_desk (1 of 3)  {'#' * 5}{'-' * 7}  45 %  12,345 new, 120/s, about 3 min left"),
        (39, "atlas_desk … 45 % about 3 min left"),
        (10, "atlas_des…"),
    ],
)
def test_what_matters_most_is_shown_at_every_width(width: int, shown: str) -> None:
    assert line(MEASURE, width) == shown


def test_a_wait_for_the_server_is_said_instead_of_a_time() -> None:
    assert "waiting for the server: 45 s" in line(replace(MEASURE, waiting=45.0), 159)
    assert "left" not in sentence(replace(MEASURE, waiting=45.0))


def test_without_a_total_there_is_no_bar_and_no_percentage() -> None:
    unknown = replace(MEASURE, total=None, seconds_left=None)
    assert line(unknown, 159) == "atlas_desk (1 of 3)  12,345 new, 120/s"
    assert unknown.as_object()["total"] is None


@given(
    measure=st.builds(
        replace,
        st.just(MEASURE),
        label=st.text(max_size=60),
        done=st.integers(0, 10**12),
        total=st.none() | st.integers(0, 10**12),
        seconds_left=st.none() | st.floats(0, 10**8),
    ),
    width=st.integers(1, 200),
    level=st.integers(0, 7),
)
def test_no_line_is_wider_than_the_terminal(measure: Measure, width: int, level: int) -> None:
    before, bar, after, now = fit(measure, width, level=level)
    assert cell_len(before + bar + after) <= width
    assert now >= level
