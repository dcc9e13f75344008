"""Whether ids that are not fetched can belong to a range of dates."""

from __future__ import annotations

import pytest

from archiver.model.shortfall import FAR_SIDE, SEVERAL, Around, Shortfall, find_read_until, is_outside

OLD, START, END, NEW = 1_000, 2_000, 3_000, 4_000


@pytest.mark.parametrize(
    ("around", "outside"),
    [
        (Around([OLD] * SEVERAL, [OLD] * SEVERAL), True),
        (Around([NEW] * SEVERAL, [NEW] * SEVERAL), True),
        (Around([OLD] * SEVERAL, [NEW] * SEVERAL), False),
        (Around([OLD] * SEVERAL, [*[OLD] * 4, START]), False),
        (Around([], [OLD] * FAR_SIDE, first=True), True),
        (Around([NEW] * FAR_SIDE, [], last=True), True),
        (Around([], [OLD] * SEVERAL, first=True), False),
        # Below the oldest that is held may be what is wanted, and above the newest too.
        (Around([], [NEW] * FAR_SIDE, first=True), False),
        (Around([OLD] * FAR_SIDE, [], last=True), False),
        (Around([], [], first=True, last=True), False),
    ],
)
def test_ids_are_outside_only_if_dates_on_the_side_of_the_bounds_prove_it(around: Around, *, outside: bool) -> None:
    assert is_outside(around, since=START, until=END) is outside


def test_ids_between_messages_of_one_side_are_not_outside_an_open_range() -> None:
    assert not is_outside(Around([NEW] * SEVERAL, [NEW] * SEVERAL), since=START, until=None)
    assert not is_outside(Around([OLD] * SEVERAL, [OLD] * SEVERAL), since=None, until=END)


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (None, None, None),
        (50, None, None),
        (50, 100, None),
        (50, 101, 100),
        (None, 200, 100),
        (150, None, 100),
        (150, 200, 100),
    ],
)
def test_bounds_beyond_the_last_sync_are_known_until_then_only(
    since: int | None, until: int | None, expected: int | None
) -> None:
    assert find_read_until(100, since=since, until=until) == expected
    assert find_read_until(None, since=since, until=until) is None
    assert bool(Shortfall(read_until=expected).reasons) is (expected is not None)


def test_one_and_many_are_told_in_good_english() -> None:
    one = Shortfall(ids=9, not_fetched=1, unchecked=1, imported=1, outside=1, partial=1, unreadable=1, surplus=-1)
    assert one.reasons == (
        "1 of 9 ids not fetched",
        "1 archived message not checked since the server lost track",
        "1 message known only from imports",
        "1 id older than its start date (add --since)",
        "1 message archived in part",
        "1 message needs a newer telekeep",
        "the server counts 1 fewer message than is archived",
    )
    assert Shortfall(unreadable=1200, surplus=2).reasons == (
        "1,200 messages need a newer telekeep",
        "the server counts 2 more messages than are archived",
    )
