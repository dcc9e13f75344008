"""A server whose pages are always older than what it told: asked again now and then, not as fast as it can answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from telethon.tl import types

from tests.doubles.telegram import faults
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration import lies
from tests.integration.mirror_world import numbered_channel
from tests.integration.service_rig import service_of

HISTORY, DIFFERENCE = "messages.getHistory", "updates.getChannelDifference"


@pytest.fixture
def channel(world: World) -> Channel:
    return numbered_channel(world, 50)


async def test_outdated_pages_are_requested_only_a_limited_number_of_times(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    server.clock_speed = 100.0
    async with service_of(server, tmp_path, account) as desk:
        await desk.add(channel)
        await desk.until(lambda: desk.mirrors(channel))
        pts = channel.pts
        channel.post("told by the probe alone")
        nothing = types.updates.ChannelDifferenceEmpty(pts, final=True, timeout=30)
        server.faults.add(DIFFERENCE, faults.lie(lambda _: nothing))
        server.faults.add(HISTORY, faults.lie(lies.field(pts=pts - 3)))
        server.calls.mark()
        await desk.until(lambda: desk.row(channel, "failures") > 0 or server.calls.count(HISTORY) > 200)
        assert server.calls.count(HISTORY) < 50
        server.faults.clear()
        desk.pass_time(400)
        await desk.until(lambda: desk.mirrors(channel))
