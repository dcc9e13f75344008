"""Messages of the protocol itself, asked by hand: what the documents say, and not what Telethon happens to need."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from telethon.tl import functions as fn
from telethon.tl import types
from telethon.tl.core import RpcResult

from tests.doubles.telegram import crypto, faults
from tests.doubles.telegram.auth import AuthRecord
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.shaker import Shaker, TransportError, seal_padded
from tests.doubles.telegram.talker import Talker
from tests.doubles.telegram.world import Account

STATE = fn.updates.GetStateRequest()


@asynccontextmanager
async def line(server: Server) -> AsyncIterator[Shaker]:
    shaker = await Shaker.to(server.port)
    try:
        async with asyncio.timeout(10):
            yield shaker
    finally:
        shaker._writer.close()
        await shaker._writer.wait_closed()


@asynccontextmanager
async def talker_of(server: Server, account: Account | None) -> AsyncIterator[Talker]:
    record = server.add_key(AuthRecord(crypto.new_auth_key(), account_id=account.id if account else None))
    async with line(server) as shaker:
        yield Talker(shaker, record.key, record.salt)


@asynccontextmanager
async def temporary(server: Server) -> AsyncIterator[Talker]:
    async with line(server) as shaker:
        key = await shaker.key(seal_padded, kind=types.PQInnerDataTempDc, dc=2, expires_in=3600)
        yield Talker(shaker, key, server.keys[crypto.key_id(key)].salt)


async def test_the_state_of_messages_is_told_one_by_one(server: Server, account: Account) -> None:
    async with talker_of(server, account) as talker:
        before = talker.next_id()
        await talker.say(types.MsgsAck([1]), content=False)
        skipped = talker.next_id()
        server.faults.add("updates.getState", faults.hang(), times=1)
        hanging = await talker.say(STATE)
        answered = await talker.say(STATE)
        await talker.hear(RpcResult)
        later = talker.next_id() + (1 << 34)
        asked = await talker.say(types.MsgsStateReq([before, skipped, hanging, answered, later]))
        info = (await talker.hear(types.MsgsStateInfo)).object
    assert info.req_msg_id == asked
    assert list(map(ord, info.info)) == [1, 2, 4 | 32, 4 | 8 | 32 | 64, 3]


async def test_an_answer_is_sent_again_until_it_is_acknowledged(server: Server, account: Account) -> None:
    async with talker_of(server, account) as talker:
        await talker.say(STATE)
        first = await talker.hear(RpcResult)
        await talker.say(types.MsgResendReq([first.msg_id]))
        again = await talker.hear(RpcResult)
        assert (again.msg_id, again.seqno, again.object.body) == (first.msg_id, first.seqno, first.object.body)
        await talker.say(types.MsgsAck([first.msg_id]), content=False)
        await talker.say(types.MsgResendReq([first.msg_id]))
        assert len((await talker.hear(types.MsgsStateInfo)).object.info) == 1
    assert server.calls.count("updates.getState") == 1


async def test_an_answer_that_is_not_wanted_does_not_come(server: Server, account: Account) -> None:
    server.faults.add("updates.getState", faults.delay(0.2), times=1)
    async with talker_of(server, account) as talker:
        running = await talker.say(STATE)
        drop = await talker.say(fn.RpcDropAnswerRequest(running))
        heard = {(one := (await talker.hear(RpcResult)).object).req_msg_id: one.body for _ in range(2)}
        assert {body[:4] for body in heard.values()} == {bytes(types.RpcAnswerDroppedRunning())}
        assert set(heard) == {running, drop}
        await asyncio.sleep(0.3)
        assert isinstance(await talker.ask(fn.RpcDropAnswerRequest(running)), types.RpcAnswerUnknown)


async def test_waiting_as_over_http_means_nothing_here(server: Server, account: Account) -> None:
    async with talker_of(server, account) as talker:
        await talker.say(types.HttpWait(0, 0, 1000), content=False)
        assert isinstance(await talker.ask(STATE), types.updates.State)


async def test_a_temporary_key_speaks_for_the_permanent_one_once_it_is_bound(server: Server, account: Account) -> None:
    perm = server.add_key(AuthRecord(crypto.new_auth_key(), account_id=account.id)).key
    async with temporary(server) as talker:
        assert (await talker.ask(STATE)).error_message == "AUTH_KEY_PERM_EMPTY"
        for _ in range(2):  # binding the same again is allowed
            msg_id = talker.next_id()
            body = talker.binding(perm, msg_id, int(time.time()) + 600)
            asked = await talker.say(body, msg_id)
            answer = (await talker.hear(RpcResult)).object
            assert (answer.req_msg_id, answer.error, answer.body) == (asked, None, b"\xb5\x75\x72\x99")
        assert isinstance(await talker.ask(STATE), types.updates.State)
        server.log_out_everywhere(account)
        assert (await talker.ask(STATE)).error_message == "AUTH_KEY_UNREGISTERED"
        other = server.add_key(AuthRecord(crypto.new_auth_key())).key
        msg_id = talker.next_id()
        refused = await talker.ask(talker.binding(other, msg_id, int(time.time()) + 600), msg_id)
        assert refused.error_message == "TEMP_AUTH_KEY_ALREADY_BOUND"


@pytest.mark.parametrize(
    "wrong", [{"nonce": 1}, {"temp_auth_key_id": 1}, {"perm_auth_key_id": 1}, {"temp_session_id": 1}, {"expires_at": 9}]
)
async def test_a_binding_that_does_not_fit_is_refused(server: Server, account: Account, wrong: dict[str, Any]) -> None:
    perm = server.add_key(AuthRecord(crypto.new_auth_key(), account_id=account.id)).key
    async with temporary(server) as talker:
        msg_id = talker.next_id()
        refused = await talker.ask(talker.binding(perm, msg_id, int(time.time()) + 600, wrong), msg_id)
        assert refused.error_message == "ENCRYPTED_MESSAGE_INVALID"
        stale = await talker.ask(talker.binding(perm, msg_id, int(time.time()) + 600), talker.next_id())
        assert stale.error_message == "ENCRYPTED_MESSAGE_INVALID"  # sealed for another message


async def test_a_permanent_key_binds_to_nothing(server: Server, account: Account) -> None:
    perm = server.add_key(AuthRecord(crypto.new_auth_key(), account_id=account.id)).key
    async with talker_of(server, account) as talker:
        msg_id = talker.next_id()
        refused = await talker.ask(talker.binding(perm, msg_id, int(time.time()) + 600), msg_id)
        assert refused.error_message == "TEMP_AUTH_KEY_EMPTY"


async def test_a_temporary_key_that_has_ended_is_unknown(server: Server) -> None:
    async with temporary(server) as talker:
        server.keys[crypto.key_id(talker.key)].expires = time.time() - 1
        await talker.say(STATE)
        with pytest.raises(TransportError, match="-404"):
            await talker.hear(RpcResult)
