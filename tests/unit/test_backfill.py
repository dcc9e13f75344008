"""What a page of history proves, and where to go on."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import ServerFault
from archiver.mirror.step import ENOUGH, NO_OLDER, OlderRun, plan_page, plan_top
from archiver.model import coverage
from archiver.model.record import HistoryPage, Kind, Message


def page(
    *ids: int, empty: tuple[int, ...] = (), kind: Kind = "message", dates: dict[int, int] | None = None
) -> HistoryPage:
    """Messages whose date is their id, unless told otherwise; newest first."""
    dates = dates or {}
    messages = tuple(
        Message(
            channel_id=1,
            message_id=i,
            kind=kind,
            date=datetime.fromtimestamp(dates.get(i, i), UTC),
            content_hash=b"",
            raw=b"",
            layer=1,
            payload_sha256=b"",
        )
        for i in sorted(ids, reverse=True)
    )
    return HistoryPage(messages=messages, empty_ids=empty, pts=1, count=len(ids), exact=True)


def test_a_page_proves_from_its_lowest_id_up_to_the_gap() -> None:
    step = plan_page(page(90, 95, 99), gap=(1, 100), window_start=None)
    assert (step.proven, step.next_offset) == ((90, 100), 90)


def test_only_an_empty_page_ends_the_history() -> None:
    assert plan_page(page(50), gap=(1, 100), window_start=None).next_offset == 50
    step = plan_page(page(), gap=(1, 100), window_start=None)
    assert (step.proven, step.next_offset) == ((1, 100), None)


def test_a_gap_is_done_when_its_lower_end_is_reached() -> None:
    assert plan_page(page(10, 12), gap=(10, 15), window_start=None).next_offset is None
    assert plan_page(page(3, 12), gap=(10, 15), window_start=None).next_offset is None


def test_empty_ids_prove_as_much_as_messages() -> None:
    assert plan_page(page(empty=(7,)), gap=(1, 9), window_start=None).proven == (7, 9)


def test_older_messages_at_the_end_of_a_page_are_left_unproven() -> None:
    step = plan_page(page(40, 48, 50, 52, 60), gap=(1, 60), window_start=50)
    assert [m.message_id for m in step.page.messages] == [60, 52, 50]
    assert (step.proven, step.floor_id, step.next_offset, step.older) == ((49, 60), None, 40, (2, 48))


def test_a_long_enough_run_of_older_messages_across_pages_ends_the_window() -> None:
    step = plan_page(page(30, 32), gap=(1, 39), window_start=50, older=OlderRun(ENOUGH - 3, 48))
    assert (step.page.messages, step.proven, step.older, step.older.enough) == ((), None, (ENOUGH - 1, 48), False)
    step = plan_page(page(28), gap=(1, 29), window_start=50, older=step.older)
    assert step.older.enough
    assert step.end_window().floor_id == 48


def test_a_newer_message_below_makes_the_run_a_gap() -> None:
    step = plan_page(page(30, 32, dates={32: 70}), gap=(1, 39), window_start=50, older=OlderRun(60, 48))
    assert ([m.message_id for m in step.page.messages], step.proven) == ([32], (31, 39))
    assert step.older == (1, 30)


def test_the_first_message_or_an_empty_page_ends_the_window_after_any_run() -> None:
    assert plan_page(page(1, 48), gap=(1, 48), window_start=50).floor_id == 48
    assert plan_page(page(), gap=(1, 39), window_start=50, older=OlderRun(2, 48)).floor_id == 48


def test_the_newest_page_ends_where_the_window_is_known_to_end() -> None:
    step = plan_top(page(40, 48, 50, 52), newest=52, floor_id=48, window_start=50)
    assert ([m.message_id for m in step.page.messages], step.proven, step.older.number) == ([52, 50], (49, 52), 0)
    assert plan_top(page(40, 48), newest=48, floor_id=48, window_start=50).proven is None


def test_one_misdated_message_within_the_page_does_not_end_the_window() -> None:
    step = plan_page(page(50, 51, 52, dates={51: 3}), gap=(1, 60), window_start=50)
    assert len(step.page.messages) == 3
    assert step.next_offset == 50


def test_a_stub_whose_date_is_a_guess_does_not_end_the_window() -> None:
    assert plan_page(page(30, kind="stub", dates={30: 0}), gap=(1, 30), window_start=20).next_offset == 30


def test_an_answer_above_the_requested_offset_is_rejected() -> None:
    with pytest.raises(ServerFault):
        plan_page(page(200), gap=(1, 100), window_start=None)


@given(
    st.sets(st.integers(1, 300)),
    st.integers(1, 100),
    st.integers(1, 300),
    st.lists(st.tuples(st.integers(1, 300), st.integers(-40, 40)), max_size=20),
)
def test_walking_by_the_plan_finds_all_of_the_window_and_ends(
    ids: set[int], size: int, window_start: int, moved: list[tuple[int, int]]
) -> None:
    dates = {i: i for i in ids} | {i: max(i + by, 1) for i, by in moved if i in ids}
    found: set[int] = set()
    covered: list[tuple[int, int]] = []
    floor = 0
    for _ in range(400):
        gap = coverage.highest_gap(covered, floor + 1, 300)
        if gap is None:
            break
        bound = floor or coverage.contains(covered, gap[0] - 1)
        lo, older = gap[0], NO_OLDER
        offset: int | None = gap[1] + 1
        while offset is not None:
            served = sorted((i for i in ids if i < offset), reverse=True)[:size]
            asked = page(*served, dates=dates)
            step = plan_page(asked, gap=(lo, offset - 1), window_start=None if bound else window_start, older=older)
            if step.older.enough and step.next_offset:
                step = step.end_window()
            found |= {m.message_id for m in step.page.messages}
            covered = coverage.add(covered, *step.proven) if step.proven else covered
            floor, offset, older = max(floor, step.floor_id or 0), step.next_offset, step.older
    assert coverage.gaps(covered, floor + 1, 300) == []
    assert found >= {i for i in ids if dates[i] >= window_start and i > floor}
    assert all(dates[i] < window_start for i in sorted(ids, reverse=True) if floor >= i > floor - 40)
    assert {i for i in ids if coverage.contains(covered, i)} == found
