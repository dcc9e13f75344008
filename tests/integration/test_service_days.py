"""14 hours of the service, a good deal faster: memory stays flat, no task is left over, nothing is lost.

TELEKEEP_SOAK=1 makes it a day, slower and denser. `pytest -s` prints the figures.
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
import sys
from collections import Counter
from pathlib import Path

import pytest

from archiver.service.worker_context import PollSettings
from tests.doubles.telegram import faults
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.test_properties import happen
from tests.doubles.telegram.world import Account, World
from tests.integration.service_rig import Desk, service_of
from tests.tiers import SOAK

CHANNELS = 20
HOURS = 24 if SOAK else 14
HOUR = 3600.0
SPEED = 400.0 if SOAK else 2400.0
PACE = PollSettings(poll_interval=30.0 if SOAK else 300.0, requests_per_second=1.0 if SOAK else 0.0)
"""By default, calls are as dense as in reality when measured in real time; what happens in a day is the same."""
WARM = 6
"""Hours until every cache is filled."""
GROWTH = 12.0
"""MB that the process may grow by after that: the world beside us grows, too, with all that happens in it."""
OURS = ("archiver.", "asyncio.", "_asyncio", "aiosqlite.", "telethon.network", "telethon.client")
MORE_OBJECTS = 300
"""So many more objects of our own, of asyncio's and of the client's there may be: what is under way at the moment."""
LINE = [
    faults.drop(),
    faults.half(60),
    faults.dup(),
    faults.rpc(500, "RPC_CALL_FAIL"),
    faults.unknown_ctor("container"),
]


@pytest.mark.soak
@pytest.mark.timeout(3600 if SOAK else 240)
async def test_a_day_leaves_nothing_behind_and_loses_nothing(account: Account, world: World, tmp_path: Path) -> None:
    world.clock.speed = SPEED
    channels = [world.add_channel(f"Desk {number}", f"desk_{number}") for number in range(CHANNELS)]
    for channel in channels:
        for number in range(200):
            channel.post(f"{channel.title}, report {number}")
    async with Server(world) as server, service_of(server, tmp_path, account, pace=PACE) as desk:
        await desk.add(*channels)
        await desk.until(lambda: desk.mirrors(*channels))
        day = Day(desk, channels)
        samples = [await day.pass_hour(hour) for hour in range(HOURS)]
        day.end_trouble()
        await desk.until(lambda: desk.mirrors(*channels))
        for number, sample in enumerate(samples, 1):
            say(f"hour {number}: {sample}")
        say(f"{server.calls.count()} calls; {server.world.now()}")
        check(samples)
        assert server.violations == []
        assert server.forbidden == []
        assert desk.query("PRAGMA integrity_check") == [("ok",)]


class Sample:
    """How large the process is."""

    def __init__(self) -> None:
        gc.collect()
        with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123  # no file like others
            pages = int(statm.read().split()[1])
        self.megabytes = pages * os.sysconf("SC_PAGE_SIZE") / 1e6
        self.tasks = len(asyncio.all_tasks())
        self.objects = Counter(
            type(one).__module__ + "." + type(one).__qualname__
            for one in gc.get_objects()
            if type(one).__module__.startswith(OURS)
        )

    def __str__(self) -> str:
        return f"{self.megabytes:.1f} MB, {self.tasks} tasks, {self.objects.total()} objects"


def check(samples: list[Sample]) -> None:
    """Nothing grows from the sixth hour on: neither what the last hours need at most, nor the number of anything."""
    warm, late = samples[WARM - 1 : WARM + 3], samples[-4:]
    assert max(s.megabytes for s in late) - max(s.megabytes for s in warm) < GROWTH
    most_tasks = max(s.tasks for s in warm)
    assert min(s.tasks for s in late) <= most_tasks + 3
    assert min(s.objects.total() for s in late) - max(s.objects.total() for s in warm) < MORE_OBJECTS


class Day:
    """What happens in 20 channels and on their line."""

    def __init__(self, desk: Desk, channels: list[Channel]) -> None:
        self._desk = desk
        self._channels = channels
        self._chance = random.Random(2021)

    async def pass_hour(self, hour: int) -> Sample:
        """An hour of the world: posts, edits, deletions; now and then trouble."""
        server, chance = self._desk.server, self._chance
        end = server.world.clock.now() + HOUR
        self._trouble(hour)
        while server.world.clock.now() < end:
            for _ in range(chance.randint(0, 4)):
                channel = chance.choice(self._channels)
                kind = chance.choice(
                    ["post", "post", "post", "edit", "edit", "delete", "album", "pin", "react", "title"]
                )
                happen(channel, (kind, chance.randrange(1_000)))
            await asyncio.sleep(200 / SPEED)
            assert not self._desk.task.done()
        return Sample()

    def _trouble(self, hour: int) -> None:
        server, channel = self._desk.server, self._channels[hour % CHANNELS]
        server.faults.clear()
        for other in self._channels:
            other.clear()
        match hour % 6:
            case 0:
                server.faults.add("messages.getHistory", faults.flood(300), times=1)
                channel.forget_events()
            case 1:
                server.drop_connections()
                server.faults.add("*", self._chance.choice(LINE), probability=0.05)
            case 2:
                channel.private = True
            case 3:
                server.faults.add("updates.getChannelDifference", faults.hang(), times=3)
                server.faults.add("messages.getPeerDialogs", faults.rpc(400, "METHOD_INVALID"), times=30)
            case 4:
                for number in range(130):
                    channel.post(f"burst {number}")
            case _:
                server.faults.add("updates.getChannelDifference", faults.flood(120), times=1)

    def end_trouble(self) -> None:
        self._trouble(7)
        self._desk.server.faults.clear()
        self._desk.pass_time(86_400)


def say(figures: str) -> None:
    sys.stdout.write(f"\n{figures}")
