"""An account is found in whichever data centre it is, through all that may happen on the way."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from telethon.tl import types

from archiver.errors import Error, LoginNeeded, ServerFault, Unreachable
from archiver.pacing.scheduler import FloodMemory, Scheduler
from archiver.telegram import Connection, has_session, log_in
from tests.doubles.telegram import faults
from tests.doubles.telegram.world import Account, World
from tests.integration.dcs_rig import HURRIED, PATIENT, STATE, Desk, Person, calls, desk
from tests.integration.rig import SHORT, LeapingClock

__all__ = ["desk"]


@pytest.mark.parametrize("home", range(1, 6))
async def test_a_login_ends_at_the_accounts_home_and_is_found_there_again(
    desk: Desk, account: Account, home: int
) -> None:
    account.home_dc = home
    await desk.log_in(account)
    assert (desk.home, desk.keys_of(account)) == (home, {home})
    async with desk.connection() as connection:
        assert await connection.is_logged_in()
    assert desk.server.accepted_at[home] >= 2
    assert desk.server.accepted_at[2] == (2 if home == 2 else 1)
    assert calls(desk.server, "auth.sendCode") == (1 if home == 2 else 2)


async def test_the_second_password_is_given_at_home(desk: Desk, world: World) -> None:
    account = world.add_account("+9996612222", "33333", "word")
    account.home_dc = 5
    await desk.log_in(account, "word")
    assert desk.keys_of(account) == {5}


async def test_an_account_that_moves_between_code_and_sign_in_is_followed(desk: Desk, account: Account) -> None:
    account.home_dc, account.moves_at_sign_in = 4, 1
    await desk.log_in(account)
    assert (desk.home, desk.keys_of(account)) == (1, {1})


async def test_a_number_sent_round_in_circles_ends_with_a_clear_error(desk: Desk, account: Account) -> None:
    account.home_dc = 4
    desk.server.faults.add("auth.sendCode", faults.rpc(303, "PHONE_MIGRATE_2"), skip=1, times=1)  # at its home
    with pytest.raises(ServerFault, match="redirecting this request between data centres"):
        await desk.log_in(account)
    await desk.log_in(account)


async def test_a_network_is_sent_to_its_own(desk: Desk, world: World) -> None:
    world.network_dc = 3
    with pytest.raises(LoginNeeded, match="no account has that phone number"):
        await desk.log_in(Account(1, "9996600000"))
    assert desk.home == 3


async def test_what_is_killed_after_the_move_goes_on_there(desk: Desk, account: Account) -> None:
    account.home_dc = 4
    desk.server.faults.add("auth.sendCode", faults.hang(), skip=1)  # at the new home
    with pytest.raises(Error):
        await desk.log_in(account, timeouts=HURRIED)
    assert desk.home == 4
    before = desk.server.accepted_at[2]
    desk.server.faults.clear()
    await desk.log_in(account)
    assert desk.server.accepted_at[2] == before


async def test_a_move_that_is_saved_without_a_key_is_no_session_and_no_way_back(desk: Desk, account: Account) -> None:
    account.home_dc = 4
    await desk.log_in(account)
    async with desk.connection() as connection:
        await connection.forget_session()
    assert not has_session(desk.path)
    assert desk.home == 4
    before = desk.server.accepted_at[2]
    await desk.log_in(account)
    assert desk.server.accepted_at[2] == before


async def test_an_account_that_is_moved_later_takes_its_login_along(desk: Desk, account: Account) -> None:
    account.home_dc = 2
    await desk.log_in(account)
    async with desk.connection() as connection:
        assert await connection.is_logged_in()
        account.move(3)
        answers = await asyncio.gather(*(connection.invoke(STATE, method=f"state {n}") for n in range(5)))
        assert all(isinstance(answer, types.updates.State) for answer in answers)
    assert (desk.home, desk.keys_of(account)) == (3, {2, 3})
    assert calls(desk.server, "auth.sendCode") == 1
    assert calls(desk.server, "auth.exportAuthorization") == 1
    async with desk.connection() as connection:
        assert await connection.is_logged_in()


async def test_one_that_its_old_home_does_not_let_go_says_that_a_login_is_needed(desk: Desk, account: Account) -> None:
    account.home_dc = 2
    await desk.log_in(account)
    account.move(3, exports=False)
    async with desk.connection() as connection:
        with pytest.raises(LoginNeeded):
            await connection.invoke(STATE, method="getState")
    assert desk.home == 3
    await desk.log_in(account)
    assert 3 in desk.keys_of(account)


async def test_a_move_killed_before_it_is_done_is_done_again(desk: Desk, account: Account) -> None:
    account.home_dc = 2
    await desk.log_in(account)
    account.move(5)
    desk.server.faults.add("auth.importAuthorization", faults.hang())
    async with desk.connection(timeouts=HURRIED) as connection:
        with pytest.raises(Error):
            await connection.invoke(STATE, method="getState")
    assert desk.home == 2  # where it can be asked again
    desk.server.faults.clear()
    async with desk.connection() as connection:
        await connection.invoke(STATE, method="getState")
    assert desk.home == 5


async def test_a_key_is_given_up_only_when_a_second_connection_says_so(desk: Desk, account: Account) -> None:
    await desk.log_in(account)
    server = desk.server
    server.faults.add("updates.getState", faults.transport(-404), times=1)
    async with desk.connection() as connection:
        assert await connection.is_logged_in()
        server.faults.add("updates.getState", faults.transport(-404), times=2)
        with pytest.raises(LoginNeeded, match="does not know this session"):
            await connection.is_logged_in()


async def test_a_key_that_is_lost_at_login_is_made_again(desk: Desk, account: Account) -> None:
    await desk.log_in(account)
    desk.server.keys.clear()
    await desk.log_in(account)
    assert desk.keys_of(account) == {2}


async def test_too_many_connections_are_waited_for_longer_each_time(desk: Desk, account: Account) -> None:
    await desk.log_in(account)
    waited: list[tuple[str, float]] = []

    async def remember(method: str, until: float) -> None:
        waited.append((method, round(until - desk.server.world.clock.now(), -1)))

    scheduler = Scheduler(0, clock=LeapingClock(desk.server), memory=FloodMemory(remember=remember), max_wait=1000)
    connection = Connection(desk.address, desk.path, scheduler, timeouts=SHORT)
    desk.server.faults.add("updates.getState", faults.transport(-429), times=4)
    try:
        assert await connection.is_logged_in()
    finally:
        await connection.close()
    assert waited == [("connect", 60), ("connect", 120), ("connect", 240), ("connect", 480)]


async def test_an_address_where_another_data_centre_is_by_now_is_no_lost_session(desk: Desk, account: Account) -> None:
    account.home_dc = 4
    await desk.log_in(account)
    centres = desk.server.centres
    old = centres.ports[4]
    await centres.move(4)
    async with await asyncio.start_server(desk.server._accept(5), "127.0.0.1", old), desk.connection() as connection:
        assert await connection.is_logged_in()
    assert desk.home == 4


async def test_servers_that_do_not_know_their_number_are_used_all_the_same(
    desk: Desk, world: World, account: Account
) -> None:
    world.calls_itself = 2
    account.home_dc = 4
    await desk.log_in(account)
    async with desk.connection() as connection:
        assert await connection.is_logged_in()
        account.move(5)
        await connection.invoke(STATE, method="getState")
    assert (desk.home, desk.keys_of(account)) == (5, {4, 5})


@pytest.mark.parametrize("exports", [True, False])
async def test_an_old_home_that_does_not_even_greet_is_left(desk: Desk, account: Account, exports: bool) -> None:
    account.home_dc = 2
    await desk.log_in(account)
    account.move(3, exports=exports)
    desk.server.faults.add("help.getConfig", faults.rpc(303, "USER_MIGRATE_3"), times=1)
    async with desk.connection() as connection:
        assert await connection.is_logged_in() == exports
    assert desk.home == 3
    await desk.log_in(account)
    assert 3 in desk.keys_of(account)
    assert calls(desk.server, "auth.sendCode") == (1 if exports else 2)


async def test_a_greeting_sent_round_in_circles_ends(desk: Desk, account: Account) -> None:
    account.home_dc = 2
    await desk.log_in(account)
    desk.server.faults.add("help.getConfig", faults.rpc(303, "USER_MIGRATE_3"))
    async with desk.connection() as connection:
        with pytest.raises(Unreachable, match="redirecting this request between data centres"):
            await connection.is_logged_in()


async def test_a_greeting_sent_on_without_end_ends(desk: Desk, account: Account) -> None:
    account.home_dc = 2
    far = range(11, 31)
    desk.server.centres.more = [types.DcOption(dc, "127.0.0.1", desk.server.port, static=True) for dc in far]
    await desk.log_in(account)
    for at, dc in enumerate(far):
        desk.server.faults.add("help.getConfig", faults.rpc(303, f"USER_MIGRATE_{dc}"), skip=at, times=1)
    before = calls(desk.server, "help.getConfig")
    async with desk.connection() as connection:
        with pytest.raises(Unreachable, match="redirecting this request between data centres"):
            await connection.is_logged_in()
    assert calls(desk.server, "help.getConfig") - before <= 20


async def test_a_new_home_that_wants_a_code_of_its_own_gets_it(desk: Desk, account: Account) -> None:
    account.home_dc, account.moves_at_sign_in, account.code_travels = 4, 1, False
    await desk.log_in(account)
    assert (desk.home, desk.keys_of(account)) == (1, {1})
    assert calls(desk.server, "auth.sendCode") == 3


async def test_a_code_that_the_new_home_does_not_take_is_asked_for_again(desk: Desk, account: Account) -> None:
    account.home_dc, account.moves_at_sign_in, account.code_travels = 4, 1, False
    person, typed = Person(account), iter(["55555", account.code])
    person.code = lambda: next(typed)  # type: ignore[method-assign]
    wrong: list[str] = []
    person.wrong = wrong.append  # type: ignore[method-assign]
    async with desk.connection() as connection:
        await log_in(connection, person)
    assert (wrong, desk.keys_of(account)) == (["code"], {1})


@pytest.mark.parametrize("said", [(400, "METHOD_INVALID"), (501, "NOT_IMPLEMENTED")])
async def test_a_move_without_an_authorization_ends_in_a_login(
    desk: Desk, account: Account, said: tuple[int, str]
) -> None:
    account.home_dc = 2
    await desk.log_in(account)
    account.move(3)
    desk.server.faults.add("auth.exportAuthorization", faults.rpc(*said))
    async with desk.connection(timeouts=replace(PATIENT, delays=(0.0, 0.01))) as connection:
        with pytest.raises(LoginNeeded):
            await connection.invoke(STATE, method="getState")
    await desk.log_in(account)
    assert desk.home == 3
