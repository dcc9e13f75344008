"""Histories within a takeout: as complete as without, faster, and never needed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from archiver.compose.takeout_memory import TakeoutMemory
from archiver.errors import ChannelInaccessible, FloodWait
from archiver.mirror.channel_mirror import Mirror
from archiver.mirror.ingest import Ingest
from archiver.pacing import aimd
from archiver.store.accounts.takeout import set_takeout
from archiver.store.accounts.waits import Wait, list_waits
from archiver.store.database import Database
from archiver.telegram import Takeout, TelegramSource
from search.exact import writer as exact
from tests.doubles.telegram import faults
from tests.doubles.telegram.big import add_big
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.rig import LeapingClock, Rig, ServerClock, connection_of, held, query, true

HISTORY = "messages.getHistory"


@dataclass(frozen=True, slots=True)
class Reader:
    """A mirror with a takeout, and what it said."""

    rig: Rig
    takeout: Takeout
    said: list[str] = field(default_factory=list)


@asynccontextmanager
async def reader_of(server: Server, account: Account, directory: Path, **pacing: Any) -> AsyncIterator[Reader]:
    said: list[str] = []
    async with await Database.open(directory) as database:
        await database.write(exact.create)
        connection = connection_of(server, account, directory, **pacing)
        memory = TakeoutMemory(database, "default")
        takeout = Takeout(connection, memory, account="default", say=said.append, clock=ServerClock(server))
        source = TelegramSource(connection, takeout=takeout)
        ingest = Ingest(database, layer=source.layer)
        try:
            yield Reader(Rig(database, source, ingest, Mirror(source, database, ingest)), takeout, said)
        finally:
            await connection.close()


@pytest.fixture
def channel(world: World) -> Channel:
    return add_big(world, 700)


def inside(server: Server) -> list[bool]:
    """Of each page that was asked for: whether within a takeout."""
    return [call.takeout is not None for call in server.calls if call.method == HISTORY]


def pages(server: Server) -> set[tuple[int, int]]:
    """The pages that were asked for: each once, though a busy machine may ask again after a slow answer."""
    return {(call.request.offset_id, call.request.add_offset) for call in server.calls if call.method == HISTORY}


async def test_a_history_is_read_whole_within_a_takeout_that_is_finished_then(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with reader_of(server, account, tmp_path) as reader:
        await reader.rig.add(channel)
        assert await reader.takeout.open()
        assert await reader.takeout.open()  # it is
        await reader.rig.sync(channel)
        await reader.takeout.finish(success=True)
        await reader.takeout.finish(success=True)
    assert held(tmp_path, channel) == true(channel)
    assert set(inside(server)) == {True}
    assert len(pages(server)) <= 14
    takeouts = server.world.takeouts
    assert (takeouts.begun, takeouts.finished, reader.said) == (1, [True], [])
    assert takeouts.asked[0].message_channels
    assert takeouts.asked[0].message_megagroups
    assert query(tmp_path, "SELECT takeout_id FROM takeout") == [(None,)]
    # Who the takeout is for is not a hint for pushes: all of it is asked without updates.
    assert all(call.no_updates for call in server.calls if call.takeout is not None)


async def test_a_window_of_calls_is_found_and_no_wait_is_broken(
    server: Server, account: Account, world: World, tmp_path: Path
) -> None:
    channel = add_big(world, 1_500)
    server.faults.window(HISTORY, calls=2, seconds=3, takeout_calls=12)
    async with reader_of(server, account, tmp_path, rate=1.0) as reader:
        await reader.rig.add(channel)
        await reader.takeout.open()
        await reader.rig.sync(channel)
    assert held(tmp_path, channel) == true(channel)
    assert server.violations == []


@pytest.mark.parametrize("calm", [True, False], ids=["dates rise", "dates do not"])
async def test_a_window_of_time_is_read_whole_within_a_takeout_and_no_further(
    server: Server, account: Account, world: World, tmp_path: Path, *, calm: bool
) -> None:
    channel = world.add_channel("Alpha", "alpha", date=1_600_000_000)
    odd = set() if calm else {*range(4_300, 4_450), 3_001, 2_950, 2_801}
    for number in range(6_000):
        channel.post(f"message {number}", date=1_600_000_000 + 60 * number - 10_000_000 * (number in odd))
    channel.delete(*range(3_500, 3_700))
    start = 1_600_000_000 + 60 * 2_800
    async with reader_of(server, account, tmp_path) as reader:
        await reader.rig.add(channel, window_start=start)
        await reader.takeout.open()
        found = await reader.rig.compare(channel)
        await reader.takeout.finish(success=True)
    there = held(tmp_path, channel)
    assert {i: row for i, row in true(channel).items() if row["date"] >= start}.items() <= there.items()
    assert min(there) > 2_800 - 200
    assert found == (True, 0)
    assert query(tmp_path, "SELECT floor_id BETWEEN 2600 AND 2802 FROM channel") == [(1,)]
    assert len(pages(server)) < 75


async def test_on_a_slow_line_a_low_limit_is_found_and_no_call_is_caught_on_its_way(
    server: Server, account: Account, world: World, tmp_path: Path
) -> None:
    channel = add_big(world, 2_000)
    server.net.rtt = 0.2
    server.faults.window(HISTORY, calls=2, seconds=6, takeout_calls=13)
    async with reader_of(server, account, tmp_path, rate=1.0) as reader:
        await reader.rig.add(channel)
        await reader.takeout.open()
        await reader.rig.sync(channel)
    assert held(tmp_path, channel) == true(channel)
    assert any(call.takeout for call in server.calls)
    assert server.violations == []


@pytest.mark.parametrize("remembered", ["of an earlier run", "ended by the server", "nonsense", "empty"])
async def test_an_id_that_is_remembered_is_tried_first_and_replaced_once(
    server: Server, account: Account, channel: Channel, tmp_path: Path, remembered: str
) -> None:
    async with reader_of(server, account, tmp_path) as reader:
        await reader.rig.add(channel)
        if remembered in ("of an earlier run", "ended by the server"):
            assert await reader.takeout.open()
        else:
            takeout_id = 12345 if remembered == "nonsense" else 0
            await reader.rig.database.write(lambda conn: set_takeout(conn, "default", takeout_id))
    if remembered == "ended by the server":
        server.world.takeouts.end(account)
    async with reader_of(server, account, tmp_path) as reader:
        assert await reader.takeout.open()
        await reader.rig.sync(channel)
        await reader.takeout.finish(success=True)
    assert held(tmp_path, channel) == true(channel)
    takeouts = server.world.takeouts
    assert (takeouts.begun, len(takeouts.finished), takeouts.open) == (
        {"ended by the server": 2}.get(remembered, 1),
        1,
        {},
    )
    assert takeouts.invalid <= 3  # pages that were on their way
    assert (takeouts.invalid > 0) == (remembered in ("ended by the server", "nonsense"))


async def test_a_takeout_that_keeps_ending_is_given_up(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    server.faults.add(HISTORY, faults.rpc(400, "TAKEOUT_INVALID"), predicate=None, times=None)
    rule = server.faults.rules[-1]
    rule.predicate = lambda request: False
    rule.matches = lambda call, chance: call.method == HISTORY and call.takeout is not None  # type: ignore[method-assign]
    async with reader_of(server, account, tmp_path) as reader:
        await reader.rig.add(channel)
        await reader.takeout.open()
        await reader.rig.sync(channel)
        assert not reader.takeout.is_open
    assert held(tmp_path, channel) == true(channel)
    assert server.world.takeouts.begun == 2
    [said] = reader.said
    assert "without" in said


@pytest.mark.parametrize("error", [(406, "CHANNEL_PRIVATE"), (400, "CHANNEL_INVALID"), (403, "TAKEOUT_REQUIRED")])
async def test_what_is_shut_within_a_takeout_only_is_read_without_and_the_rest_within(
    server: Server, account: Account, channel: Channel, tmp_path: Path, error: tuple[int, str]
) -> None:
    world = server.world
    other = add_big(world, 300, username="other")
    world.takeouts.refuse[channel.id] = error
    async with reader_of(server, account, tmp_path) as reader:
        await reader.takeout.open()
        for one in (channel, other):
            await reader.rig.add(one)
            await reader.rig.sync(one)
            assert held(tmp_path, one) == true(one)
    assert len(reader.said) == 1
    assert str(channel.id) in reader.said[0]
    assert 1 <= sum(inside(server)) <= 3 + 6


async def test_a_channel_refused_everywhere_is_its_own_failure(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with reader_of(server, account, tmp_path) as reader:
        await reader.rig.add(channel)
        await reader.takeout.open()
        channel.private = True
        with pytest.raises(ChannelInaccessible):
            await reader.rig.sync(channel)
    assert reader.said == []


async def test_a_delay_is_told_remembered_and_not_asked_about_before_it_is_over(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    world = server.world
    began = world.now()
    world.takeouts.delay(account, 86_400)
    async with reader_of(server, account, tmp_path) as reader:
        await reader.rig.add(channel)
        assert not await reader.takeout.open()
        await reader.rig.sync(channel)
        assert not await reader.takeout.open()
    assert held(tmp_path, channel) == true(channel)
    assert set(inside(server)) == {False}
    told, how = reader.said
    assert "confirmed" in told
    assert "phone" in told
    assert any(time.strftime("%Y-%m-%d %H:", time.localtime(at + 86_400)) in told for at in (began, world.now()))
    assert "run `telekeep sync --takeout` again" in how
    for ahead, opened in ((80_000, False), (86_410, True)):
        server.clock = ahead
        async with reader_of(server, account, tmp_path) as reader:
            assert await reader.takeout.open() == opened
            assert len(reader.said) == (not opened)
    assert len(world.takeouts.asked) == 2


async def test_a_delay_that_was_lifted_on_another_device_is_not_waited_for_later(
    server: Server, account: Account, tmp_path: Path
) -> None:
    server.world.takeouts.delay(account, 86_400)
    async with reader_of(server, account, tmp_path) as reader:
        assert not await reader.takeout.open()
        server.world.takeouts.allow(account)
    async with reader_of(server, account, tmp_path) as reader:
        assert await reader.takeout.open(by_hand=True)
        await reader.takeout.finish(success=True)
    assert await waits_of(tmp_path) == []
    async with reader_of(server, account, tmp_path) as reader:
        assert await reader.takeout.open()
        assert reader.said == []


async def waits_of(directory: Path) -> list[Wait]:
    async with await Database.open(directory) as database:
        return await database.read(list_waits, now=time.time())


@pytest.mark.parametrize("error", ["TAKEOUT_INIT_DISABLED", "METHOD_INVALID"])
async def test_without_a_takeout_reading_continues(
    server: Server, account: Account, channel: Channel, tmp_path: Path, error: str
) -> None:
    server.faults.add("account.initTakeoutSession", faults.rpc(400, error))
    async with reader_of(server, account, tmp_path) as reader:
        await reader.rig.add(channel)
        assert not await reader.takeout.open()
        await reader.rig.sync(channel)
        assert not await reader.takeout.open()  # not again at once
    assert held(tmp_path, channel) == true(channel)
    assert len(reader.said) == 1
    assert server.calls.count("account.initTakeoutSession") == 1


async def test_an_order_to_wait_for_the_takeout_itself_keeps_nobody(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    server.faults.add("account.initTakeoutSession", faults.flood(5_000))
    async with reader_of(server, account, tmp_path) as reader:
        assert not await reader.takeout.open()
    assert "5001 s" in reader.said[0]


async def test_one_whose_end_is_not_confirmed_is_ended_by_the_next_run(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with reader_of(server, account, tmp_path) as reader:
        await reader.takeout.open()
        server.faults.add("account.finishTakeoutSession", faults.hang())
        async with asyncio.timeout(60):  # no answer ever comes
            await reader.takeout.finish(success=True)
    server.faults.clear()
    async with reader_of(server, account, tmp_path) as reader:
        await reader.takeout.settle()
        await reader.takeout.settle()
    assert (server.world.takeouts.finished, server.world.takeouts.open) == ([False], {})


async def test_three_pages_are_under_way_on_a_slow_line_and_none_is_lost(
    server: Server, account: Account, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = add_big(world, 2_500)
    monkeypatch.setattr(aimd, "PROVING", 0.5)
    server.net.rtt = 0.15
    peak = 0
    async with reader_of(server, account, tmp_path) as reader:
        await reader.rig.add(channel)
        await reader.takeout.open()

        async def watch() -> None:
            nonlocal peak
            bucket = reader.rig.source._connection._scheduler._bucket("getHistory", True)
            while True:
                peak = max(peak, len(bucket.in_flight))
                await asyncio.sleep(0.01)

        watching = asyncio.create_task(watch())
        await reader.rig.sync(channel)
        watching.cancel()
    assert held(tmp_path, channel) == true(channel)
    assert 2 <= peak <= 3


async def test_posts_and_deletions_meanwhile_are_kept_too(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async def happen() -> None:
        while True:
            await asyncio.sleep(0.02)
            post = channel.post("meanwhile")
            channel.edit(post.id, text="edited")
            channel.delete(channel.ids[len(channel.ids) // 2])

    async with reader_of(server, account, tmp_path) as reader:
        await reader.rig.add(channel)
        await reader.takeout.open()
        happening = asyncio.create_task(happen())
        await reader.rig.sync(channel)
        happening.cancel()
        await reader.rig.sync(channel)
    assert held(tmp_path, channel) == true(channel)


async def test_a_call_told_to_wait_forever_ends(server: Server, account: Account, tmp_path: Path) -> None:
    server.faults.add("contacts.resolveUsername", faults.flood(1))
    connection = connection_of(server, account, tmp_path, clock=LeapingClock(server))
    with pytest.raises(FloodWait):
        await TelegramSource(connection).resolve_username("big")
    await connection.close()
    assert server.violations == []
    assert server.calls.count("contacts.resolveUsername") <= 50
