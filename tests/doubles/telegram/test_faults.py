"""Each fault does what it says, as an unmodified client sees it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time

import pytest
from telethon import TelegramClient, errors
from telethon.errors import TypeNotFoundError
from telethon.tl import functions as fn
from telethon.tl import types as tl

from tests.doubles.telegram import faults
from tests.doubles.telegram.ask import history, peer_of, walk
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.conftest import client_of
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World

HISTORY = "messages.getHistory"


@pytest.fixture
def channel(world: World) -> Channel:
    made = world.add_channel("Alpha", "alpha")
    for number in range(30):
        made.post(f"post {number} " + "words " * 20)
    return made


@pytest.fixture
def ask(channel: Channel, account: Account) -> fn.messages.GetHistoryRequest:
    return history(peer_of(channel, account))


Ask = fn.messages.GetHistoryRequest


async def test_a_flood_is_declared_remembered_and_its_violation_recorded(
    client: TelegramClient, server: Server, ask: Ask
) -> None:
    server.faults.add(HISTORY, faults.flood(30), skip=1, times=1)
    await client(ask)
    with pytest.raises(errors.FloodWaitError) as caught:
        await client(ask)
    assert caught.value.seconds == 30
    assert server.violations == []
    client._flood_waited_requests.clear()
    await client(fn.updates.GetStateRequest())  # another method is free
    with pytest.raises(errors.FloodWaitError):
        await client(ask)
    (violation,) = server.violations
    assert violation.method == HISTORY
    assert 29 < violation.seconds_early <= 30
    client._flood_waited_requests.clear()
    server.clock = 31
    assert (await client(ask)).messages


@pytest.mark.parametrize("lost", [faults.drop(), faults.half(8), faults.rpc(500, "RPC_CALL_FAIL")])
async def test_a_flood_wait_that_never_arrives_binds_nobody(
    server: Server, account: Account, ask: Ask, lost: faults.Action
) -> None:
    server.faults.add(HISTORY, faults.flood(30), times=1)
    server.faults.add(HISTORY, lost, times=1)
    async with client_of(server, account, connection_retries=1, auto_reconnect=False, retry_delay=0) as client:
        with contextlib.suppress(OSError, errors.RPCError):  # or it asks again by itself
            await client(ask)
    async with client_of(server, account) as client:
        assert (await client(ask)).messages
    assert server.violations == []


async def test_a_rate_is_modelled(client: TelegramClient, server: Server, ask: Ask) -> None:
    server.faults.limit(HISTORY, rate=1, burst=2, wait=5)
    await client(ask)
    await client(ask)
    with pytest.raises(errors.FloodWaitError) as caught:
        await client(ask)
    assert caught.value.seconds == 5
    assert server.violations == []


async def test_rpc_errors(client: TelegramClient, server: Server, ask: Ask) -> None:
    server.faults.add("messages.*", faults.rpc(400, "FILE_REFERENCE_7_EXPIRED"), times=1)
    with pytest.raises(errors.BadRequestError) as caught:
        await client(ask)
    assert caught.value.message == "FILE_REFERENCE_7_EXPIRED"
    server.faults.add(HISTORY, faults.rpc(406, "CHANNEL_PRIVATE"), predicate=lambda r: r.limit == 7)
    assert (await client(ask)).messages
    ask.limit = 7
    with pytest.raises(errors.ChannelPrivateError):
        await client(ask)


async def test_rules_may_mean_one_account_only(
    server: Server, world: World, channel: Channel, account: Account
) -> None:
    other = world.add_account("+9996622222")
    server.faults.add("*", faults.rpc(500, "RPC_CALL_FAIL"), account=other.id)
    async with client_of(server, account) as one:
        assert (await one(history(peer_of(channel, account)))).messages


async def test_delay_hang_and_what_overtakes_it(client: TelegramClient, server: Server, ask: Ask) -> None:
    server.faults.add(HISTORY, faults.delay(0.1), times=1)
    start = time.monotonic()
    await client(ask)
    assert time.monotonic() - start >= 0.1
    server.faults.add(HISTORY, faults.hang(), times=1)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client(ask), 0.1)
    assert (await client(ask)).messages


async def test_a_dropped_connection_is_taken_up_again(client: TelegramClient, server: Server, ask: Ask) -> None:
    server.faults.add(HISTORY, faults.drop(), times=1)
    client._sender._delay = 0
    assert (await asyncio.wait_for(client(ask), 10)).messages
    assert len(server.called(HISTORY)) == 2


async def test_half_an_answer_is_none(client: TelegramClient, server: Server, ask: Ask) -> None:
    server.faults.add(HISTORY, faults.half(100), times=1)
    client._sender._delay = 0
    assert (await asyncio.wait_for(client(ask), 10)).messages
    assert len(server.called(HISTORY)) == 2


async def test_an_answer_sent_twice_is_read_once(
    client: TelegramClient, server: Server, ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    server.faults.add(HISTORY, faults.dup())
    with caplog.at_level(logging.WARNING):
        assert (await client(ask)).messages
        assert (await client(ask)).messages
    assert "resent the older message" in caplog.text


async def test_answers_may_come_in_another_order(client: TelegramClient, server: Server, ask: Ask) -> None:
    server.faults.add(HISTORY, faults.reorder(), times=1)
    order: list[str] = []

    async def note(name: str, request: object) -> None:
        await client(request)
        order.append(name)

    await asyncio.gather(note("first", ask), note("second", fn.updates.GetStateRequest()))
    assert order == ["second", "first"]


@pytest.mark.parametrize("action", [faults.bad_salt(), faults.bad_msg(16), faults.bad_msg(17), faults.bad_msg(32)])
async def test_a_refused_message_is_sent_again(
    action: faults.Action, client: TelegramClient, server: Server, ask: Ask
) -> None:
    server.faults.add(HISTORY, action, times=1)
    assert (await asyncio.wait_for(client(ask), 5)).messages
    assert len(server.called(HISTORY)) == 2


async def test_a_new_session_may_be_declared_at_any_time(client: TelegramClient, server: Server, ask: Ask) -> None:
    server.faults.add(HISTORY, faults.new_session())
    assert (await client(ask)).messages


@pytest.mark.parametrize("seconds", [-400, 60])
async def test_an_answer_from_another_time_is_ignored(
    seconds: int, client: TelegramClient, server: Server, ask: Ask
) -> None:
    server.faults.add(HISTORY, faults.msg_id_skew(seconds), times=1)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client(ask), 0.2)
    assert (await client(ask)).messages


async def test_an_unknown_object_alone_harms_nobody(client: TelegramClient, server: Server, ask: Ask) -> None:
    server.faults.add(HISTORY, faults.unknown_ctor("alone"))
    assert (await client(ask)).messages


async def test_an_unknown_object_in_a_container_takes_the_answer_with_it(
    client: TelegramClient, server: Server, ask: Ask
) -> None:
    server.faults.add(HISTORY, faults.unknown_ctor("container"), times=1)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client(ask), 0.2)
    assert (await client(ask)).messages


async def test_an_unknown_object_in_a_vector_spoils_the_answer(
    client: TelegramClient, server: Server, ask: Ask
) -> None:
    server.faults.add(HISTORY, faults.unknown_ctor("vector"), times=1)
    with pytest.raises(TypeNotFoundError):
        await client(ask)
    assert (await client(ask)).messages


async def test_one_message_may_be_of_a_newer_layer(client: TelegramClient, channel: Channel, ask: Ask) -> None:
    channel.posts[7].make_unknown()
    with pytest.raises(TypeNotFoundError):
        await client(ask)
    ask.offset_id = 7
    assert len((await client(ask)).messages) == 6


async def test_transport_errors_end_the_client(server: Server, account: Account, ask: Ask) -> None:
    for code, expected in ((-404, errors.AuthKeyNotFound), (-429, errors.InvalidBufferError)):
        server.faults.clear()
        server.faults.add(HISTORY, faults.transport(code))
        async with client_of(server, account) as client:
            with pytest.raises(expected):
                await asyncio.wait_for(client(ask), 5)
            with pytest.raises(expected):
                await client.disconnected


async def test_gzip_by_rule_and_for_all(client: TelegramClient, server: Server, ask: Ask) -> None:
    server.faults.add(HISTORY, faults.gzip(True), times=1)
    packed = (await client(ask)).messages
    server.gzip = True
    assert [m.id for m in (await client(ask)).messages] == [m.id for m in packed]


@pytest.mark.parametrize("net", [{"split": 7}, {"coalesce": 0.02}, {"rtt": 0.02, "jitter": 0.01}, {"bandwidth": 1e6}])
async def test_a_line_that_is_not_plain(
    net: dict[str, float], client: TelegramClient, server: Server, channel: Channel, account: Account
) -> None:
    for name, value in net.items():
        setattr(server.net, name, value)
    start = time.monotonic()
    peer = peer_of(channel, account)
    answers = await asyncio.gather(*(client(history(peer, limit=n)) for n in range(1, 6)))
    assert [len(a.messages) for a in answers] == [1, 2, 3, 4, 5]
    assert time.monotonic() - start >= net.get("rtt", 0)


async def test_a_walk_survives_the_weather(server: Server, channel: Channel, account: Account) -> None:
    """Some of everything that a client survives by itself."""
    actions = (faults.drop(), faults.bad_salt(), faults.dup(), faults.reorder(), faults.new_session(), faults.half(50))
    for action in actions:
        server.faults.add(HISTORY, action, probability=0.25, times=4)
    server.net.split = 50
    async with client_of(server, account) as client:
        client._sender._delay = 0
        for _ in range(6):
            found, _ = await asyncio.wait_for(walk(client, peer_of(channel, account)), 20)
            assert sorted(found) == channel.ids


def test_faults_can_be_written_as_a_line() -> None:
    found = faults.parse("messages.getHistory:flood(3)+2x1; *:delay(0.5)%0.1;users.*:rpc(500, RPC_CALL_FAIL);*:hang")
    assert [(method, conditions) for method, _, conditions in found] == [
        ("messages.getHistory", {"skip": 2, "times": 1}),
        ("*", {"skip": 0, "probability": 0.1}),
        ("users.*", {"skip": 0}),
        ("*", {"skip": 0}),
    ]
    plan = faults.Plan()
    found[2][1](plan)
    assert plan.error == (500, "RPC_CALL_FAIL")
    with pytest.raises(ValueError, match="not a fault"):
        faults.parse("messages.getHistory:explode")


async def test_several_requests_in_one_container(client: TelegramClient, account: Account) -> None:
    me, state = await client([fn.users.GetUsersRequest([tl.InputUserSelf()]), fn.updates.GetStateRequest()])
    assert me[0].id == account.id
    assert state.pts == 1


async def test_garbage_ends_a_connection_and_not_the_server(server: Server, account: Account) -> None:
    for garbage in (b"\xef\x01abcd", b"\xee" * 4 + b"\x18\0\0\0" + b"\1" * 24, b"GET / HTTP/1.1\r\n\r\n" + b"x" * 60):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(garbage)
        writer.write_eof()
        await asyncio.wait_for(reader.read(), 5)
        writer.close()
        await writer.wait_closed()
    async with client_of(server, account) as client:
        assert await client.is_user_authorized()
