"""The scheduler: an even budget, floods obeyed to the second, the urgent first and all in turn."""

from __future__ import annotations

import asyncio
import itertools
import math
from typing import Any

import pytest

from archiver.errors import FloodWait
from archiver.pacing.scheduler import MAX_FLOOD_WAIT, SPACING, FloodMemory, Priority, Scheduler
from archiver.pacing.token_bucket import MARGIN, OVERLAP
from tests.unit.leaping import START, LoopClock, lived


def passed() -> float:
    """Seconds since the beginning."""
    return asyncio.get_running_loop().time() - START


async def call(scheduler: Scheduler, method: str, *, lasting: float = 0.0, **how: Any) -> float:
    """One call; when it went out."""
    async with scheduler.turn(method, **how):
        at = passed()
        if lasting:
            await asyncio.sleep(lasting)
    return at


def scheduler_of(rate: float, **options: Any) -> Scheduler:
    """The options of `FloodMemory` may stand among those of the scheduler."""
    memory = FloodMemory(options.pop("floods", {}), options.pop("orders", {}), options.pop("remember", None))
    return Scheduler(rate, **{"clock": LoopClock(), "max_wait": math.inf, "memory": memory, **options})


async def settle() -> None:
    """Let everybody run who can."""
    for _ in range(5):
        await asyncio.sleep(0)


@lived
async def test_calls_are_spread_evenly() -> None:
    scheduler = scheduler_of(2.0)
    times = [await call(scheduler, "getHistory") for _ in range(5)]
    assert times == pytest.approx([0.5 * SPACING * n for n in range(5)], abs=1e-3)


@lived
async def test_calls_keep_their_distance_from_an_answer_that_came_soon() -> None:
    scheduler = scheduler_of(1.0)
    assert await call(scheduler, "getHistory", lasting=0.1) == 0
    slow = asyncio.create_task(call(scheduler, "getMessages", lasting=30.0))
    await settle()
    others = [await call(scheduler, "getFullChannel") for _ in range(2)]
    # When the slow one was received is not known, but it was not as late as its answer.
    expected = [0.1 + SPACING * n for n in (1, 2, 3)]
    assert [await slow, *others] == pytest.approx(expected, abs=1e-3)


@lived
async def test_an_idle_time_saves_up_nothing_over_all() -> None:
    scheduler = scheduler_of(1.0)
    await call(scheduler, "getHistory")
    await asyncio.sleep(100)
    first, second = await call(scheduler, "getHistory"), await call(scheduler, "getMessages")
    assert second - first >= 1


@lived
async def test_names_are_looked_up_five_at_once_and_then_slowly() -> None:
    scheduler = scheduler_of(1000.0)
    times = [round(await call(scheduler, "resolveUsername")) for _ in range(8)]
    assert times == [0, 0, 0, 0, 0, 30, 60, 90]
    await asyncio.sleep(60)
    before = passed()
    await call(scheduler, "resolveUsername")
    assert await call(scheduler, "resolveUsername") - before < 1


@lived
async def test_without_pacing_nothing_waits() -> None:
    scheduler = scheduler_of(0)
    for _ in range(100):
        await call(scheduler, "getMessages")
    assert passed() == 0


@lived
async def test_a_flood_wait_stops_its_method_only_and_is_remembered_and_told() -> None:
    remembered: list[tuple[str, float]] = []
    told: list[tuple[str, float]] = []

    async def remember(method: str, until: float) -> None:
        remembered.append((method, until))

    scheduler = scheduler_of(0, remember=remember, notify=lambda *what: told.append(what))
    await scheduler.flooded("a", 30)
    assert await call(scheduler, "b") == 0
    assert await asyncio.gather(*(call(scheduler, "a") for _ in range(3))) == pytest.approx([31] * 3, abs=1e-3)
    assert remembered == [("a", START + 31)]
    assert told == [("a", 31)]


@lived
async def test_an_order_of_an_earlier_run_is_obeyed() -> None:
    assert await call(scheduler_of(0, floods={"a": START + 20}), "a") == pytest.approx(20, abs=1e-3)


@lived
async def test_short_waits_are_not_reported_except_for_name_look_ups() -> None:
    told: list[tuple[str, float]] = []
    scheduler = scheduler_of(1000.0, notify=lambda *what: told.append(what))
    await scheduler.flooded("a", 1)
    await call(scheduler, "a")
    for _ in range(10):
        await call(scheduler, "getMessages")
    assert told == []
    for _ in range(6):
        await call(scheduler, "resolveUsername")
    assert [(method, round(seconds)) for method, seconds in told] == [("resolveUsername", 30)]


