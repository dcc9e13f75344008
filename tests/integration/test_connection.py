"""One connection for many tasks: what breaks is mended for ever, and one call's trouble stays its own."""

from __future__ import annotations

import asyncio
import gc
import time
from dataclasses import replace
from pathlib import Path

import pytest

from archiver.errors import (
    LoginNeeded,
    ServerFault,
    Unreachable,
)
from archiver.telegram import Timeouts
from archiver.telegram.client import Client
from tests.doubles.telegram import faults
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.connection_rig import (
    CONNECT,
    DIFFERENCE,
    HISTORY,
    STEADY,
    Desk,
    about,
    channels,
    desk,
    desk_at,
    until,
)
from tests.integration.rig import LeapingClock, connection_of

__all__ = ["channels", "desk"]


async def test_many_tasks_share_one_line(desk: Desk, channels: list[Channel]) -> None:
    server = desk.server
    server.faults.add("*", faults.delay(0.02))
    begun = time.monotonic()
    pages, states = await asyncio.gather(
        asyncio.gather(*(desk.history(channel) for channel in channels)),
        asyncio.gather(*(desk.difference(channel) for channel in channels)),
    )
    assert pages == [6] * 8  # with the message of the channel's making
    assert states == [channel.pts for channel in channels]
    assert desk.connects() == 1
    assert time.monotonic() - begun >= 8 * 0.02  # histories never run side by side


async def test_a_connection_begins_with_the_last_salt_so_that_nothing_is_sent_twice(
    desk: Desk, channels: list[Channel]
) -> None:
    server, refused = desk.server, []
    for salt_is_new in (True, False, True):
        if salt_is_new:
            for key in server.keys.values():
                key.salt += 1
        server.drop_connections()
        await until(lambda: not desk.connection.connected.is_set())
        assert await desk.history(channels[0]) == 6
        refused.append(server.salts_refused)
    assert refused == [1, 1, 2]


async def test_a_question_that_is_never_answered_fails_alone_and_leaves_the_line(
    server: Server, account: Account, channels: list[Channel], tmp_path: Path
) -> None:
    bad, *others = channels
    # Long enough for an answer to the others, however busy the machine is.
    async with desk_at(server, account, tmp_path, timeouts=replace(STEADY, call=2.0, call_max=2.0)) as desk:
        await desk.difference(bad)
        server.faults.add(DIFFERENCE, faults.hang(), predicate=about(bad))
        hanging = asyncio.create_task(desk.difference(bad))
        while not hanging.done():
            await asyncio.gather(*(desk.history(channel) for channel in others))
            await asyncio.sleep(0.05)
        with pytest.raises(ServerFault, match="does not answer this request"):
            await hanging
        assert desk.connects() == 1
        assert desk.connection.offline_since is None


async def test_a_line_on_which_nothing_is_answered_is_replaced_under_all(desk: Desk, channels: list[Channel]) -> None:
    await desk.difference(channels[0])
    silence = desk.server.faults.add("*", faults.hang())
    asking = [asyncio.create_task(desk.difference(channel)) for channel in channels]
    await until(lambda: desk.connection.offline_since is not None)
    assert not desk.connection.connected.is_set()
    desk.server.faults.rules.remove(silence)
    assert await asyncio.gather(*asking) == [channel.pts for channel in channels]
    assert desk.connection.connected.is_set()
    assert desk.connection.offline_since is None
    assert 2 <= desk.connects() <= 4


async def test_calls_that_hang_one_after_the_other_cost_the_client_in_the_end(
    desk: Desk, channels: list[Channel]
) -> None:
    bad, good = channels[:2]
    desk.server.faults.add(DIFFERENCE, faults.hang(), predicate=about(bad))

    async def keep_asking() -> None:
        while True:
            await desk.history(good)
            await asyncio.sleep(0.02)

    asking = asyncio.create_task(keep_asking())
    for _ in range(2):
        with pytest.raises(ServerFault):
            await desk.difference(bad)
    asking.cancel()
    assert desk.connects() == 2  # six calls hung


async def test_dropped_lines_cost_no_call(desk: Desk, channels: list[Channel]) -> None:
    rule = desk.server.faults.add(DIFFERENCE, faults.drop(), probability=0.1)

    async def work(channel: Channel) -> None:
        for _ in range(25):
            assert await desk.difference(channel) == channel.pts

    await asyncio.gather(*(work(channel) for channel in channels))
    assert rule.fired > 5
    assert desk.connects() <= rule.fired + 1


async def test_a_question_that_breaks_every_line_is_given_up(desk: Desk, channels: list[Channel]) -> None:
    desk.server.faults.add(DIFFERENCE, faults.drop(), predicate=about(channels[0]))
    with pytest.raises(ServerFault, match="lost whenever this request is sent"):
        await desk.difference(channels[0])
    assert await desk.difference(channels[1]) == channels[1].pts


async def test_a_server_that_is_away_is_waited_for_by_one_and_found_again_by_all(
    world: World, account: Account, channels: list[Channel], tmp_path: Path
) -> None:
    async with Server(world) as server:
        keys, port = server.keys, server.port
        async with desk_at(server, account, tmp_path) as desk:
            await desk.difference(channels[0])
            # It goes, and somebody refuses its port.
    connection = connection_of(server, account, tmp_path, timeouts=STEADY)
    desk = Desk(server, account, connection)
    asking = [asyncio.create_task(desk.difference(channel)) for channel in channels]
    await until(lambda: isinstance(connection.trouble, Unreachable))
    assert connection.offline_since is not None
    assert not any(task.done() for task in asking)
    async with Server(world, port=port, keys=keys | server.keys) as again:
        assert await asyncio.gather(*asking) == [channel.pts for channel in channels]
        assert connection.offline_since is None
        assert connection.trouble is None
        assert len(again.called(CONNECT)) == 1
        await connection.close()


