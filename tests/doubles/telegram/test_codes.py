"""Login codes by core.telegram.org/api/auth, to a client that sends the raw requests."""

from __future__ import annotations

from typing import Any

import pytest
from telethon import TelegramClient, errors
from telethon.tl import functions as fn
from telethon.tl import types

from tests.doubles.telegram.codes import WAYS
from tests.doubles.telegram.conftest import client_of
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World

CODE = "22222"


async def send(client: TelegramClient, account: Account) -> Any:
    return await client(fn.auth.SendCodeRequest(account.phone, 1, "hash", types.CodeSettings()))


def sign_in(account: Account, sent: Any, code: str | None = CODE, **proof: Any) -> Any:
    return fn.auth.SignInRequest(account.phone, sent.phone_code_hash, code, **proof)


def test_every_way_of_the_layer_can_be_sent() -> None:
    made = {type(make(CODE, {})).__name__ for make in WAYS.values()}
    assert made == {name for name in dir(types.auth) if name.startswith("SentCodeType")}


async def test_each_resend_goes_one_way_further_and_makes_the_hash_before_worthless(
    server: Server, account: Account
) -> None:
    async with client_of(server) as client:
        first = await send(client, account)
        assert (type(first.type), type(first.next_type), first.timeout) == (
            types.auth.SentCodeTypeApp,
            types.auth.CodeTypeSms,
            60,
        )
        again = fn.auth.ResendCodeRequest(account.phone, first.phone_code_hash)
        second = await client(again)
        assert isinstance(second.type, types.auth.SentCodeTypeSms)
        for old in (again, sign_in(account, first)):
            with pytest.raises(errors.PhoneCodeExpiredError):
                await client(old)
        last = await client(fn.auth.ResendCodeRequest(account.phone, second.phone_code_hash))
        assert last.next_type is None
        with pytest.raises(errors.SendCodeUnavailableError):
            await client(fn.auth.ResendCodeRequest(account.phone, last.phone_code_hash))
        assert (await client(sign_in(account, last))).user.id == account.id


async def test_code_of_an_email_is_taken_only_as_such(server: Server, account: Account) -> None:
    account.codes.ways = ["email"]
    async with client_of(server) as client:
        sent = await send(client, account)
        with pytest.raises(errors.PhoneCodeInvalidError):
            await client(sign_in(account, sent))
        proof = types.EmailVerificationCode(CODE)
        assert (await client(sign_in(account, sent, None, email_verification=proof))).user.id == account.id


async def test_code_ends_by_time_by_wrong_answers_and_when_cancelled(server: Server, account: Account) -> None:
    async with client_of(server) as client:
        sent = await send(client, account)
        server.clock = 301
        with pytest.raises(errors.PhoneCodeExpiredError):
            await client(sign_in(account, sent))
        sent = await send(client, account)
        for _ in range(5):
            with pytest.raises(errors.PhoneCodeInvalidError):
                await client(sign_in(account, sent, "11111"))
        with pytest.raises(errors.PhoneCodeExpiredError):
            await client(sign_in(account, sent))
        sent = await send(client, account)
        assert await client(fn.auth.CancelCodeRequest(account.phone, sent.phone_code_hash))
        with pytest.raises(errors.PhoneCodeExpiredError):
            await client(sign_in(account, sent))


async def test_what_comes_instead_of_a_code(server: Server, world: World, account: Account) -> None:
    async with client_of(server) as client:
        account.codes.instead = "payment"
        assert isinstance(await send(client, account), types.auth.SentCodePaymentRequired)
        assert not await client.is_user_authorized()
        guarded = world.add_account("+9996611111", password="word")
        guarded.codes.instead = "success"
        with pytest.raises(errors.SessionPasswordNeededError):
            await send(client, guarded)
        assert (await client.sign_in(password="word")).id == guarded.id
    async with client_of(server) as client:
        account.codes.instead = "success"
        assert (await send(client, account)).authorization.user.id == account.id
        assert await client.is_user_authorized()


async def test_numbers_that_get_no_code_and_numbers_that_would_have_to_sign_up(
    server: Server, world: World, account: Account
) -> None:
    async with client_of(server) as client:
        world.refused_phones[account.phone] = (400, "PHONE_NUMBER_BANNED")
        with pytest.raises(errors.PhoneNumberBannedError):
            await send(client, account)
        world.refused_phones.clear()
        account.codes.signs_up = True
        answer = await client(sign_in(account, await send(client, account)))
        assert answer.terms_of_service.text == "Be kind."
        assert not await client.is_user_authorized()
