"""Several accounts on one server: each has its own login, its own hashes and its own end."""

from __future__ import annotations

import pytest
from telethon import errors

from tests.doubles.telegram import __main__ as program
from tests.doubles.telegram.ask import history, peer_of
from tests.doubles.telegram.conftest import Order, client_of
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World

OTHER = "+9996622222"


@pytest.fixture
def other(world: World, account: Account) -> Account:
    return world.add_account(OTHER, "33333")


async def test_a_banned_account_is_refused_and_the_others_are_not(
    server: Server, world: World, account: Account, other: Account, order: Order
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    async with client_of(server, account) as one, client_of(server, other) as two:
        assert order("ban_account", account=OTHER)["ok"]
        with pytest.raises(errors.UserDeactivatedBanError):
            await two(history(peer_of(alpha, other)))
        assert (await one(history(peer_of(alpha, account)))).messages
        order("ban_account", account=OTHER, on=False)
        assert (await two(history(peer_of(alpha, other)))).messages
        order("ban_account", account=OTHER, code=420, name="FROZEN_METHOD_INVALID")
        with pytest.raises(errors.FloodError):
            await two(history(peer_of(alpha, other)))


async def test_a_banned_account_cannot_log_in(server: Server, other: Account, order: Order) -> None:
    order("ban_account", account=OTHER)
    async with client_of(server) as client:
        await client.send_code_request(OTHER)
        with pytest.raises(errors.UserDeactivatedBanError):
            await client.sign_in(OTHER, other.code)
        order("ban_account", account=OTHER, on=False)
        await client.sign_in(OTHER, other.code)
        assert (await client.get_me()).id == other.id


async def test_one_account_is_logged_out_or_all_are(
    server: Server, account: Account, other: Account, order: Order
) -> None:
    async with client_of(server, account) as one, client_of(server, other) as two:
        assert order("log_out", account=OTHER)["accounts"] == 1
        assert await one.is_user_authorized()
        assert await two.get_me() is None
        assert order("log_out")["accounts"] == 2
        assert await one.get_me() is None
        assert not order("log_out", account="+1000")["ok"]


def test_accounts_are_named_on_the_command_line() -> None:
    more = ["--account", f"{OTHER}:33333", "--account", "+9996633333:44444:horse: battery"]
    world = program.build(program.options(["--phone", "+9996611111", "--code", "11111", *more]))
    assert [(a.phone, a.code) for a in world.accounts.values()] == [
        ("9996611111", "11111"),
        ("9996622222", "33333"),
        ("9996633333", "44444"),
    ]
    assert [a.password is not None for a in world.accounts.values()] == [False, False, True]
    with pytest.raises(SystemExit):
        program.options(["--account", OTHER])