@lived
async def test_a_failing_notification_stops_no_call() -> None:
    def notify(method: str, seconds: float) -> None:
        raise BrokenPipeError

    failed: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failed.append(context))
    scheduler = scheduler_of(0, notify=notify)
    await scheduler.flooded("a", 10)
    assert await call(scheduler, "a") == pytest.approx(11, abs=1e-3)
    assert len(failed) == 1


@lived
async def test_a_wait_longer_than_allowed_is_raised() -> None:
    scheduler = scheduler_of(0, floods={"a": START + 4_000.2}, max_wait=120)
    with pytest.raises(FloodWait) as flood:
        await call(scheduler, "a")
    assert flood.value.seconds == 4_001
    assert flood.value.exit_status == 5


@lived
async def test_waiting_calls_fail_immediately_when_the_wait_becomes_too_long() -> None:
    scheduler = scheduler_of(0, max_wait=120)
    await scheduler.flooded("a", 100)
    waiting = [asyncio.create_task(call(scheduler, "a")) for _ in range(3)]
    await asyncio.sleep(50)
    await scheduler.flooded("a", 3_000)
    failed = await asyncio.gather(*waiting, return_exceptions=True)
    assert [(type(failure), failure.seconds) for failure in failed] == [(FloodWait, 3_001)] * 3
    assert passed() == pytest.approx(50, abs=1e-3)
    assert await call(scheduler, "b") < 51


@lived
async def test_a_flood_wait_revokes_a_grant() -> None:
    scheduler = scheduler_of(0)
    async with scheduler.turn("a"):
        asking = asyncio.create_task(call(scheduler, "a"))
        await settle()
    await scheduler.flooded("a", 30)  # granted by now, and not running yet
    assert await asking == pytest.approx(31, abs=1e-3)


@lived
async def test_a_grant_that_is_cancelled_leaves_its_place_to_the_next() -> None:
    scheduler = scheduler_of(1.0)
    await call(scheduler, "getChannelDifference")
    cancelled, next_one = (asyncio.create_task(call(scheduler, "getChannelDifference")) for _ in range(2))
    await settle()
    scheduler.clock.call_later(SPACING, cancelled.cancel)  # after the grant, before it runs
    assert await next_one == pytest.approx(SPACING, abs=1e-3)
    assert cancelled.cancelled()


@lived
async def test_a_flood_wait_halves_the_rate_once_and_it_comes_back_in_ten_minutes() -> None:
    async def seconds_for(calls: int) -> float:
        begun = await call(scheduler, "getHistory")
        for _ in range(calls):
            last = await call(scheduler, "getHistory")
        return last - begun

    scheduler = scheduler_of(1.0)
    for _ in range(3):  # the answers of calls that were under way together
        await scheduler.flooded("getHistory", 10)
    assert await seconds_for(5) == pytest.approx(10, abs=0.1)
    await asyncio.sleep(300)
    assert await seconds_for(20) == pytest.approx(20 / 0.75 - 3, abs=2)  # and what 300 s have saved up
    await asyncio.sleep(300)
    assert await seconds_for(20) == pytest.approx(20 * SPACING, abs=0.1)


@lived
async def test_the_urgent_goes_first_and_the_rest_in_turn() -> None:
    scheduler = scheduler_of(1.0)
    order: list[str] = []

    async def ask(name: str, priority: Priority, channel_id: int) -> None:
        async with scheduler.turn("getHistory", priority, channel_id):
            order.append(name)

    await call(scheduler, "getHistory")
    asked = [ask(f"a{n}", Priority.BACKFILL, 1) for n in range(4)]
    asked += [ask(f"b{n}", Priority.BACKFILL, 2) for n in range(2)]
    asked += [ask("audit", Priority.AUDIT, 3), ask("live", Priority.LIVE, 1), ask("media", Priority.MEDIA, 4)]
    asked += [ask("new", Priority.NEW, 5), ask("counters", Priority.COUNTERS, 6)]
    await asyncio.gather(*asked)
    assert order == ["live", "new", "b0", "a0", "b1", "a1", "a2", "a3", "audit", "counters", "media"]


