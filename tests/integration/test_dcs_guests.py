"""Files of other data centres are read as a guest there: one export serves many, and none is shown twice."""

from __future__ import annotations

import asyncio

import pytest
from telethon.tl import functions as fn
from telethon.tl import types

from archiver.errors import LoginNeeded, ServerFault
from archiver.pacing.scheduler import Scheduler
from archiver.telegram import Connection
from archiver.telegram.answers import read_object
from tests.doubles.telegram import faults
from tests.doubles.telegram.files import reference
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.dcs_rig import PATIENT, STATE, Desk, calls, desk
from tests.integration.rig import LeapingClock

__all__ = ["desk"]


def download(world: World, account: Account, dc: int) -> tuple[fn.upload.GetFileRequest, bytes]:
    """A request for all of a file there, and its true bytes."""
    document = world.media.document(size=40_000, dc=dc).document
    file = world.files.find(document.id)
    assert file is not None
    location = types.InputDocumentFileLocation(
        document.id, document.access_hash, reference(world.files.epoch, account.id), ""
    )
    return fn.upload.GetFileRequest(location, 0, 1 << 16), file.read("", 0, 40_000)


async def test_a_file_elsewhere_is_read_there_after_one_export_for_many_and_for_later(
    desk: Desk, world: World, account: Account
) -> None:
    account.home_dc = 2
    await desk.log_in(account)
    wanted = [download(world, account, 4) for _ in range(4)]

    async def read_all() -> None:
        async with desk.connection() as connection:
            got = await asyncio.gather(
                *(connection.call(request, method=f"getFile {n}", dc=4) for n, (request, _) in enumerate(wanted))
            )
            assert [read_object(body).bytes for body in got] == [content for _, content in wanted]

    await read_all()
    await read_all()  # another process
    assert calls(desk.server, "auth.exportAuthorization") == 1
    assert calls(desk.server, "auth.importAuthorization") == 1
    assert desk.home == 2


async def test_the_server_says_where_a_file_is(desk: Desk, world: World, account: Account) -> None:
    account.home_dc = 2
    await desk.log_in(account)
    request, content = download(world, account, 5)
    async with desk.connection() as connection:
        body = await connection.call(request, method="getFile", dc=2)
        assert read_object(body).bytes == content
        request, content = download(world, account, 2)
        body = await connection.call(request, method="getFile", dc=5)
        assert read_object(body).bytes == content
    assert calls(desk.server, "auth.exportAuthorization") == 1


@pytest.mark.parametrize("loss", ["authorization", "key"])
async def test_a_guest_that_is_forgotten_is_let_in_again(desk: Desk, world: World, account: Account, loss: str) -> None:
    account.home_dc = 2
    await desk.log_in(account)
    request, content = download(world, account, 4)
    async with desk.connection() as connection:
        await connection.call(request, method="getFile", dc=4)
    for auth in [auth for auth in desk.server.keys.values() if auth.dc == 4]:
        if loss == "key":
            del desk.server.keys[auth.id]
        else:
            auth.account_id = None
    async with desk.connection() as connection:
        assert read_object(await connection.call(request, method="getFile", dc=4)).bytes == content
    assert calls(desk.server, "auth.exportAuthorization") == 2


async def test_a_guest_of_a_logged_out_account_says_so(desk: Desk, world: World, account: Account) -> None:
    account.home_dc = 2
    await desk.log_in(account)
    request, _ = download(world, account, 4)
    desk.server.log_out_everywhere(account)
    async with desk.connection() as connection:
        with pytest.raises(LoginNeeded):
            await connection.call(request, method="getFile", dc=4)


async def test_guests_hang_up_where_there_are_too_many_connections(desk: Desk, world: World, account: Account) -> None:
    await desk.log_in(account)
    request, _ = download(world, account, 4)
    scheduler = Scheduler(0, clock=LeapingClock(desk.server))
    connection = Connection(desk.address, desk.path, scheduler, timeouts=PATIENT)
    try:
        await connection.call(request, method="getFile", dc=4)
        desk.server.faults.add("updates.getState", faults.transport(-429), times=1)
        assert await connection.is_logged_in()
        await until_alone(desk.server)
        await connection.call(request, method="getFile", dc=4)
    finally:
        await connection.close()


async def until_alone(server: Server) -> None:
    async with asyncio.timeout(60):
        while len(server.connections) > 1:  # noqa: ASYNC110  # what is waited for is the server's
            await asyncio.sleep(0.01)


async def test_a_ticket_that_may_be_spent_is_not_shown_again(desk: Desk, account: Account) -> None:
    account.home_dc = 2
    await desk.log_in(account)
    account.move(5)
    desk.server.faults.add("auth.importAuthorization", faults.drop(), times=1)
    async with desk.connection() as connection:
        with pytest.raises(ServerFault):
            await connection.invoke(STATE, method="getState")
        await connection.invoke(STATE, method="getState")
    assert desk.home == 5
    assert calls(desk.server, "auth.sendCode") == 1
