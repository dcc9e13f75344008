"""What a page of history proves, and where to go on."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.backfill import plan_page
from archiver.errors import ServerFault
from archiver.record import HistoryPage, Kind, Message


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


def test_a_short_page_is_no_end_and_an_empty_one_is() -> None:
    assert plan_page(page(50), gap=(1, 100), window_start=None).next_offset == 50
    step = plan_page(page(), gap=(1, 100), window_start=None)
    assert (step.proven, step.next_offset) == ((1, 100), None)


def test_a_gap_ends_where_its_lower_end_is_reached() -> None:
    assert plan_page(page(10, 12), gap=(10, 15), window_start=None).next_offset is None
    assert plan_page(page(3, 12), gap=(10, 15), window_start=None).next_offset is None


def test_empty_ids_prove_as_messages_do() -> None:
    assert plan_page(page(empty=(7,)), gap=(1, 9), window_start=None).proven == (7, 9)


def test_the_window_cuts_the_page_at_its_date() -> None:
    step = plan_page(page(40, 48, 50, 52, 60), gap=(1, 60), window_start=50)
    assert [m.message_id for m in step.page.messages] == [60, 52, 50]
    assert (step.proven, step.floor_id, step.next_offset) == ((49, 60), 48, None)


def test_a_page_that_is_older_than_the_window_holds_nothing() -> None:
    step = plan_page(page(40, 48), gap=(1, 48), window_start=50)
    assert (step.page.messages, step.proven, step.floor_id) == ((), None, 48)


def test_one_misdated_message_within_the_page_does_not_end_the_window() -> None:
    step = plan_page(page(50, 51, 52, dates={51: 3}), gap=(1, 60), window_start=50)
    assert len(step.page.messages) == 3
    assert step.next_offset == 50


def test_a_stub_whose_date_is_a_guess_does_not_end_the_window() -> None:
    assert plan_page(page(30, kind="stub", dates={30: 0}), gap=(1, 30), window_start=20).next_offset == 30


def test_an_answer_above_the_question_is_refused() -> None:
    with pytest.raises(ServerFault):
        plan_page(page(200), gap=(1, 100), window_start=None)


@given(st.sets(st.integers(1, 300)), st.integers(1, 100), st.integers(0, 300))
def test_walking_by_the_plan_finds_all_of_the_window_and_ends(ids: set[int], size: int, window_start: int) -> None:
    gap: tuple[int, int] | None = (1, 300)
    found: set[int] = set()
    covered: set[int] = set()
    for _ in range(400):
        if gap is None:
            break
        served = sorted((i for i in ids if i <= gap[1]), reverse=True)[:size]
        step = plan_page(page(*served), gap=gap, window_start=window_start or None)
        found |= {m.message_id for m in step.page.messages}
        if step.proven:
            covered |= set(range(step.proven[0], step.proven[1] + 1))
        gap = (1, step.next_offset - 1) if step.next_offset is not None else None
    assert gap is None
    assert found == {i for i in ids if i >= window_start}
    assert found <= covered
    assert covered >= set(range(max(window_start, 1), 301))
