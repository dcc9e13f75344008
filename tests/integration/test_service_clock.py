"""The machine's clock is set while the service runs, or between two runs: nothing waits for the old time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.doubles.telegram import faults
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.rig import held, true
from tests.integration.service_rig import WorldTime, service_of

SPEED = 300.0
DAY = 86_400.0
Trouble = Callable[[Server, list[Channel]], None]


class SetTime(WorldTime):
    """The world's time, by a clock that somebody sets."""

    wrong_by = 0.0

    def now(self) -> float:
        return super().now() + self.wrong_by


@contextmanager
def untold(server: Server) -> Iterator[None]:
    """No push tells of what happens now."""
    listeners, server.world.listeners = server.world.listeners, []
    yield
    server.world.listeners = listeners


def nothing(_: Server, __: list[Channel]) -> None:
    """Only the clock is set."""


def refuse(server: Server, _: list[Channel]) -> None:
    server.faults.add("messages.getPeerDialogs", faults.rpc(400, "METHOD_INVALID"))


def fail(server: Server, _: list[Channel]) -> None:
    server.faults.add("*", faults.rpc(500, "RPC_CALL_FAIL"))


def shut(_: Server, channels: list[Channel]) -> None:
    for channel in channels:
        channel.private = True


@pytest.fixture
def channels(world: World) -> list[Channel]:
    world.clock.speed = SPEED
    found = [world.add_channel(name.title(), name) for name in ("alpha", "beta", "gamma")]
    for channel in found:
        channel.post("before")
    return found


@pytest.mark.parametrize("wrong_by", [-DAY, DAY])
@pytest.mark.parametrize("trouble", [nothing, refuse, fail, shut])
async def test_a_clock_change_delays_nothing(
    server: Server, channels: list[Channel], tmp_path: Path, trouble: Trouble, wrong_by: float
) -> None:
    account = server.world.add_account()
    clock = SetTime(server)
    async with service_of(server, tmp_path, account, clock=clock) as desk:
        await desk.add(*channels)
        await desk.until(lambda: desk.mirrors(*channels))
        trouble(server, channels)
        await asyncio.sleep(60 / SPEED)
        clock.wrong_by = wrong_by
        if trouble is not refuse:
            server.faults.clear()
        for channel in channels:
            channel.clear()
        with untold(server):
            for channel in channels:
                channel.post("after the clock was set")
            assert not desk.mirrors(*channels)
        await desk.until(lambda: desk.mirrors(*channels), what=f"long before the {DAY / SPEED:.0f} s of a day, it")
        await desk.until(lambda: {desk.row(channel, "state") for channel in channels} == {"active"})


async def test_a_clock_that_was_ahead_in_an_earlier_run_holds_up_nothing(
    server: Server, account: Account, channels: list[Channel], tmp_path: Path
) -> None:
    alpha, beta, gamma = channels
    clock = SetTime(server)
    clock.wrong_by = 365 * DAY
    async with service_of(server, tmp_path, account, clock=clock) as desk:
        await desk.add(*channels)
        await desk.until(lambda: desk.mirrors(*channels))
        alpha.private = True
        alpha.post("unseen")
        await desk.until(lambda: desk.row(alpha, "retry_at"))
    alpha.clear()
    beta.edit(beta.ids[-1], text="untold")
    beta.log.clear()  # only an audit finds it
    async with service_of(server, tmp_path, account) as desk:
        await desk.until(lambda: desk.mirrors(alpha, gamma))
        desk.pass_time(2 * DAY)
        await desk.until(lambda: desk.mirrors(beta))
        await desk.until(lambda: desk.row(alpha, "state, retry_at") == ("active", None))
    assert all(held(tmp_path, channel) == true(channel) for channel in channels)