async def test_connecting_is_backed_off(
    server: Server, account: Account, channels: list[Channel], tmp_path: Path
) -> None:
    server.faults.add(CONNECT, faults.drop())
    async with desk_at(server, account, tmp_path) as desk:
        asking = [asyncio.create_task(desk.difference(channel)) for channel in channels]
        begun = time.monotonic()
        await until(lambda: desk.connects() >= 10)
        assert time.monotonic() - begun >= 0.5  # up to 0.2 s apart, by one for all
        server.faults.clear()
        await asyncio.gather(*asking)


@pytest.mark.parametrize(
    "refusal", [(401, "AUTH_KEY_UNREGISTERED"), (406, "AUTH_KEY_DUPLICATED"), (401, "USER_DEACTIVATED")]
)
async def test_a_dead_account_is_said_to_all_and_knocks_no_more(
    desk: Desk, channels: list[Channel], refusal: tuple[int, str]
) -> None:
    await desk.difference(channels[0])
    desk.account.refuse = refusal
    failed = await asyncio.gather(*(desk.difference(channel) for channel in channels), return_exceptions=True)
    assert {type(failure) for failure in failed} == {LoginNeeded}
    desk.server.drop_connections()
    calls, connects = len(desk.server.called(DIFFERENCE)), desk.connects()
    with pytest.raises(LoginNeeded):
        await desk.difference(channels[0])
    assert (len(desk.server.called(DIFFERENCE)), desk.connects()) == (calls, connects)


async def test_a_flood_wait_of_the_transport_is_a_minute_without_connections(
    server: Server, account: Account, channels: list[Channel], tmp_path: Path
) -> None:
    clock, remembered = LeapingClock(server), []

    async def remember(method: str, until: float) -> None:
        remembered.append((method, until - clock.now()))

    async with desk_at(server, account, tmp_path, clock=clock, remember=remember) as desk:
        server.faults.add(DIFFERENCE, faults.transport(-429), times=1)
        await asyncio.gather(*(desk.difference(channel) for channel in channels))
    assert sum(clock.leaps) >= 60
    [(method, seconds)] = remembered
    assert method == "connect"
    assert seconds == pytest.approx(61, abs=0.5)


@pytest.mark.parametrize("hours", [5, -5])
async def test_a_server_whose_clock_jumps_is_followed(desk: Desk, channels: list[Channel], hours: int) -> None:
    await desk.difference(channels[0])
    for jump in (hours * 3600, 0):
        # Between a question and its answer, where the answer cannot be believed; and between two questions.
        desk.server.faults.add(DIFFERENCE, faults.delay(0.05), times=1)
        asking = asyncio.create_task(desk.difference(channels[0]))
        await asyncio.sleep(0.02)
        desk.server.skew = jump
        async with asyncio.timeout(60):
            answers = await asyncio.gather(asking, *(desk.difference(channel) for channel in channels))
        assert answers == [channel.pts for channel in (channels[0], *channels)]


async def test_a_server_of_another_time_is_asked_from_the_beginning(
    server: Server, account: Account, channels: list[Channel], tmp_path: Path
) -> None:
    server.skew = 7 * 3600.0
    async with desk_at(server, account, tmp_path) as desk:
        assert await desk.difference(channels[0]) == channels[0].pts


async def test_floods_are_obeyed_by_many_tasks(
    server: Server, account: Account, channels: list[Channel], tmp_path: Path
) -> None:
    server.faults.limit(DIFFERENCE, rate=1, burst=5, wait=20)
    server.faults.limit(HISTORY, rate=0.5, burst=2, wait=30)
    server.faults.add("*", faults.delay(0.01))
    async with desk_at(server, account, tmp_path, clock=LeapingClock(server), rate=2.0) as desk:
        await asyncio.gather(
            *(desk.difference(channel) for channel in channels * 3), *(desk.history(channel) for channel in channels)
        )
    assert server.violations == []
    assert server.faults.until


async def test_a_cancelled_call_leaves_the_line_to_the_others(desk: Desk, channels: list[Channel]) -> None:
    desk.server.faults.add("*", faults.delay(0.05))
    asking = [asyncio.create_task(desk.difference(channel)) for channel in channels]
    await asyncio.sleep(0.02)  # while the first of them connects
    asking[0].cancel()
    assert await asyncio.gather(*asking[1:]) == [channel.pts for channel in channels[1:]]
    with pytest.raises(asyncio.CancelledError):
        await asking[0]


async def test_nothing_is_left_of_the_lines_that_were_lost(desk: Desk, channels: list[Channel]) -> None:
    await desk.difference(channels[0])
    await asyncio.sleep(0.05)
    tasks = len(asyncio.all_tasks())
    for _ in range(15):
        desk.server.drop_connections()
        await desk.difference(channels[0])
    await asyncio.sleep(0.05)
    gc.collect()
    assert len(asyncio.all_tasks()) <= tasks
    assert sum(isinstance(thing, Client) for thing in gc.get_objects()) <= 2


async def test_a_command_still_ends_with_an_error(
    server: Server, account: Account, channels: list[Channel], tmp_path: Path
) -> None:
    async with desk_at(server, account, tmp_path, timeouts=Timeouts(delays=(0.0, 0.1), call=0.2)) as desk:
        server.faults.add(DIFFERENCE, faults.hang())
        with pytest.raises(Unreachable):
            await desk.difference(channels[0])
        assert desk.connects() == 3
