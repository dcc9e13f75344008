"""The pacer: an even budget, and floods obeyed to the second."""

from __future__ import annotations

import pytest

from archiver.errors import FloodWait
from archiver.pace import Pacer


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


async def test_calls_are_spread_evenly() -> None:
    clock = Clock()
    pacer = Pacer(2.0, now=clock, sleep=clock.sleep)
    times = []
    for _ in range(5):
        await pacer.turn("getHistory")
        times.append(clock.now - 1_000_000)
    assert times == [0, 0.5, 1.0, 1.5, 2.0]


async def test_an_idle_time_saves_up_nothing() -> None:
    clock = Clock()
    pacer = Pacer(1.0, now=clock, sleep=clock.sleep)
    await pacer.turn("a")
    clock.now += 100
    await pacer.turn("a")
    before = clock.now
    await pacer.turn("a")
    assert clock.now == before + 1


async def test_names_are_looked_up_five_at_once_and_then_slowly() -> None:
    clock = Clock()
    pacer = Pacer(1000.0, now=clock, sleep=clock.sleep)
    times = []
    for _ in range(8):
        await pacer.turn("resolveUsername")
        times.append(round(clock.now - 1_000_000))
    assert times == [0, 0, 0, 0, 0, 30, 60, 90]
    clock.now += 60
    before = clock.now
    await pacer.turn("resolveUsername")
    await pacer.turn("resolveUsername")
    assert clock.now - before < 1


async def test_no_pacing_never_sleeps() -> None:
    clock = Clock()
    pacer = Pacer(0, now=clock, sleep=clock.sleep)
    for _ in range(100):
        await pacer.turn("a")
    assert clock.now == 1_000_000


async def test_a_flood_wait_stops_its_method_only_and_is_remembered_and_told() -> None:
    clock, remembered, told = Clock(), [], []

    async def remember(method: str, until: float) -> None:
        remembered.append((method, until))

    pacer = Pacer(0, now=clock, sleep=clock.sleep, remember=remember, notify=lambda *what: told.append(what))
    await pacer.flooded("a", 30)
    await pacer.turn("b")
    assert clock.now == 1_000_000
    await pacer.turn("a")
    assert clock.now >= 1_000_030
    assert remembered == [("a", 1_000_031)]
    assert told == [("a", 31)]


async def test_an_order_of_an_earlier_run_is_obeyed() -> None:
    clock = Clock()
    pacer = Pacer(0, floods={"a": clock.now + 20}, now=clock, sleep=clock.sleep)
    await pacer.turn("a")
    assert clock.now == 1_000_020


async def test_a_wait_beyond_the_patience_is_raised_with_its_seconds() -> None:
    clock = Clock()
    pacer = Pacer(0, floods={"a": clock.now + 4_000.2}, now=clock, sleep=clock.sleep)
    with pytest.raises(FloodWait) as flood:
        await pacer.turn("a")
    assert flood.value.seconds == 4_001
    assert flood.value.exit_status == 5
