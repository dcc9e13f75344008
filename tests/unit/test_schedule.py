"""The scheduler: an even budget, floods obeyed to the second, the urgent first and all in turn."""

from __future__ import annotations

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from archiver.clock import Clock
from archiver.errors import FloodWait
from archiver.schedule import SPACING, Scheduler

START = 1_000_000.0


class LeapingLoop(asyncio.SelectorEventLoop):
    """An event loop whose time leaps to the end of every wait: a day passes in a second."""

    def __init__(self) -> None:
        self.now = START
        super().__init__(_LeapingSelector(self))

    def time(self) -> float:
        return self.now


class _LeapingSelector(selectors.DefaultSelector):  # type: ignore[misc,valid-type]
    def __init__(self, loop: LeapingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        found = super().select(0)
        if not found:
            assert timeout is not None, "everybody waits, and nothing will ever happen"
            self._loop.now += timeout
        return found


class LoopClock(Clock):
    """The time of the running loop."""

    def now(self) -> float:
        return asyncio.get_running_loop().time()


def lived(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """The test in a loop of its own, whose time leaps."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        loop = LeapingLoop()
        try:
            loop.run_until_complete(test(*args, **kwargs))
        finally:
            loop.close()

    return run


def clock() -> float:
    return asyncio.get_running_loop().time() - START


async def call(scheduler: Scheduler, method: str, *, lasting: float = 0.0, **how: Any) -> float:
    """One call; when it went out."""
    async with scheduler.turn(method, **how):
        at = clock()
        if lasting:
            await asyncio.sleep(lasting)
    return at


def paced(rate: float, **options: Any) -> Scheduler:
    return Scheduler(rate, clock=LoopClock(), **options)


@lived
async def test_calls_are_spread_evenly() -> None:
    scheduler = paced(2.0)
    times = [await call(scheduler, "getHistory") for _ in range(5)]
    assert times == pytest.approx([0.5 * SPACING * n for n in range(5)], abs=1e-3)


@lived
async def test_an_idle_time_saves_up_nothing_over_all() -> None:
    scheduler = paced(1.0)
    await call(scheduler, "getHistory")
    await asyncio.sleep(100)
    first, second = await call(scheduler, "getHistory"), await call(scheduler, "getMessages")
    assert second - first >= 1


@lived
async def test_names_are_looked_up_five_at_once_and_then_slowly() -> None:
    scheduler = paced(1000.0)
    times = [round(await call(scheduler, "resolveUsername")) for _ in range(8)]
    assert times == [0, 0, 0, 0, 0, 30, 60, 90]
    await asyncio.sleep(60)
    before = clock()
    await call(scheduler, "resolveUsername")
    assert await call(scheduler, "resolveUsername") - before < 1


@lived
async def test_without_pacing_nothing_waits() -> None:
    scheduler = paced(0)
    for _ in range(100):
        await call(scheduler, "getMessages")
    assert clock() == 0


@lived
async def test_a_flood_wait_stops_its_method_only_and_is_remembered_and_told() -> None:
    remembered: list[tuple[str, float]] = []
    told: list[tuple[str, float]] = []

    async def remember(method: str, until: float) -> None:
        remembered.append((method, until))

    scheduler = paced(0, remember=remember, notify=lambda *what: told.append(what))
    await scheduler.flooded("a", 30)
    assert await call(scheduler, "b") == 0
    assert await asyncio.gather(*(call(scheduler, "a") for _ in range(3))) == pytest.approx([31] * 3, abs=1e-3)
    assert remembered == [("a", START + 31)]
    assert told == [("a", 31)]


@lived
async def test_an_order_of_an_earlier_run_is_obeyed() -> None:
    assert await call(paced(0, floods={"a": START + 20}), "a") == pytest.approx(20, abs=1e-3)


@lived
async def test_a_wait_beyond_the_patience_is_raised_with_its_seconds() -> None:
    scheduler = paced(0, floods={"a": START + 4_000.2})
    with pytest.raises(FloodWait) as flood:
        await call(scheduler, "a")
    assert flood.value.seconds == 4_001
    assert flood.value.exit_status == 5
