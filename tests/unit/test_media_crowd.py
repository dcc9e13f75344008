"""The crowd of files that hold a reference: it is never too large, nobody is forgotten, and it recovers."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.media.crowd import LEAST, PAUSE, Crowd
from tests.tiers import examples


@settings(max_examples=examples(50), deadline=None)
@given(events=st.lists(st.sampled_from(["late", "arrived", "enter", "leave", "cancel"]), max_size=120))
def test_whatever_happens_the_crowd_keeps_to_its_limit_and_lets_everybody_in(events: list[str]) -> None:
    most, least, left = asyncio.run(play(events))
    assert most <= 16
    assert least >= LEAST
    assert left == 0


async def play(events: list[str]) -> tuple[int, int, int]:
    """The most that were inside at once, the lowest limit, and how many never left."""
    crowd, now, inside, most, least = Crowd(16), 0.0, 0, 0, 16
    running: list[tuple[asyncio.Task[None], asyncio.Event]] = []

    async def stay(done: asyncio.Event) -> None:
        nonlocal inside, most
        async with crowd.place():
            inside += 1
            most = max(most, inside)
            try:
                await done.wait()
            finally:
                inside -= 1

    for event in events:
        now += PAUSE
        if event == "late":
            crowd.came_too_late(now=now)
            least = min(least, crowd.limit)
        elif event == "arrived":
            crowd.arrived()
        elif event == "enter":
            done = asyncio.Event()
            running.append((asyncio.create_task(stay(done)), done))
        elif running:
            task, done = running.pop(0) if event == "leave" else running.pop()
            done.set() if event == "leave" else task.cancel()
        await asyncio.sleep(0)
    for _, done in running:
        done.set()
    async with asyncio.timeout(5):
        await asyncio.gather(*(task for task, _ in running))
    return most, least, inside


def test_the_crowd_is_halved_once_for_all_who_come_late_together_and_grows_with_each_arrival() -> None:
    async def halve() -> list[int]:
        crowd, limits = Crowd(64), []
        async with asyncio.TaskGroup() as group:
            done = asyncio.Event()

            async def stay() -> None:
                async with crowd.place():
                    await done.wait()

            for _ in range(64):
                group.create_task(stay())
            await asyncio.sleep(0)
            for now in (10.0, 10.1, 10.0 + PAUSE):
                crowd.came_too_late(now=now)
                limits.append(crowd.limit)
            crowd.arrived()
            limits.append(crowd.limit)
            done.set()
        return limits

    assert asyncio.run(halve()) == [32, 32, 16, 17]
