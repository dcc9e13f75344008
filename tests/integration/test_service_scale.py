"""500 channels on one account at the default pace: how soon a post is archived, and how much is asked for that.

`pytest -s` prints the figures.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import mean

import pytest

from archiver.service.poll_interval import POLL_LEAST, poll_interval, slowdown
from archiver.service.worker_context import PollSettings
from tests.doubles.telegram import faults
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.many import add_many
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.service_rig import Desk, held, service_of

pytestmark = pytest.mark.soak(only="measures time, which needs a quiet machine")

CHANNELS = 500
SPEED = 40.0
"""Seconds of the world in a real one. The machine's own delays count as many times over."""
PACE = PollSettings()
"""The default: polls every 30 s, one request a second."""
JITTER = 0.15 * SPEED
"""How much nearer to each other two calls may arrive than they went out: 0.15 real seconds."""
BOUND = 150.0


async def test_500_channels_stay_current_at_one_request_per_second(
    account: Account, world: World, tmp_path: Path
) -> None:
    world.clock.speed = SPEED
    chance = random.Random(7)
    channels = add_many(world, CHANNELS)
    long = channels[::25]
    for channel in long:
        for number in range(900):
            channel.post(f"history {number}")
        channel.forget_events()
    async with Server(world, keep_calls=1_000_000) as server, service_of(server, tmp_path, account, pace=PACE) as desk:
        await desk.add(*channels)
        await until_all_were_read(desk)
        took = []
        for meanwhile in ("20 histories come in", "after a day asleep, all audits are due"):
            server.calls.mark()
            some = [await archived_after(desk, chance.choice(channels)) for _ in range(8)]
            say(f"500 channels, {meanwhile}: a post is archived after {mean(some):.0f} s, {max(some):.0f} s at most")
            say(f"in {server.calls.seconds:.0f} s: {count(server)}")
            took += some
            if meanwhile.startswith("20"):
                assert server.calls.count("messages.getHistory") > 20
                desk.pass_time(86_400)
        assert max(took) < BOUND
        check_rate([call.time for call in server.calls])
        assert server.violations == []


async def test_500_channels_are_polled_within_what_is_affordable_when_the_probe_is_refused(
    account: Account, world: World, tmp_path: Path
) -> None:
    world.clock.speed = SPEED
    chance = random.Random(7)
    channels = add_many(world, CHANNELS)
    now = world.now()
    for number, channel in enumerate(channels):
        for post in range(6, 0, -1):  # half of them twice an hour, the others every three hours
            channel.post(f"report {post}", date=now - post * (1800 if number % 2 else 3 * 3600))
    async with Server(world, keep_calls=1_000_000) as server, service_of(server, tmp_path, account, pace=PACE) as desk:
        server.pushes.events = False
        server.faults.add("messages.getPeerDialogs", faults.rpc(400, "METHOD_INVALID"))
        await desk.add(*channels)
        await until_all_were_read(desk)
        dates = {channel.id: [date for (date,) in dates_of(desk, channel)] for channel in channels}
        intervals = {key: poll_interval(one, channels=CHANNELS, requests_per_second=1.0) for key, one in dates.items()}
        slower = slowdown(intervals.values(), 1.0)
        chosen = chance.sample(channels, 12)
        took = await all_archived_after(desk, chosen)
        bounds = [intervals[channel.id] * slower + POLL_LEAST for channel in chosen]
        figures = (f"{seconds:.0f} of {bound:.0f}" for seconds, bound in zip(took, bounds, strict=True))
        say(f"probe refused: archived after {', '.join(figures)} s")
        assert all(seconds < bound for seconds, bound in zip(took, bounds, strict=True))
        check_rate([call.time for call in server.calls])


def count(server: Server) -> str:
    return ", ".join(f"{tally.count} {method.partition('.')[2]}" for method, tally in server.calls.methods.items())


def say(figures: str) -> None:
    sys.stdout.write(f"\n{figures}\n")


async def until_all_were_read(desk: Desk) -> None:
    """The newest page of each: from then on nothing is missed."""
    await desk.until(lambda: desk.query("SELECT 1 FROM channel WHERE pts IS NULL LIMIT 1") == [], limit=90)


async def archived_after(desk: Desk, channel: Channel) -> float:
    [took] = await all_archived_after(desk, [channel])
    return took


async def all_archived_after(desk: Desk, channels: Sequence[Channel]) -> list[float]:
    """Post something in each; after how many seconds of the world it is in the archive."""
    clock = desk.server.world.clock
    begun = clock.now()
    waiting = {channel.id: channel.post(f"news at {begun:.0f}").id for channel in channels}
    took: dict[int, float] = {}

    def arrived() -> bool:
        for channel in channels:
            if channel.id not in took and waiting[channel.id] in held(desk.folder, channel):
                took[channel.id] = clock.now() - begun
        return len(took) == len(channels)

    await desk.until(arrived, limit=60)
    return [took[channel.id] for channel in channels]


def dates_of(desk: Desk, channel: Channel) -> list[tuple[int]]:
    return desk.query("SELECT date FROM message WHERE channel_id = ? ORDER BY date DESC LIMIT 20", channel.id)


def check_rate(times: Sequence[float]) -> None:
    """Never more than one request a second: any number of them takes as many seconds, but for the machine's delays."""
    for apart in (1, 5, 20, 60, 300):
        nearest = min((later - earlier for earlier, later in zip(times, times[apart:], strict=False)), default=apart)
        assert nearest > apart - JITTER
