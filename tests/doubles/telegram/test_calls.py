"""What the server remembers of calls: exact counts and rates for ever, whole requests for a while."""

from __future__ import annotations

import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telethon.tl import functions as fn

from tests.doubles.telegram.ask import history, peer_of
from tests.doubles.telegram.calls import Calls
from tests.doubles.telegram.conftest import Order, client_of
from tests.doubles.telegram.rpc import Call
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World

HISTORY = "messages.getHistory"


class Time:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.at = 1_000.0

    def __call__(self) -> float:
        return self.at


def record(calls: Calls, now: Time, at: float, method: str = HISTORY, **fields: Any) -> None:
    now.at = at
    calls.append(Call(**{"time": at, "account": 7, "method": method, "request": None} | fields))


@given(st.lists(st.integers(0, 3_000), max_size=60).map(sorted))
def test_the_peak_is_the_most_within_any_second(milliseconds: list[int]) -> None:
    now = Time()
    calls = Calls(now)
    for at in milliseconds:
        record(calls, now, 1_000 + at / 1_000)
    most = max((sum(at - 1_000 < other <= at for other in milliseconds) for at in milliseconds), default=0)
    assert calls.peak() == calls.peak(HISTORY) == most
    assert calls.count() == len(milliseconds)


def test_rates_are_counted_from_the_mark_and_by_method() -> None:
    now = Time()
    calls = Calls(now)
    for second in range(120):
        record(calls, now, 1_000 + second)
        record(calls, now, 1_000 + second, "updates.getState", account=8)
    record(calls, now, 1_119.5, request=fn.channels.JoinChannelRequest(None), method="channels.joinChannel")
    now.at = 1_240
    assert (calls.count(), calls.count(HISTORY), calls.peak(), calls.peak(HISTORY)) == (241, 120, 3, 1)
    assert (calls.rate(HISTORY), calls.seconds) == (0.5, 240)
    assert calls.minutes(HISTORY) == [60, 60, 0, 0, 0]
    assert calls.minutes() == [120, 121, 0, 0, 0]
    assert calls.accounts[8] == {"updates.getState": 120}
    calls.mark()
    assert (calls.count(), calls.peak(), calls.rate(), calls.minutes()) == (0, 0, 0.0, [0])
    record(calls, now, 1_250)
    assert (calls.count(HISTORY), calls.peak(), calls.rate()) == (1, 1, 0.1)
    assert [c.method for c in calls.forbidden] == ["channels.joinChannel"]


def test_a_clock_that_is_set_does_no_harm() -> None:
    now = Time()
    calls = Calls(now)
    for at in (5_000, 2_000, 90_000_000_000, 500):
        record(calls, now, at)
    assert (calls.count(), calls.peak()) == (4, 1)
    assert len(calls.minutes()) == 7 * 24 * 60


def test_only_the_newest_requests_are_kept_and_nobody_is_told_less_than_all() -> None:
    now = Time()
    calls = Calls(now, kept=3)
    record(calls, now, 1_000, "users.getUsers", request="who")
    for number in range(3):
        record(calls, now, 1_001, request=number)
    assert calls.called(HISTORY) == [0, 1, 2]
    with pytest.raises(LookupError, match="newest 3"):
        calls.called("users.getUsers")
    assert calls.called("updates.getState") == []
    assert calls.count("users.getUsers") == 1
    assert [c.request for c in calls] == [0, 1, 2]


def test_memory_is_flat_however_many_calls_there_are() -> None:
    now = Time()
    calls = Calls(now, kept=100)
    sizes = []
    tracemalloc.start()
    try:
        for hour in range(1, 31):
            for number in range(2_000):
                record(calls, now, hour * 3_600 + number * 1.8, request=bytes(500))
            sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert sizes[-1] - sizes[9] < 50_000
    assert calls.count() == 60_000


async def test_the_control_line_counts_since_its_mark(
    server: Server, world: World, account: Account, order: Order
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    server.clock_speed = 0.001  # however slow the machine is, it happens within a second
    async with client_of(server, account) as client:
        for _ in range(5):
            await client(history(peer_of(alpha, account)))
        await client(fn.channels.JoinChannelRequest(peer_of(alpha, account)))
        said = order("calls", minutes=True)
        assert said["calls"][HISTORY] == said["peaks"][HISTORY] == 5
        assert said["peak"] == said["total"] == sum(said["calls"].values())
        assert said["accounts"]["9996612345"][HISTORY] == 5
        assert sum(said["minutes"][""]) == said["total"]
        assert order("mark") == {"ok": True}
        await client(history(peer_of(alpha, account)))
        said = order("calls")
        assert said["calls"] == said["peaks"] == {HISTORY: 1}
        assert said["rates"][HISTORY] == said["rate"] > 100
        assert said["forbidden"] == ["channels.joinChannel"]
        assert "minutes" not in said


async def test_speed_is_judged_by_the_worlds_clock(
    server: Server, world: World, account: Account, order: Order
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    server.clock_speed = 1_000_000
    started = time.monotonic()
    order("mark")
    async with client_of(server, account) as client:
        for _ in range(5):
            await client(history(peer_of(alpha, account)))
    said = order("calls")
    assert said["peak"] == 1
    assert 0 < said["seconds"] <= (time.monotonic() - started) * 1_000_000
    assert said["rate"] < 0.1
