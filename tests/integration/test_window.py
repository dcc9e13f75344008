"""`add --since` where dates do not rise with ids: all of the window is fetched, and no more is said to lie outside.

https://core.telegram.org/api/offsets: ids order a history; nothing says that dates do.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from telethon import TelegramClient

from archiver.errors import Error
from archiver.reading.coverage_report import tally_channel
from archiver.store.channels.channel import Mirrored, find_channel
from tests.doubles.telegram import faults
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.rig import LeapingClock, Rig, held, mirror_of, query
from tests.tiers import examples

START = 1_600_000_000
STEP = 60


def fill(channel: Channel, count: int, old: dict[int, int] | None = None) -> None:
    """Posts with a minute between; `old`: what is added to the date of the one with this number."""
    for number in range(count):
        channel.post(f"message {number}", date=START + STEP * number + (old or {}).get(number, 0))


def wanted(channel: Channel, start: int) -> set[int]:
    return {i for i in channel.ids if channel.posts[i].date >= start}


async def channel_of(rig: Rig, channel: Channel) -> Mirrored:
    found = await rig.database.read(find_channel, channel.id)
    assert found is not None
    return found


@pytest.fixture
def channel(world: World) -> Channel:
    return world.add_channel("Alpha", "alpha", date=START)


@pytest.mark.parametrize("place", [499, 500, 501, 480])
async def test_one_old_dated_post_at_a_page_s_end_does_not_end_the_window(
    server: Server, account: Account, channel: Channel, tmp_path: Path, place: int
) -> None:
    fill(channel, 598, {place: -10_000_000})
    start = START + STEP * 20
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel, window_start=start)
        await rig.sync(channel)
        counts = await tally_channel(rig.database.connection, await channel_of(rig, channel))
    assert wanted(channel, start) <= held(tmp_path, channel).keys()
    assert counts.not_fetched == 0
    assert counts.outside <= 21


async def test_a_page_of_old_dated_posts_among_younger_ones_does_not_end_the_window(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    fill(channel, 1000, dict.fromkeys(range(600, 760), -10_000_000))
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel, window_start=START)
        await rig.sync(channel)
    assert held(tmp_path, channel).keys() == set(channel.ids)


@pytest.mark.parametrize("start", [1900, 2150])
@pytest.mark.parametrize("length", [200, 301])
async def test_a_long_block_of_old_posts_does_not_hide_as_long_a_rest_of_the_window(
    server: Server, account: Account, channel: Channel, tmp_path: Path, *, start: int, length: int
) -> None:
    fill(channel, 3000, dict.fromkeys(range(2750 - length, 2750), -10_000_000))
    begin = START + STEP * start
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel, window_start=begin)
        await rig.sync(channel)
    assert wanted(channel, begin) <= held(tmp_path, channel).keys()
    assert min(held(tmp_path, channel)) > start - 300


async def test_a_younger_post_right_below_a_page_of_older_ones_is_found(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    fill(channel, 400, {299 - 1: STEP * 5, 250: STEP * 100})
    start = START + STEP * 300
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel, window_start=start)
        await rig.sync(channel)
    assert wanted(channel, start) <= held(tmp_path, channel).keys()


async def test_an_interrupted_walk_whose_lowest_post_is_old_says_nothing_lies_outside(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    fill(channel, 598, {398: -10_000_000})
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel, window_start=START)
        server.faults.add("messages.getHistory", faults.rpc(500, "INTERNAL"), skip=2)
        with contextlib.suppress(Error):
            await rig.sync(channel)
        counts = await tally_channel(rig.database.connection, await channel_of(rig, channel))
        assert (counts.outside, counts.not_fetched) == (0, 599 - counts.held)
        assert counts.not_fetched > 300
        server.faults.clear()
        await rig.sync(channel)
    assert held(tmp_path, channel).keys() == wanted(channel, START) | {channel.ids[399]}


async def test_a_walk_in_short_stretches_comes_to_the_end_of_its_window(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    fill(channel, 700, dict.fromkeys(range(400, 560), -10_000_000))
    start = START + STEP * 150
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel, window_start=start)
        await rig.mirror.catch_up(channel.id)
        for _ in range(60):
            if not await rig.mirror.backfill(channel.id, pages=1):
                break
        else:
            raise AssertionError("it never ended")
    assert wanted(channel, start) <= held(tmp_path, channel).keys()


@settings(max_examples=examples(30), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    count=st.integers(1, 450),
    start=st.integers(-20, 470),
    seed=st.integers(0, 999),
    spread=st.sampled_from([0, 1, 3, 30]),
    odd=st.integers(0, 6),
    kills=st.lists(st.integers(1, 150), max_size=3),
)
@example(count=450, start=120, seed=3, spread=3, odd=6, kills=[60, 90])
def test_all_of_the_window_is_held_whatever_the_dates_and_wherever_it_is_killed(
    *, count: int, start: int, seed: int, spread: int, odd: int, kills: list[int]
) -> None:
    folder = Path(tempfile.mkdtemp(prefix="telekeep-test-"))
    try:
        chance = random.Random(seed)
        first = START + STEP * start
        asyncio.run(
            assert_window_is_held(folder, count=count, start=first, chance=chance, spread=spread, odd=odd, kills=kills)
        )
    finally:
        shutil.rmtree(folder)
        TelegramClient._config = None


async def assert_window_is_held(
    folder: Path, *, count: int, start: int, chance: random.Random, spread: int, odd: int, kills: list[int]
) -> None:
    world = World()
    account = world.add_account()
    channel = world.add_channel("Alpha", "alpha", date=START)
    moved = {number: STEP * chance.randint(-spread, spread) for number in range(count)}
    moved |= {chance.randrange(count): -10_000_000 for _ in range(odd)}
    fill(channel, count, moved)
    for message_id in chance.sample(channel.ids, count // 20):
        channel.delete(message_id)
    async with Server(world) as server:
        for kill in [*kills, None]:
            async with mirror_of(server, account, folder, clock=LeapingClock(server)) as rig:
                if await rig.database.read(find_channel, channel.id) is None:
                    await rig.add(channel, window_start=start)
                task = asyncio.create_task(rig.sync(channel))
                for _ in range(kill or 0):
                    await asyncio.sleep(0)
                if kill:
                    task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
                row = await channel_of(rig, channel)
                counts = await tally_channel(rig.database.connection, row)
            there = held(folder, channel).keys()
            # What is not wanted was seen to be older; what is said to be absent is not there.
            assert not wanted(channel, start) & set(range(1, row.lowest_wanted)) - there
            covered = query(folder, "SELECT lo, hi FROM coverage WHERE channel_id = ?", channel.id)
            assert all(there >= set(channel.ids) & set(range(lo, hi + 1)) for lo, hi in covered)
        assert counts.not_fetched == 0
    assert wanted(channel, start) <= there
