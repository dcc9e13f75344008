"""How often to look, who is due, what to fill next: the decisions of the live side, without a network."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.mirror.backfill import RECENT
from archiver.model.coverage import Interval, highest_gap
from archiver.pacing.scheduler import Priority
from archiver.service.backfill_worker import plan
from archiver.service.due_queue import CHANGED, FRESH, PRECAUTION, DueQueue, RateLimit
from archiver.service.poll_interval import MOST_SHARE, POLL_LEAST, POLL_MOST, SHARE, poll_interval, slowdown
from archiver.store.channels.channel import Mirrored

HOUR = 3600
DATES = st.lists(st.integers(0, 2**31 - 1), max_size=20).map(lambda dates: sorted(dates, reverse=True))
RATES = st.floats(0, 100, allow_subnormal=False)


def test_a_channel_is_polled_twice_between_two_posts() -> None:
    dates = [1_700_000_000 - number * HOUR for number in range(20)]
    assert poll_interval(dates, channels=10_000, requests_per_second=1.0) == HOUR / 2


def test_one_long_pause_does_not_make_a_busy_channel_a_slow_one() -> None:
    dates = [1_700_000_000, 1_699_000_000, *(1_699_000_000 - number * 600 for number in range(1, 15))]
    assert poll_interval(dates, channels=10_000, requests_per_second=1.0) == 300


@pytest.mark.parametrize("dates", [[], [1_700_000_000]])
def test_a_channel_of_which_nothing_is_known_is_polled_seldom_or_as_often_as_can_be_afforded(dates: list[int]) -> None:
    assert poll_interval(dates, channels=100_000, requests_per_second=1.0) == POLL_MOST
    assert poll_interval(dates, channels=100, requests_per_second=1.0) == 100 / SHARE
    assert poll_interval(dates, channels=3, requests_per_second=1.0) == POLL_LEAST
    assert poll_interval(dates, channels=100_000, requests_per_second=0) == POLL_LEAST


@given(DATES, st.integers(1, 100_000), RATES)
def test_an_interval_keeps_to_its_limits(dates: list[int], channels: int, rate: float) -> None:
    assert POLL_LEAST <= poll_interval(dates, channels=channels, requests_per_second=rate) <= POLL_MOST


@given(DATES, st.integers(1, 1_000), st.integers(0, 1_000), RATES)
def test_more_channels_never_make_it_faster(dates: list[int], channels: int, more: int, rate: float) -> None:
    few = poll_interval(dates, channels=channels, requests_per_second=rate)
    assert poll_interval(dates, channels=channels + more, requests_per_second=rate) >= few


@given(st.lists(st.floats(POLL_LEAST, POLL_MOST), max_size=500), st.floats(0.01, 100))
def test_polling_leaves_room_for_other_calls(intervals: list[float], rate: float) -> None:
    slower = slowdown(intervals, rate)
    assert slower >= 1
    assert sum(1 / (interval * slower) for interval in intervals) <= rate * MOST_SHARE * 1.000001
    # It is not slower than it has to be.
    assert slower == 1 or sum(1 / interval for interval in intervals) > rate * MOST_SHARE


def test_no_pacing_means_no_slowdown() -> None:
    assert slowdown([POLL_LEAST] * 10_000, 0) == 1


# the queue

PUT = st.tuples(st.just("put"), st.integers(1, 6), st.sampled_from([CHANGED, FRESH, PRECAUTION]))
TAKE = st.tuples(st.just("take"), st.just(0), st.just(0))
DONE = st.tuples(st.just("done"), st.integers(1, 6), st.just(0))


@given(st.lists(st.one_of(PUT, PUT, TAKE, DONE), max_size=60))
def test_the_queue_holds_each_once_and_forgets_none(steps: list[tuple[str, int, int]]) -> None:
    queue = DueQueue()
    waiting: dict[int, int] = {}  # the model: channel -> rank, in the order of arrival
    under_way: dict[int, int] = {}

    def ready() -> dict[int, int]:
        full = [*under_way.values()].count(PRECAUTION) >= 2
        return {k: rank for k, rank in waiting.items() if k not in under_way and not (full and rank == PRECAUTION)}

    for kind, channel_id, rank in steps:
        if kind == "put":
            queue.put(channel_id, rank)
            waiting[channel_id] = min(rank, waiting.get(channel_id, rank))
        elif kind == "done":
            queue.done(channel_id)
            under_way.pop(channel_id, None)
        else:
            expected, taken = ready(), queue.take()
            if not expected:
                assert taken is None
                assert not queue.filled.is_set()
            else:
                best = min(expected.values())
                first = next(key for key, rank in expected.items() if rank == best)
                assert taken == (first, best)
                del waiting[first]
                under_way[first] = best
        assert len(queue) == len(waiting)
        assert all(key in queue for key in waiting)
        if ready():
            assert queue.filled.is_set()  # else whoever waits would sleep beside work


async def test_a_channel_that_is_put_while_it_is_under_way_comes_again() -> None:
    queue = DueQueue()
    queue.put(1, PRECAUTION)
    assert queue.take() == (1, PRECAUTION)
    queue.put(1, CHANGED)
    assert queue.take() is None
    waiter = asyncio.create_task(queue.filled.wait())
    await asyncio.sleep(0)
    queue.done(1)
    async with asyncio.timeout(60):
        await waiter
    assert queue.take() == (1, CHANGED)


# the budget of hints


@given(
    st.floats(0.01, 100),
    st.integers(1, 20),
    st.lists(st.floats(0, 100, allow_subnormal=False), min_size=1, max_size=100),
)
def test_an_allowance_is_never_overdrawn(rate: float, at_once: int, pauses: list[float]) -> None:
    allowance, now, taken = RateLimit(rate, at_once), 1_000_000.0, []
    for pause in pauses:
        now += pause
        if allowance.take(now):
            taken.append(now)
    for first, begun in enumerate(taken):
        for last in range(first, len(taken)):
            assert last - first + 1 <= at_once + (taken[last] - begun) * rate + 1e-3
    assert len(taken) >= min(at_once, len(pauses))


def test_a_quiet_time_saves_up_no_more_than_some_and_a_clock_set_back_costs_no_more() -> None:
    allowance = RateLimit(0.1, 3)
    assert [allowance.take(1e9) for _ in range(5)] == [True, True, True, False, False]
    assert [allowance.take(2e9) for _ in range(5)] == [True, True, True, False, False]
    assert [allowance.take(1e6 + 10 * number) for number in range(1, 4)] == [False, True, True]
    assert all(RateLimit(0, 3).take(0.0) for _ in range(100))


# what to fill


def mirrored(channel_id: int, **fields: Any) -> Mirrored:
    values = {
        "channel_id": channel_id,
        "alias": None,
        "username": f"channel_{channel_id}",
        "title": "A channel",
        "megagroup": False,
        "added_at": 0,
        "window_start": None,
        "state": "active",
        "state_reason": None,
        "generation": 1,
        "pts": 7,
        "top_id": 5_000,
        "floor_id": None,
        "server_count": None,
        "last_sync_at": None,
    }
    return Mirrored(**values | fields)


def planned(channels: list[Mirrored], covered: dict[int, list[Interval]], turns: dict[int, int] | None = None) -> Any:
    works = plan(channels, covered, account="default", now=1_000.0, turns=turns or {})
    return [(work.channel.channel_id, work.gap, work.priority) for work in works]


def test_only_what_can_be_read_now_is_planned() -> None:
    channels = [
        mirrored(1),
        mirrored(2, pts=None),
        mirrored(3, account="another"),
        mirrored(4, retry_at=1_001),
        mirrored(5, retry_at=999),
        mirrored(6),
        mirrored(7, floor_id=5_000),
        mirrored(8, top_id=0),
    ]
    found = planned(channels, {6: [(1, 5_000)]})
    assert [channel_id for channel_id, *_ in found] == [1, 5]


def test_what_the_server_would_not_tell_comes_before_all_histories_but_only_near_the_top() -> None:
    channels = [mirrored(1), mirrored(2, generation=2), mirrored(3, generation=2)]
    covered = {2: [(5_000 - RECENT + 1, 5_000)], 3: [(4_900, 5_000)]}
    assert planned(channels, covered) == [
        (3, (1, 4_899), Priority.LIVE),
        (1, (1, 5_000), Priority.BACKFILL),
        (2, (1, 5_000 - RECENT), Priority.BACKFILL),
    ]


@given(st.dictionaries(st.integers(1, 5), st.integers(1, 50)))
def test_each_has_its_turn_before_any_has_its_second(before: dict[int, int]) -> None:
    channels = [mirrored(channel_id) for channel_id in range(1, 6)]
    turns, number, order = dict(before), 100, []
    for _ in range(15):
        channel_id, *_ = planned(channels, {}, turns)[0]
        number += 1
        turns[channel_id] = number
        order.append(channel_id)
    for at in range(0, 15, 5):
        assert set(order[at : at + 5]) == {1, 2, 3, 4, 5}


@given(
    st.lists(st.tuples(st.integers(1, 300), st.integers(0, 100)), max_size=8),
    st.integers(1, 400),
    st.integers(0, 400),
)
def test_the_newest_gap_is_planned(spans: list[tuple[int, int]], top: int, floor: int) -> None:
    intervals = sorted({(lo, lo + length) for lo, length in spans})
    disjoint: list[Interval] = []
    for lo, hi in intervals:
        if not disjoint or lo > disjoint[-1][1] + 1:
            disjoint.append((lo, hi))
    found = planned([mirrored(1, top_id=top, floor_id=floor)], {1: disjoint})
    gap = highest_gap(disjoint, floor + 1, top)
    assert [gap_found for _, gap_found, _ in found] == ([gap] if gap else [])
    missing = {i for i in range(floor + 1, top + 1) if not any(lo <= i <= hi for lo, hi in disjoint)}
    assert bool(found) == bool(missing)
    if found:
        assert found[0][1][1] == max(missing)
