"""An unmodified client shakes hands and logs in over every framing."""

from __future__ import annotations

import pytest
from telethon import TelegramClient, errors
from telethon.network.connection import (
    ConnectionTcpAbridged,
    ConnectionTcpFull,
    ConnectionTcpIntermediate,
    ConnectionTcpObfuscated,
)
from telethon.network.connection.connection import Connection
from telethon.network.connection.tcpintermediate import RandomizedIntermediatePacketCodec
from telethon.tl import functions as fn

from tests.doubles.telegram.conftest import client_of
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World

PHONE, CODE = "+9996612345", "22222"


class PaddedCodec(RandomizedIntermediatePacketCodec):
    tag = b"\xdd" * 4


class ConnectionTcpPadded(Connection):
    packet_codec = PaddedCodec


class ConnectionTcpObfuscatedPadded(ConnectionTcpObfuscated):
    packet_codec = RandomizedIntermediatePacketCodec


FRAMINGS = {
    "full": ConnectionTcpFull,
    "abridged": ConnectionTcpAbridged,
    "intermediate": ConnectionTcpIntermediate,
    "padded": ConnectionTcpPadded,
    "obfuscated abridged": ConnectionTcpObfuscated,
    "obfuscated intermediate": ConnectionTcpObfuscatedPadded,
}


@pytest.mark.parametrize("name", FRAMINGS)
async def test_a_code_logs_in_over_every_framing(name: str, server: Server, account: Account) -> None:
    async with client_of(server, session=server.fresh_session(), connection=FRAMINGS[name]) as client:
        assert not await client.is_user_authorized()
        await client.send_code_request(PHONE)
        me = await client.sign_in(PHONE, CODE)
        assert me.id == account.id
        (conn,) = server.connections
        assert conn.transport is not None
        shown = "intermediate" if name == "padded" else name
        assert conn.transport.name == shown
        assert conn.layer == 229
        assert conn.init.api_id == 1


async def test_a_wrong_code_and_then_the_right_one(server: Server, account: Account) -> None:
    async with client_of(server) as client:
        await client.send_code_request(PHONE)
        with pytest.raises(errors.PhoneCodeInvalidError):
            await client.sign_in(PHONE, "11111")
        assert (await client.sign_in(PHONE, CODE)).id == account.id


async def test_two_step_verification(server: Server, world: World) -> None:
    guarded = world.add_account("+9996611111", "12345", "säsam", hint="open")
    async with client_of(server) as client:
        await client.send_code_request(guarded.phone)
        with pytest.raises(errors.SessionPasswordNeededError):
            await client.sign_in(guarded.phone, "12345")
        assert not await client.is_user_authorized()
        assert (await client(fn.account.GetPasswordRequest())).hint == "open"
        with pytest.raises(errors.PasswordHashInvalidError):
            await client.sign_in(password="sasam")
        assert (await client.sign_in(password="säsam")).id == guarded.id
        assert await client.is_user_authorized()


async def test_a_password_answer_is_good_for_one_challenge(server: Server, world: World) -> None:
    guarded = world.add_account("+9996611111", "12345", "word")
    from telethon.password import compute_check

    async with client_of(server) as client:
        await client.send_code_request(guarded.phone)
        with pytest.raises(errors.SessionPasswordNeededError):
            await client.sign_in(guarded.phone, "12345")
        old = compute_check(await client(fn.account.GetPasswordRequest()), "word")
        await client(fn.account.GetPasswordRequest())
        with pytest.raises(errors.SrpIdInvalidError):
            await client(fn.auth.CheckPasswordRequest(old))


async def test_phones_that_nobody_has(server: Server, account: Account) -> None:
    async with client_of(server) as client:
        with pytest.raises(errors.PhoneNumberInvalidError):
            await client(fn.auth.SendCodeRequest("abc", 1, "hash", _settings()))
        sent = await client.send_code_request("+9996600000")
        with pytest.raises(errors.PhoneNumberUnoccupiedError):
            await client.sign_in("+9996600000", "22222")
        with pytest.raises(errors.PhoneCodeExpiredError):
            await client.sign_in(PHONE, CODE, phone_code_hash=sent.phone_code_hash)


def _settings() -> object:
    from telethon.tl.types import CodeSettings

    return CodeSettings()


async def test_only_the_right_api_id_and_hash_get_a_code(server: Server, world: World, account: Account) -> None:
    world.api_id, world.api_hash = 1, "another"
    async with client_of(server) as client:
        with pytest.raises(errors.ApiIdInvalidError):
            await client.send_code_request(PHONE)
        world.api_hash = "hash"
        await client.send_code_request(PHONE)


async def test_without_login_nothing_is_answered(server: Server) -> None:
    async with client_of(server) as client:
        assert await client.get_me() is None
        with pytest.raises(errors.AuthKeyUnregisteredError):
            await client(fn.contacts.ResolveUsernameRequest("alpha"))


async def test_log_out_and_being_logged_out(server: Server, account: Account) -> None:
    async with client_of(server, account) as one, client_of(server, account) as two:
        assert await one.is_user_authorized()
        assert await one.log_out()
        assert (await two.get_me()).phone == "9996612345"
        server.log_out_everywhere(account)
        with pytest.raises(errors.AuthKeyUnregisteredError):
            await two(fn.updates.GetStateRequest())


async def test_a_deactivated_account_is_refused(server: Server, account: Account) -> None:
    async with client_of(server, account) as client:
        account.refuse = (401, "USER_DEACTIVATED")
        with pytest.raises(errors.UserDeactivatedError):
            await client(fn.updates.GetStateRequest())


async def test_dh_gen_retry_makes_the_client_begin_again(server: Server, account: Account) -> None:
    server.dh_retries = 1
    async with client_of(server, session=server.fresh_session()) as client:
        assert client.is_connected()
        assert server.dh_retries == 0


async def test_keys_outlive_a_server(world: World, account: Account) -> None:
    async with Server(world) as first:
        session = first.client_session(account)
        async with client_of(first, session=session) as client:
            assert await client.is_user_authorized()
    async with Server(world, port=first.port, keys=first.keys) as second, client_of(second, session=session) as client:
        assert await client.is_user_authorized()


async def test_an_unknown_key_is_answered_with_404(server: Server, world: World, account: Account) -> None:
    session = server.client_session(account)
    server.keys.clear()
    client = TelegramClient(session, 1, "hash", connection_retries=0, auto_reconnect=False)
    with pytest.raises((errors.AuthKeyNotFound, ConnectionError)):
        async with client:
            pass
    await client.disconnect()


async def test_full_user_and_takeout(client: TelegramClient, account: Account) -> None:
    full = await client(fn.users.GetFullUserRequest("me"))
    assert full.users[0].id == account.id
    takeout = await client(fn.account.InitTakeoutSessionRequest())
    assert await client(fn.InvokeWithTakeoutRequest(takeout.id, fn.updates.GetStateRequest()))