@lived
async def test_what_is_flooded_or_empty_holds_up_no_other_method() -> None:
    scheduler = scheduler_of(10.0)
    await scheduler.flooded("getHistory", 1_000)
    stuck = [asyncio.create_task(call(scheduler, "getHistory", priority=Priority.LIVE)) for _ in range(5)]
    stuck += [asyncio.create_task(call(scheduler, "resolveUsername", priority=Priority.LIVE)) for _ in range(9)]
    await asyncio.sleep(10)
    for _ in range(20):
        await call(scheduler, "getChannelDifference", priority=Priority.MEDIA)
    assert passed() < 13
    await asyncio.gather(*stuck)


@pytest.mark.parametrize(("method", "most"), [("getHistory", 1), ("getChannelDifference", 4), ("getMessages", 2)])
@pytest.mark.parametrize("rate", [0, 1000.0])
@lived
async def test_concurrent_calls_need_slow_answers_and_respect_the_limit(method: str, most: int, rate: float) -> None:
    scheduler = scheduler_of(rate)
    times = await asyncio.gather(*(call(scheduler, method, lasting=60) for _ in range(most + 1)))
    assert times == pytest.approx([OVERLAP * n for n in range(most)] + [60], abs=0.01)
    begun = passed()
    for quick in await asyncio.gather(*(call(scheduler, method, lasting=0.1) for _ in range(3))):
        begun = begun if rate else quick
        assert quick >= begun
    assert not any(bucket.in_flight for bucket in scheduler._buckets.values())


@lived
async def test_a_takeout_climbs_to_nine_pages_a_second_beside_the_even_rate_of_all_else() -> None:
    scheduler = scheduler_of(1.0)
    others: list[float] = []

    async def ask_otherwise() -> None:
        while passed() < 40:
            others.append(await call(scheduler, "getChannelDifference", lasting=0.05))

    other = asyncio.create_task(ask_otherwise())
    times = [await call(scheduler, "getHistory", lasting=0.05, takeout=True) for _ in range(300)]
    assert sum(1 for at in times if at < 3) == pytest.approx(3 * 3 + 4.5, abs=2)
    assert 9 < sum(1 for at in times if 20 <= at < 30) / 10 <= 9.6
    await other
    assert all(later - at >= 1 for at, later in itertools.pairwise(others))
    assert len(others) >= 36


@lived
async def test_a_flood_wait_within_a_takeout_binds_outside_too_and_the_other_way_round() -> None:
    scheduler = scheduler_of(1.0)
    await call(scheduler, "getHistory")
    await call(scheduler, "getHistory", takeout=True)
    await scheduler.flooded("getHistory", 10, takeout=True)
    assert await call(scheduler, "getHistory") >= 11
    begun = passed()
    await scheduler.flooded("getHistory", 20)
    assert await call(scheduler, "getHistory", takeout=True) >= begun + 21
    again = scheduler_of(1.0)
    await again.flooded("getHistory", 5)  # before anything was asked within one
    begun = passed()
    assert await call(again, "getHistory", takeout=True) == pytest.approx(begun + 6, abs=1e-3)


@lived
async def test_on_a_slow_line_three_calls_of_a_takeout_are_under_way_and_one_after_a_flood_wait() -> None:
    scheduler, under_way, most = scheduler_of(1.0), 0, 0

    async def ask() -> None:
        nonlocal under_way, most
        async with scheduler.turn("getHistory", takeout=True):
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0.4)
            under_way -= 1

    await asyncio.gather(*(ask() for _ in range(70)))
    assert most == 1
    await asyncio.gather(*(ask() for _ in range(130)))
    assert most == 3
    await scheduler.flooded("getHistory", 1, takeout=True)
    most = 0
    await asyncio.gather(*(ask() for _ in range(4)))
    assert most == 1


@lived
async def test_a_normal_pace_finds_three_calls_a_second_and_halves_when_it_is_told_to_wait() -> None:
    scheduler = scheduler_of(1.0, pace="normal")
    times = [await call(scheduler, "getHistory", lasting=0.05) for _ in range(200)]
    assert times[10] == pytest.approx(10, abs=2)
    assert times[-1] - times[-31] == pytest.approx(30 * (SPACING / 3 + 0.05), abs=0.1)
    await scheduler.flooded("getHistory", 10)
    begun = await call(scheduler, "getHistory")
    after = [await call(scheduler, "getHistory") for _ in range(15)]
    assert after[-1] - begun == pytest.approx(10, abs=1)


