"""Who is to blame for a call that comes before a flood wait of parallel calls is over."""

from __future__ import annotations

import asyncio

import pytest
from telethon import TelegramClient, errors
from telethon.tl import functions as fn

from tests.doubles.telegram import faults
from tests.doubles.telegram.conftest import client_of
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account

GET = "updates.getState"


async def refused(client: TelegramClient) -> None:
    client._flood_waited_requests.clear()
    with pytest.raises(errors.FloodWaitError):
        await client(fn.updates.GetStateRequest())


async def ordered(client: TelegramClient, server: Server) -> asyncio.Task[None]:
    """A call under way that is told to wait, as the server knows already."""
    server.faults.grace[GET] = 0.3
    came = asyncio.Event()
    server.faults.add(GET, faults.flood(600), times=1, predicate=lambda _: came.set() is None)
    call = asyncio.create_task(refused(client))
    async with asyncio.timeout(60):
        await came.wait()
    return call


async def test_what_is_sent_while_the_order_is_on_its_way_is_excused_however_long_that_takes(
    client: TelegramClient, server: Server
) -> None:
    server.net.rtt = 0.8
    first = await ordered(client, server)
    await asyncio.sleep(0.6)
    await asyncio.gather(first, refused(client))
    assert server.violations == []


async def test_whoever_calls_after_it_has_read_the_order_is_blamed_on_whatever_line(
    client: TelegramClient, server: Server, account: Account
) -> None:
    async with client_of(server, account) as other:
        await (await ordered(client, server))
        await asyncio.sleep(0.4)
        assert server.violations == []
        await refused(other)
        await refused(client)
    assert [violation.method for violation in server.violations] == [GET] * 2


async def test_an_order_on_a_line_that_breaks_before_it_arrives_binds_nobody(
    client: TelegramClient, server: Server, account: Account
) -> None:
    server.net.rtt = 0.8
    async with client_of(server, account) as other:
        lost = await ordered(client, server)
        (line,) = [conn for conn in server.connections if conn.number == 1]
        line.reset()
        lost.cancel()
        await asyncio.sleep(0.4)
        await refused(other)
    assert server.violations == []
