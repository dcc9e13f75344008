"""The world's clock, ahead of ours or faster: whatever has to do with time follows it, and clients do not mind."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from telethon import TelegramClient, errors, events
from telethon.tl import functions as fn
from telethon.tl import types as tl

from tests.doubles.telegram import faults
from tests.doubles.telegram.ask import difference, history, peer_of
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.clock import WorldClock
from tests.doubles.telegram.conftest import Order, client_of
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World

HISTORY = "messages.getHistory"


@pytest.fixture
def channel(world: World) -> Channel:
    return world.add_channel("Alpha", "alpha")


def test_a_clock_goes_on_from_where_it_is() -> None:
    clock = WorldClock()
    assert abs(clock.now() - time.time()) < 0.1
    clock.speed = 1e6
    time.sleep(0.01)
    there = clock.now()
    assert there - time.time() > 9_000
    clock.speed = 1
    assert clock.now() >= there
    assert clock.ahead >= there - time.time()
    clock.ahead = -50
    assert abs(clock.now() - time.time() + 50) < 0.1
    with pytest.raises(ValueError, match="0"):
        clock.speed = 0


async def test_a_day_passes_in_seconds_and_dates_show_it(
    client: TelegramClient, server: Server, channel: Channel, account: Account
) -> None:
    before = channel.post("before")
    server.clock_speed = 864_000
    await asyncio.sleep(0.11)
    after = channel.post("after")
    assert after.date - before.date > 86_400
    page = await client(history(peer_of(channel, account)))
    assert page.messages[0].date.timestamp() == after.date
    state = await client(fn.updates.GetStateRequest())
    assert state.date.timestamp() - time.time() > 86_400


async def test_a_client_stays_connected_whatever_the_worlds_time_is(
    client: TelegramClient, server: Server, channel: Channel, account: Account
) -> None:
    """Message ids keep the real time: the client's notion of the server's time does not move."""
    server.clock, server.clock_speed = 400_000, 10_000
    for _ in range(5):
        assert (await asyncio.wait_for(client(history(peer_of(channel, account))), 2)).messages
    assert client._sender._state.time_offset == 0
    async with client_of(server, account, session=server.fresh_session()) as newcomer:
        assert await newcomer.get_me() is None


async def test_flood_waits_end_by_the_worlds_clock(
    client: TelegramClient, server: Server, channel: Channel, account: Account
) -> None:
    ask = history(peer_of(channel, account))
    server.faults.add(HISTORY, faults.flood(6 * 3600), times=1)
    server.clock_speed = 36_000  # six hours are 0.6 s
    with pytest.raises(errors.FloodWaitError):
        await client(ask)
    client._flood_waited_requests.clear()
    await asyncio.sleep(0.1)
    with pytest.raises(errors.FloodWaitError) as caught:
        await client(ask)
    (violation,) = server.violations
    assert violation.seconds_early <= 5 * 3600
    assert caught.value.seconds <= 5 * 3600 + 1
    client._flood_waited_requests.clear()
    await asyncio.sleep(0.55)
    assert (await client(ask)).messages
    assert len(server.violations) == 1


async def test_rates_and_the_budget_of_names_follow_too(
    client: TelegramClient, server: Server, channel: Channel, account: Account
) -> None:
    server.world.resolve_budget = 1
    server.faults.limit("updates.getState", rate=1 / 3600, burst=1, wait=10)
    server.clock_speed = 1_000_000
    for _ in range(3):
        assert (await client(fn.contacts.ResolveUsernameRequest("alpha"))).chats
        await client(fn.updates.GetStateRequest())
        await asyncio.sleep(0.09)
    server.clock_speed = 1
    await client(fn.updates.GetStateRequest())
    with pytest.raises(errors.FloodWaitError):
        await client(fn.updates.GetStateRequest())


async def test_the_control_line_sets_it_and_tells_it(order: Order, server: Server) -> None:
    said = order("clock", seconds=3600)
    assert said["speed"] == 1
    assert abs(said["now"] - time.time() - 3600) < 1
    order("clock", speed=1_000_000)
    assert server.clock_speed == 1_000_000
    await asyncio.sleep(0.02)
    assert order("clock")["now"] - said["now"] > 20_000
    assert not order("clock", speed=-1)["ok"]


async def test_pushes_to_who_polled_end_by_the_worlds_clock(server: Server, channel: Channel, account: Account) -> None:
    """They last for twice the timeout of the difference: a minute."""
    got: asyncio.Queue[Any] = asyncio.Queue()
    async with client_of(server, account, receive_updates=True) as client:
        client.add_event_handler(got.put, events.Raw((tl.UpdateNewChannelMessage, tl.UpdateChannelMessageViews)))
        await client(difference(peer_of(channel, account), channel.pts))
        server.clock = 50
        channel.post("in time")
        server.clock = 70
        channel.post("too late")
        server.push(tl.UpdateChannelMessageViews(channel.id, 2, 77), channel=channel)
        told = [await asyncio.wait_for(got.get(), 5) for _ in range(2)]
        assert [type(u) for u in told] == [tl.UpdateNewChannelMessage, tl.UpdateChannelMessageViews]
        assert told[0].message.message == "in time"
