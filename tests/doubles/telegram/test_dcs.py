"""Data centres as an unmodified Telethon meets them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from telethon import TelegramClient, errors
from telethon.errors import AuthKeyNotFound
from telethon.sessions import MemorySession
from telethon.tl import functions as fn
from telethon.tl import types

from tests.doubles.telegram.conftest import client_of
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World

CODE = "22222"
ALL = range(1, 6)


@pytest.fixture
async def stranger(server: Server) -> AsyncIterator[TelegramClient]:
    async with client_of(server, session=server.fresh_session(), request_retries=5) as connected:
        yield connected


async def log_in(client: TelegramClient, account: Account) -> None:
    sent = await client.send_code_request(account.phone)
    await client.sign_in(account.phone, CODE, phone_code_hash=sent.phone_code_hash)


@pytest.mark.parametrize("home", ALL)
async def test_an_account_logs_in_at_its_home_and_nowhere_else(
    stranger: TelegramClient, server: Server, account: Account, home: int
) -> None:
    account.home_dc = home
    await log_in(stranger, account)
    assert stranger.session.dc_id == home
    assert (await stranger.get_me()).id == account.id
    assert {auth.dc for auth in server.keys.values() if auth.account_id == account.id} == {home}


@pytest.mark.parametrize("begun_at", ALL)
async def test_it_may_begin_anywhere(server: Server, account: Account, begun_at: int) -> None:
    account.home_dc = 5
    async with client_of(server, session=server.fresh_session(begun_at), request_retries=5) as client:
        await log_in(client, account)
        assert client.session.dc_id == 5


async def test_a_phone_is_sent_home_by_name(server: Server, account: Account) -> None:
    account.home_dc = 4
    async with client_of(server, session=server.fresh_session()) as client:
        request = fn.auth.SendCodeRequest(account.phone, 1, "x", types.CodeSettings())
        with pytest.raises(errors.PhoneMigrateError) as raised:
            await client._sender.send(request)
    assert raised.value.new_dc == 4


async def test_a_number_that_nobody_has_is_sent_to_the_networks_home(server: Server, world: World) -> None:
    world.network_dc = 1
    async with client_of(server, session=server.fresh_session()) as client:
        with pytest.raises(errors.NetworkMigrateError) as raised:
            await client._sender.send(fn.auth.SendCodeRequest("9996600000", 1, "x", types.CodeSettings()))
    assert raised.value.new_dc == 1


async def test_a_code_goes_with_an_account_that_moves_before_it_is_given(
    stranger: TelegramClient, account: Account
) -> None:
    account.home_dc, account.moves_at_sign_in = 4, 1
    await log_in(stranger, account)
    assert stranger.session.dc_id == account.home_dc == 1


async def test_every_call_at_the_old_home_is_sent_to_the_new_one(server: Server, account: Account) -> None:
    account.home_dc = 2
    async with client_of(server, account) as client:
        account.move(3)
        for request in (fn.updates.GetStateRequest(), fn.users.GetUsersRequest([types.InputUserSelf()])):
            with pytest.raises(errors.UserMigrateError) as raised:
                await client._sender.send(request)
            assert raised.value.new_dc == 3
        given = await client._sender.send(fn.auth.ExportAuthorizationRequest(3))
        account.move(3, exports=False)
        with pytest.raises(errors.UserMigrateError):
            await client._sender.send(fn.auth.ExportAuthorizationRequest(3))
    async with client_of(server, session=server.fresh_session(3)) as client:
        with pytest.raises(errors.AuthKeyUnregisteredError):
            await client(fn.updates.GetStateRequest())
        await client(fn.auth.ImportAuthorizationRequest(given.id, given.bytes))
        assert (await client.get_me()).id == account.id


async def test_a_key_is_unknown_in_every_other_data_centre(server: Server, account: Account) -> None:
    session = server.client_session(account)
    for dc in (1, 3, 4, 5):
        copy = MemorySession()
        copy.set_dc(dc, "127.0.0.1", server.centres.ports[dc])
        copy.auth_key = session.auth_key
        client = TelegramClient(copy, 1, "hash", auto_reconnect=False, connection_retries=1)
        with pytest.raises(AuthKeyNotFound):
            await client.connect()
        with pytest.raises(AuthKeyNotFound):
            await client.disconnected
        await client.disconnect()


async def test_an_authorization_is_good_once_and_for_the_named_data_centre(
    client: TelegramClient, server: Server
) -> None:
    with pytest.raises(errors.DcIdInvalidError):
        await client(fn.auth.ExportAuthorizationRequest(2))
    with pytest.raises(errors.DcIdInvalidError):
        await client(fn.auth.ExportAuthorizationRequest(9))
    given = await client(fn.auth.ExportAuthorizationRequest(4))
    async with client_of(server, session=server.fresh_session(5)) as wrong:
        with pytest.raises(errors.AuthBytesInvalidError):
            await wrong(fn.auth.ImportAuthorizationRequest(given.id, given.bytes))
    given = await client(fn.auth.ExportAuthorizationRequest(4))
    async with client_of(server, session=server.fresh_session(4)) as right:
        await right(fn.auth.ImportAuthorizationRequest(given.id, given.bytes))
        with pytest.raises(errors.AuthBytesInvalidError):
            await right(fn.auth.ImportAuthorizationRequest(given.id, given.bytes))


@pytest.mark.parametrize("at_once", [None, 1])
async def test_of_several_authorizations_all_are_good_or_the_newest(
    at_once: int | None, client: TelegramClient, server: Server, account: Account
) -> None:
    account.exports_at_once = at_once
    older = await client(fn.auth.ExportAuthorizationRequest(4))
    newer = await client(fn.auth.ExportAuthorizationRequest(5))
    async with client_of(server, session=server.fresh_session(5)) as five:
        await five(fn.auth.ImportAuthorizationRequest(newer.id, newer.bytes))
    async with client_of(server, session=server.fresh_session(4)) as four:
        if at_once is None:
            await four(fn.auth.ImportAuthorizationRequest(older.id, older.bytes))
        else:
            with pytest.raises(errors.AuthBytesInvalidError):
                await four(fn.auth.ImportAuthorizationRequest(older.id, older.bytes))


@pytest.mark.parametrize("dc", ALL)
async def test_a_file_is_downloaded_wherever_it_is(
    client: TelegramClient, world: World, account: Account, dc: int
) -> None:
    account.home_dc = 2
    alpha = world.add_channel("Alpha", "alpha")
    document = world.media.document(size=70_000, dc=dc)
    alpha.post("", media=document)
    [message] = await client.get_messages("alpha", limit=1)
    held = await client.download_media(message, file=bytes)
    assert held == world.files.find(message.document.id).read("", 0, 70_000)


async def test_a_guest_reads_files_and_nothing_else(server: Server, account: Account, world: World) -> None:
    account.home_dc = 2
    async with client_of(server, account) as client:
        sender = await client._borrow_exported_sender(4)
        with pytest.raises(errors.UserMigrateError):
            await sender.send(fn.updates.GetStateRequest())


@pytest.mark.parametrize("dc", ALL)
async def test_each_says_which_it_is_and_where_the_others_are(server: Server, dc: int) -> None:
    server.centres.more = [types.DcOption(4, "127.0.0.1", 1, cdn=True)]
    server.centres.unlisted = {3}
    async with client_of(server, session=server.fresh_session(dc)) as client:
        config = await client(fn.help.GetConfigRequest())
    assert config.this_dc == dc
    assert config.dc_options[0].cdn
    assert {(one.id, one.port) for one in config.dc_options[1:]} == {
        (number, server.centres.ports[number]) for number in (1, 2, 4, 5)
    }


async def test_one_that_moves_is_on_another_port_and_no_longer_on_the_old(server: Server) -> None:
    old = server.centres.ports[4]
    assert await server.centres.move(4) != old
    async with client_of(server, session=server.fresh_session(4)) as client:
        assert (await client(fn.help.GetConfigRequest())).this_dc == 4
    gone = server.fresh_session(4)
    gone.set_dc(4, "127.0.0.1", old)
    with pytest.raises(ConnectionError):
        async with client_of(server, session=gone, connection_retries=1):
            pass
