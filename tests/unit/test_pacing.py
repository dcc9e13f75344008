"""Rates that look for their limit, speeds and spans in words: pure, by numbers."""

from __future__ import annotations

from collections import deque
from math import ceil

import pytest

from archiver.duration import in_words, local_moment, moment
from archiver.pacing.aimd import InFlight, Rate, RateRange
from archiver.pacing.throughput import SPAN, Throughput
from archiver.pacing.token_bucket import MARGIN, NORMAL, TAKEOUT, Pace, TokenBucket

RANGE = RateRange(start=3.0, lowest=0.05, highest=9.5, climb=1.0)


def test_a_rate_climbs_to_its_top_and_no_further() -> None:
    rate = Rate(RANGE)
    earned = sum(rate.pass_time(0.5) for _ in range(40))
    assert rate.value == 9.5
    assert earned == pytest.approx(6.5 * 6.25 + 13.5 * 9.5, abs=0.2)


def test_a_flood_wait_halves_it_and_it_takes_minutes_to_come_back() -> None:
    rate = Rate(RANGE)
    rate.pass_time(2.0)
    rate.halve()
    assert rate.value == 2.5
    for _ in range(60):
        rate.pass_time(1.0)
    assert 2.5 < rate.value < 3.5
    for _ in range(20):
        rate.halve()
    assert rate.value == 0.05


def test_a_rate_that_nobody_uses_does_not_climb() -> None:
    rate = Rate(RANGE)
    rate.pass_time(3600.0)
    assert rate.value == 5.0


def test_only_a_slow_line_gets_several_calls_under_way_after_half_a_minute_and_none_after_a_flood_wait() -> None:
    quick, slow = InFlight(3), InFlight(3)
    assert slow.count(9.5) == 1
    for _ in range(99):
        quick.answered(0.02)
        slow.answered(0.3)
        assert slow.count(9.5) == 1
    for _ in range(102):
        quick.answered(0.02)
        slow.answered(0.3)
    assert (quick.count(9.5), slow.count(9.5), slow.count(3.0)) == (1, 3, 1)
    slow.end()
    for _ in range(1_000):
        slow.answered(0.3)
    assert slow.count(9.5) == 1


@pytest.mark.parametrize(
    ("pace", "calls", "seconds", "lowest", "most_floods"),
    [
        ("takeout", 300, 30, 0.93, 0),  # a limit above what is ever asked
        ("takeout", 100, 30, 0.7, 12),
        ("takeout", 30, 30, 0.7, 12),
        ("takeout", 20, 1, 0.4, 0),
        ("normal", 96, 30, 0.9, 0),
        ("normal", 60, 30, 0.7, 12),
        ("normal", 10, 30, 0.7, 12),
        ("gentle", 34, 30, 0.85, 0),
    ],
)
def test_a_sliding_window_is_filled_well_and_hit_seldom(
    pace: Pace, calls: int, seconds: float, lowest: float, most_floods: int
) -> None:
    bucket, now, made, floods, window = TokenBucket("getHistory", 1.0, -1.0, 0.0, pace), 0.0, 0, 0, deque[float]()
    while now < 1200:
        now = max(bucket.ready_at(now), now)
        bucket.take(now)
        bucket.end(now, now + 0.02)
        while window and window[0] <= now - seconds:
            window.popleft()
        if len(window) < calls:
            window.append(now)
            made += 1
        else:
            wait = max(ceil(window[0] + seconds - now), 1)
            bucket.flood(wait, now)
            assert bucket.ready_at(now) >= now + wait + MARGIN
            floods += 1
        now += 1e-6
    assert floods <= most_floods
    assert made >= lowest * 1200 * calls / seconds


def test_paces_are_what_the_settings_promise() -> None:
    assert (NORMAL.per_second, NORMAL.max_rate, NORMAL.in_flight) == (1.0, 3.0, 1)
    assert (TAKEOUT.per_second, TAKEOUT.in_flight) == (3.0, 3)
    assert 6 < TAKEOUT.max_rate < 10


def test_a_speed_is_that_of_the_last_half_minute() -> None:
    speed = Throughput(0.0)
    assert speed.seconds_left(1000, 1.0) is None
    for second in range(1, 101):
        speed.add(100 if second <= 50 else 10, 200 if second <= 50 else 20, float(second))
    assert speed.rate(100.0) == pytest.approx(10)
    assert speed.seconds_left(6000, 100.0) == pytest.approx(300)
    assert speed.rate(100.0 + SPAN) == 0
    assert speed.seconds_left(6000, 100.0 + SPAN) is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 s"),
        (45.4, "45 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7199, "2 h"),
        (7500, "2 h 5 min"),
        (36_000, "10 h"),
        (86_400, "24 h"),
        (3 * 86_400, "3 days"),
        (3e10, "347,222 days"),
    ],
)
def test_durations_are_described_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_no_moment_is_too_far_to_be_said() -> None:
    assert moment(1_639_600_000) == "2021-12-15 20:26 UTC"
    assert moment(1e15) == "9999-12-31 23:59 UTC"
    assert moment(-1) == "1970-01-01 00:00 UTC"
    assert local_moment(1_639_600_000).startswith("2021-12-1")
