"""A server that refuses one method, or says of it what is not so: the others bring the channels to the present."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from archiver.service.worker_context import PollSettings
from tests.doubles.telegram import faults
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.service_rig import service_of

SPEED = 60.0
FULL = "channels.getFullChannel"
PACED = PollSettings(requests_per_second=1.0)


@pytest.fixture(autouse=True)
def _in_a_hurry(world: World) -> None:
    world.clock.speed = SPEED


@pytest.fixture
def channels(world: World) -> list[Channel]:
    """Six, with some posts each."""
    found = [world.add_channel(f"Number {number}", f"number_{number}") for number in range(6)]
    for channel in found:
        for number in range(30):
            channel.post(f"{channel.title}, post {number}")
    return found


REFUSALS = {
    "outdated": faults.rpc(500, "PERSISTENT_TIMESTAMP_OUTDATED"),
    "invalid": faults.rpc(400, "PERSISTENT_TIMESTAMP_INVALID"),
    "private": faults.rpc(406, "CHANNEL_PRIVATE"),
}


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_failed_differences_are_replaced_by_the_history(
    world: World, account: Account, channels: list[Channel], tmp_path: Path, refusal: str
) -> None:
    async with Server(world) as server, service_of(server, tmp_path, account) as desk:
        await desk.add(*channels)
        await desk.until(lambda: desk.mirrors(*channels))
        server.faults.add("updates.getChannelDifference", REFUSALS[refusal])
        for channel in channels:
            channel.post("is this seen?")
            channel.edit(channel.ids[5], text="said otherwise")
            channel.delete(channel.ids[7])
        desk.pass_time(60)
        await desk.until(lambda: desk.mirrors(*channels))
        assert desk.query("SELECT max(generation) <= 2, min(state), max(state) FROM channel") == [
            (1, "active", "active")
        ]


async def test_a_wrong_probe_does_not_starve_the_histories(
    world: World, account: Account, channels: list[Channel], tmp_path: Path
) -> None:
    for channel in channels:
        channel.probe_without_pts = True
    async with Server(world) as server, service_of(server, tmp_path, account, pace=PACED) as desk:
        await desk.add(*channels)
        await desk.until(lambda: desk.mirrors(*channels))
        channels[0].post("seen by its number")
        await desk.until(lambda: desk.mirrors(*channels))
        assert ("seen by its number",) in desk.query("SELECT text FROM message WHERE channel_id = ?", channels[0].id)
        assert len(server.called("messages.getPeerDialogs")) > 0


async def test_a_missing_description_does_not_prevent_mirroring(
    world: World, account: Account, channels: list[Channel], tmp_path: Path
) -> None:
    async with Server(world) as server, service_of(server, tmp_path, account) as desk:
        server.faults.add(FULL, faults.rpc(406, "CHANNEL_PRIVATE"))
        await desk.add(*channels)
        await desk.until(lambda: desk.mirrors(*channels))
        desk.pass_time(90_000)
        channels[1].post("the next day")
        await desk.until(lambda: desk.mirrors(*channels))
        await desk.until(lambda: len({one.channel.channel_id for one in server.called(FULL)}) == len(channels))
        asked = len(server.called(FULL))  # one may have been asked again: a busy machine answered too late
        desk.pass_time(3_600)
        channels[2].post("an hour later")
        await desk.until(lambda: desk.mirrors(*channels))
        assert len(server.called(FULL)) < asked + len(channels)
        assert desk.query("SELECT DISTINCT state, failures FROM channel") == [("active", 0)]


async def test_an_access_that_is_refused_for_good_is_looked_up_less_and_less_often(
    world: World, account: Account, channels: list[Channel], tmp_path: Path
) -> None:
    async with Server(world) as server, service_of(server, tmp_path, account) as desk:
        await desk.add(channels[0])
        await desk.until(lambda: desk.mirrors(channels[0]))
        channels[0].refuse = (400, "CHANNEL_INVALID")
        before = len(server.called("contacts.resolveUsername"))
        for _ in range(12):  # an hour each
            desk.pass_time(3_600)
            await asyncio.sleep(0.3)
        assert len(server.called("contacts.resolveUsername")) - before <= 8
        channels[0].refuse = None
        desk.pass_time(90_000)
        await desk.until(lambda: desk.mirrors(channels[0]))