@lived
async def test_an_order_of_months_is_obeyed_for_a_week_and_said_as_it_was_given() -> None:
    remembered: dict[str, tuple[float, float | None]] = {}

    async def remember(method: str, until: float) -> None:
        remembered[method] = until - START, scheduler.ordered(method)

    scheduler = scheduler_of(0, remember=remember, max_wait=120)
    await scheduler.flooded("a", 40 * 86_400)
    assert remembered == {"a": (MAX_FLOOD_WAIT + MARGIN, START + 40 * 86_400)}
    with pytest.raises(FloodWait, match=r"604801 s \(7 days, until .*it ordered 40 days"):
        await call(scheduler, "a")
    restarted = scheduler_of(0, floods={"a": START + MAX_FLOOD_WAIT}, orders={"a": START + 40 * 86_400}, max_wait=120)
    with pytest.raises(FloodWait, match="it ordered 40 days; it is retried then"):
        await call(restarted, "a")
    await scheduler.flooded("a", 10)
    assert scheduler.ordered("a") is None
    await scheduler.flooded("b", 10**30)
    assert scheduler.ordered("b") == START + 3e10


class SetClock(LoopClock):
    """Somebody sets the time of day."""

    ahead = 0.0

    def now(self) -> float:
        return super().now() + self.ahead


@pytest.mark.parametrize("ahead", [-7_200.0, 7_200.0])
@lived
async def test_a_clock_that_is_set_neither_ends_nor_prolongs_anything(ahead: float) -> None:
    clock, remembered = SetClock(), []

    async def remember(method: str, until: float) -> None:
        remembered.append(until - clock.now())

    scheduler = scheduler_of(1.0, clock=clock, floods={"b": START + 50}, remember=remember)
    for method in ("getHistory", "getMessages", "resolveUsername"):
        await call(scheduler, method)
    begun = passed()
    await scheduler.flooded("a", 30)
    waiting = [asyncio.create_task(call(scheduler, method)) for method in ("a", "b")]
    await settle()
    clock.ahead = ahead
    assert await asyncio.gather(*waiting) == pytest.approx([begun + 31, 50], abs=1e-3)
    begun = passed()
    times = [await call(scheduler, "getHistory") - begun for _ in range(4)]
    assert times == pytest.approx([SPACING * (n + 1) for n in range(4)], abs=1e-3)
    await scheduler.flooded("a", 10)
    assert remembered == pytest.approx([31, 11], abs=1e-3)  # by the clock of the time


@lived
async def test_an_absurd_order_of_an_earlier_run_is_cut_for_this_run_and_the_next() -> None:
    remembered: dict[str, float] = {}

    async def remember(method: str, until: float) -> None:
        remembered[method] = until

    floods = {"a": START + 1e9, "b": START + MAX_FLOOD_WAIT - 1}
    scheduler = scheduler_of(0, floods=floods, remember=remember, max_wait=0)
    for method in ("a", "b", "a"):
        with pytest.raises(FloodWait) as failure:
            await call(scheduler, method)
        assert failure.value.seconds <= MAX_FLOOD_WAIT
        await asyncio.sleep(60)
    assert remembered == {"a": START + MAX_FLOOD_WAIT}
    await asyncio.sleep(MAX_FLOOD_WAIT)
    await call(scheduler_of(0, floods=remembered, max_wait=0), "a")


@lived
async def test_hours_of_calls_leave_nothing_behind() -> None:
    scheduler = scheduler_of(1.0)

    async def work(worker: int) -> None:
        number = worker
        while passed() < 4 * 3_600:
            number += 7
            method = ("getHistory", "getChannelDifference", "getPeerDialogs")[number % 3]
            asking = asyncio.create_task(
                call(scheduler, method, lasting=0.3, priority=Priority(number % 6), channel_id=number % 500)
            )
            await asyncio.wait({asking}, timeout=20)
            asking.cancel()
            await asyncio.sleep(5 + worker)

    await asyncio.gather(*(work(worker) for worker in range(8)))
    await settle()
    assert scheduler._grants > 3_000
    assert len(scheduler._served) <= 500
    assert len(scheduler._buckets) == 3
    assert not scheduler._waiting
    assert not scheduler._timers
