"""Interval arithmetic does what sets of ids do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.model import coverage
from archiver.model.coverage import Interval

INTERVAL = st.tuples(st.integers(1, 60), st.integers(0, 12)).map(lambda pair: (pair[0], pair[0] + pair[1]))
INTERVALS = st.lists(INTERVAL, max_size=12)


def build(parts: list[Interval]) -> list[Interval]:
    made: list[Interval] = []
    for lo, hi in parts:
        made = coverage.add(made, lo, hi)
    return made


def ids(parts: list[Interval]) -> set[int]:
    return {i for lo, hi in parts for i in range(lo, hi + 1)}


@given(INTERVALS)
def test_a_set_is_the_union_of_its_parts_in_the_fewest_intervals(parts: list[Interval]) -> None:
    made = build(parts)
    assert ids(made) == ids(parts)
    assert made == coverage.runs(sorted(ids(parts)))
    assert coverage.size(made) == len(ids(parts))


@given(INTERVALS, INTERVAL)
def test_gaps_are_the_ids_missing_from_the_set(parts: list[Interval], within: Interval) -> None:
    made, (lo, hi) = build(parts), within
    missing = coverage.gaps(made, lo, hi)
    assert ids(missing) == set(range(lo, hi + 1)) - ids(parts)
    assert missing == coverage.runs(sorted(ids(missing)))
    assert coverage.highest_gap(made, lo, hi) == (missing[-1] if missing else None)
    assert ids(coverage.clip(made, lo, hi)) == set(range(lo, hi + 1)) & ids(parts)


@given(INTERVALS, st.integers(1, 80))
def test_an_id_is_in_the_set_or_not(parts: list[Interval], message_id: int) -> None:
    assert coverage.contains(build(parts), message_id) == (message_id in ids(parts))


def test_an_interval_that_ends_before_it_begins_is_an_error() -> None:
    with pytest.raises(ValueError, match="ends before"):
        coverage.add([], 5, 4)
    with pytest.raises(ValueError, match="ascend"):
        coverage.runs([3, 3])


@given(INTERVALS, INTERVALS, INTERVAL, st.integers(1, 40))
def test_the_newest_ids_are_read_first_then_those_never_read_then_the_rest(
    now: list[Interval], before: list[Interval], within: Interval, newest: int
) -> None:
    lo, hi = within
    gap = coverage.next_gap(build(now), build(before), lo, hi, newest=newest)
    lacking = set(range(lo, hi + 1)) - ids(now)
    if not lacking:
        assert gap is None
        return
    assert gap is not None
    assert ids([gap]) <= lacking
    recent = {i for i in lacking if i > hi - newest}
    never = lacking - ids(before)
    assert gap[1] == max(recent or never or lacking)
    if not before:
        assert gap == coverage.highest_gap(build(now), lo, hi)
