"""Moving an account to another data centre while servers fail for a moment: its login is never lost by that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from telethon.tl import types

from archiver.errors import Error, FloodWait, LoginNeeded
from archiver.pacing.scheduler import Scheduler
from archiver.telegram import SERVICE, Connection, DcAddress, ServerAddress, exported_authorization, has_session
from archiver.telegram.route import Route
from tests.doubles.telegram import faults
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account
from tests.integration.dcs_rig import HURRIED, PATIENT, STATE, Desk
from tests.integration.rig import LeapingClock

SERVING = replace(SERVICE, call=0.5, call_max=0.5, delays=(0.0, 0.0), connect=15.0, backoff=(0.01, 0.05))


@pytest.fixture
def desk(server: Server, tmp_path: Path) -> Desk:
    return Desk(server, tmp_path / "session")


async def moved(desk: Desk, account: Account) -> None:
    account.home_dc = 2
    await desk.log_in(account)
    account.move(3)


async def ask_until_answered(connection: Connection, most: int = 6) -> None:
    """As a service does: a call that failed is made again later."""
    for left in reversed(range(most)):
        try:
            await connection.invoke(STATE, method="getState")
        except Error:
            if not left:
                raise
        else:
            return


@pytest.mark.parametrize("trouble", [faults.hang(), faults.rpc(500, "INTERNAL"), faults.rpc(-503, "Timeout")])
async def test_an_old_home_that_briefly_exports_no_authorization_is_retried(
    desk: Desk, account: Account, trouble: faults.Action
) -> None:
    await moved(desk, account)
    desk.server.faults.add("auth.exportAuthorization", trouble, times=3)
    async with desk.connection(timeouts=SERVING) as connection:
        await ask_until_answered(connection)
    assert (desk.home, desk.keys_of(account)) == (3, {2, 3})


@pytest.mark.parametrize("trouble", [faults.hang(), faults.rpc(500, "INTERNAL"), faults.drop(), faults.flood(2)])
async def test_a_data_centre_that_does_not_greet_is_retried(
    desk: Desk, account: Account, trouble: faults.Action
) -> None:
    await moved(desk, account)
    server = desk.server
    server.faults.add("help.getConfig", faults.rpc(303, "USER_MIGRATE_3"), times=2)
    server.faults.add("auth.exportAuthorization", trouble, times=1)
    scheduler = Scheduler(0, clock=LeapingClock(server))
    connection = Connection(desk.address, desk.path, scheduler, timeouts=replace(SERVING, connect=5.0))
    try:
        await ask_until_answered(connection)
    finally:
        await connection.close()
    assert (desk.home, desk.keys_of(account)) == (3, {2, 3})
    assert server.violations == []


@pytest.mark.parametrize("error", [(500, "INTERNAL"), (-503, "Timeout"), (420, "FLOOD_WAIT_2")])
async def test_a_new_home_that_fails_for_a_moment_takes_the_account_later(
    desk: Desk, account: Account, error: tuple[int, str]
) -> None:
    await moved(desk, account)
    server = desk.server
    trouble = faults.flood(2) if error[0] == 420 else faults.rpc(*error)
    server.faults.add("auth.importAuthorization", trouble, times=1)
    scheduler = Scheduler(0, clock=LeapingClock(server))
    connection = Connection(desk.address, desk.path, scheduler, timeouts=PATIENT)
    try:
        await ask_until_answered(connection)
    finally:
        await connection.close()
    assert (desk.home, desk.keys_of(account)) == (3, {2, 3})
    assert server.violations == []


async def test_a_server_that_delays_every_greeting_cannot_hang_a_command(desk: Desk, account: Account) -> None:
    await desk.log_in(account)
    server = desk.server
    server.faults.add("help.getConfig", faults.flood(1))
    before = server.calls.count("help.getConfig")
    connection = Connection(desk.address, desk.path, Scheduler(0, clock=LeapingClock(server)), timeouts=PATIENT)
    with pytest.raises(FloodWait):
        await connection.invoke(STATE, method="getState")
    await connection.close()
    assert server.violations == []
    assert server.calls.count("help.getConfig") - before <= 50


@pytest.mark.parametrize("method", ["auth.exportAuthorization", "auth.importAuthorization"])
async def test_a_server_that_keeps_failing_leaves_the_account_where_it_is(
    desk: Desk, account: Account, method: str
) -> None:
    await moved(desk, account)
    desk.server.faults.add(method, faults.rpc(500, "INTERNAL"))
    async with desk.connection(timeouts=HURRIED) as connection:
        with pytest.raises(Error) as raised:
            await connection.invoke(STATE, method="getState")
    assert not isinstance(raised.value, LoginNeeded)
    assert desk.home == 2
    desk.server.faults.clear()
    async with desk.connection() as connection:
        await connection.invoke(STATE, method="getState")
    assert (desk.home, desk.keys_of(account)) == (3, {2, 3})


async def test_the_old_key_is_never_shown_at_the_new_homes_other_addresses(desk: Desk, account: Account) -> None:
    await moved(desk, account)
    port = desk.server.centres.ports[3]
    names = ["127.0.0.1", "localhost", "127.0.0.2", "127.0.0.3"]
    desk.server.centres.more = [types.DcOption(3, name, port) for name in names]
    desk.server.faults.add("auth.importAuthorization", faults.drop(), times=1)
    async with desk.connection() as connection:
        await ask_until_answered(connection)
    assert (desk.home, desk.keys_of(account)) == (3, {2, 3})
    assert desk.server.accepted_at[3] == 2


async def test_a_stranger_finds_a_first_data_centre_that_moved(desk: Desk, account: Account) -> None:
    account.home_dc = 2
    more = (DcAddress(3, "127.0.0.1", desk.server.centres.ports[3]),)
    await desk.server.centres.move(2)
    places = ServerAddress(
        api_id=1, api_hash="hash", dc=1, host="127.0.0.1", port=desk.server.centres.ports[1], more=more
    )
    route = Route(places, desk.path)
    assert route.addresses(2) == []
    route.learn([DcAddress(2, "127.0.0.1", desk.server.port)])
    assert route.addresses(2)
    assert not has_session(desk.path)


async def test_an_expired_exported_authorization_is_replaced(
    desk: Desk, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    await moved(desk, account)
    monkeypatch.setattr(exported_authorization, "FRESH", 0.5)
    server = desk.server
    server.faults.add("auth.importAuthorization", faults.rpc(400, "AUTH_BYTES_INVALID"), times=1)
    async with desk.connection(timeouts=replace(SERVING, connect=1.0)) as connection:
        await connection.ready()
        server.faults.add("help.getConfig", faults.hang(), times=1)  # at the new home
        await ask_until_answered(connection)
    assert (desk.home, desk.keys_of(account)) == (3, {2, 3})
