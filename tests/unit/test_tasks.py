"""Tasks end as they should: none is left running, no failure is reported by asyncio."""

from __future__ import annotations

import asyncio

import pytest

from archiver.pacing.tasks import cancel_all, finish, run_all, unless_stopped


async def fail() -> None:
    raise ValueError("expected")


async def test_long_work_is_ended_by_a_stop() -> None:
    stop, ended = asyncio.Event(), asyncio.Event()

    async def work() -> str:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()
        return "done"

    asyncio.get_running_loop().call_later(0.01, stop.set)
    async with asyncio.timeout(20):
        assert await unless_stopped(work(), stop) is None
    assert ended.is_set()


async def test_work_that_ends_before_a_stop_gives_its_result_or_its_failure() -> None:
    assert await unless_stopped(asyncio.sleep(0, "done"), asyncio.Event()) == "done"
    with pytest.raises(ValueError, match="expected"):
        await unless_stopped(fail(), asyncio.Event())


async def test_work_that_must_not_be_cut_short_ends_before_its_cancelled_caller() -> None:
    go_on, steps = asyncio.Event(), list[str]()

    async def work() -> None:
        steps.append("begun")
        await go_on.wait()
        steps.append("done")
        await fail()

    async def call() -> None:
        try:
            await finish(asyncio.ensure_future(work()))
        finally:
            steps.append("caller ended")

    caller = asyncio.create_task(call())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    caller.cancel()
    asyncio.get_running_loop().call_later(0.01, go_on.set)
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert steps == ["begun", "done", "caller ended"]


async def test_cancelled_tasks_have_ended_afterwards_and_their_failures_are_ignored() -> None:
    failed, sleeping = asyncio.create_task(fail()), asyncio.create_task(asyncio.sleep(3600))
    await asyncio.sleep(0)
    await cancel_all(task for task in (failed, sleeping))
    assert (failed.done(), sleeping.cancelled()) == (True, True)
    await cancel_all(())


async def test_all_work_is_done_a_few_at_a_time_and_a_failure_begins_nothing_more() -> None:
    running, begun = 0, list[int]()

    async def work(number: int, failing: int) -> int:
        nonlocal running
        running += 1
        begun.append(number)
        assert running <= 3
        await asyncio.sleep(0)
        running -= 1
        if number == failing:
            await fail()
        return number

    assert sorted(await run_all((work(number, -1) for number in range(10)), 3)) == list(range(10))
    begun.clear()
    with pytest.raises(ValueError, match="expected"):
        await run_all((work(number, 1) for number in range(10)), 3)
    assert (begun, running) == ([0, 1, 2], 0)
