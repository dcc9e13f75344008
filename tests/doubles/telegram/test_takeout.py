"""Takeout sessions and sliding windows, by an unmodified Telethon client."""

from __future__ import annotations

import pytest
from telethon import TelegramClient, errors
from telethon.tl import functions as fn

from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.conftest import Order, client_of
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World


@pytest.fixture
def alpha(world: World) -> Channel:
    channel = world.add_channel("Alpha", "alpha")
    for number in range(250):
        channel.post(f"alpha {number}")
    return channel


async def _history(client: TelegramClient) -> fn.messages.GetHistoryRequest:
    return fn.messages.GetHistoryRequest(await client.get_input_entity("alpha"), 0, None, 0, 1, 0, 0, 0)


async def test_telethon_reads_a_channel_within_a_takeout_and_ends_it(
    client: TelegramClient, server: Server, alpha: Channel
) -> None:
    async with client.takeout(channels=True, megagroups=True) as takeout:
        read = [message.id async for message in takeout.iter_messages("alpha", wait_time=0)]
    assert read == list(range(251, 0, -1))
    assert {c.takeout is not None for c in server.calls if c.method == "messages.getHistory"} == {True}
    takeouts = server.world.takeouts
    assert (takeouts.begun, takeouts.finished, takeouts.open) == (1, [True], {})
    assert takeouts.asked[0].message_channels


async def test_an_id_is_good_until_it_is_finished_or_another_takeout_begins(
    client: TelegramClient, server: Server, account: Account, alpha: Channel
) -> None:
    first = await client(fn.account.InitTakeoutSessionRequest(message_channels=True))
    second = await client(fn.account.InitTakeoutSessionRequest(message_channels=True))
    with pytest.raises(errors.TakeoutInvalidError):
        await client(fn.InvokeWithTakeoutRequest(first.id, fn.updates.GetStateRequest()))
    with pytest.raises(errors.TakeoutRequiredError):
        await client(fn.account.FinishTakeoutSessionRequest(success=True))
    async with client_of(server, account) as other_session:  # it is the account's, not the session's
        assert await other_session(fn.InvokeWithTakeoutRequest(second.id, fn.updates.GetStateRequest()))
    finish = fn.InvokeWithTakeoutRequest(second.id, fn.account.FinishTakeoutSessionRequest())
    assert await client(finish)
    for over in (finish, fn.InvokeWithTakeoutRequest(0, fn.updates.GetStateRequest())):
        with pytest.raises(errors.TakeoutInvalidError):
            await client(over)
    assert (server.world.takeouts.finished, server.world.takeouts.invalid) == ([False], 3)


async def test_the_first_takeout_waits_for_its_time_or_for_another_device(
    client: TelegramClient, server: Server, account: Account, order: Order
) -> None:
    server.world.takeouts.delay(account, 3600)
    with pytest.raises(errors.TakeoutInitDelayError) as delay:
        await client(fn.account.InitTakeoutSessionRequest(message_channels=True))
    assert delay.value.seconds == 3600
    server.clock = 1800
    with pytest.raises(errors.TakeoutInitDelayError) as delay:
        await client(fn.account.InitTakeoutSessionRequest(message_channels=True))
    assert delay.value.seconds in (1799, 1800)
    server.clock = 3601
    assert await client(fn.account.InitTakeoutSessionRequest(message_channels=True))
    assert order("takeout", account="+9996612345", delay=60)["begun"] == 1
    with pytest.raises(errors.TakeoutInitDelayError):
        await client(fn.account.InitTakeoutSessionRequest(message_channels=True))
    order("takeout", allow=True)
    assert await client(fn.account.InitTakeoutSessionRequest(message_channels=True))
    assert order("takeout") == {"ok": True, "open": 1, "begun": 2, "asked": 5, "finished": [], "invalid": 0}


async def test_a_channel_may_be_shut_within_a_takeout_only(
    client: TelegramClient, server: Server, alpha: Channel, order: Order
) -> None:
    order("takeout", channel="alpha", refuse="CHANNEL_PRIVATE")
    takeout = await client(fn.account.InitTakeoutSessionRequest(message_channels=True))
    history = await _history(client)
    with pytest.raises(errors.ChannelPrivateError):
        await client(fn.InvokeWithTakeoutRequest(takeout.id, history))
    assert (await client(history)).messages
    order("takeout", channel="alpha", refuse="")
    assert (await client(fn.InvokeWithTakeoutRequest(takeout.id, history))).messages


async def test_a_window_counts_the_calls_of_its_last_seconds_within_a_takeout_by_themselves(
    client: TelegramClient, server: Server, alpha: Channel, order: Order
) -> None:
    history = await _history(client)
    order("window", method="messages.getHistory", calls=3, seconds=30, takeout_calls=6)
    takeout = await client(fn.account.InitTakeoutSessionRequest(message_channels=True))
    wrapped = fn.InvokeWithTakeoutRequest(takeout.id, history)
    for request, most in ((history, 3), (wrapped, 6)):
        client._flood_waited_requests.clear()
        for _ in range(most):
            await client(request)
        with pytest.raises(errors.FloodWaitError) as flood:
            await client(request)
        assert flood.value.seconds in (29, 30)
    assert server.violations == []
    client._flood_waited_requests.clear()
    with pytest.raises(errors.FloodWaitError):
        await client(history)
    assert [violation.method for violation in server.violations] == ["messages.getHistory"]
    server.clock = 31
    client._flood_waited_requests.clear()
    for request in (history, wrapped):
        assert (await client(request)).messages


async def test_a_window_frees_call_by_call(client: TelegramClient, server: Server, alpha: Channel) -> None:
    history = await _history(client)
    server.faults.window("messages.getHistory", calls=3, seconds=30)
    for ahead in (0, 10, 20):
        server.clock = ahead
        await client(history)
    with pytest.raises(errors.FloodWaitError) as flood:
        await client(history)
    assert flood.value.seconds == 10
    server.clock = 30.5
    client._flood_waited_requests.clear()
    await client(history)
    with pytest.raises(errors.FloodWaitError) as flood:
        await client(history)
    assert flood.value.seconds == 10
