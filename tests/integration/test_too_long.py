"""A server that would rather not say what happened: the history is walked again, but not for ever."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from telethon.tl import types

from archiver.errors import ServerFault
from tests.doubles.telegram import faults
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.difference import dialog
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.mirror_world import numbered_channel
from tests.integration.rig import held, mirror_of, query, true

DIFFERENCE, HISTORY = "updates.getChannelDifference", "messages.getHistory"


@pytest.fixture
def channel(world: World) -> Channel:
    return numbered_channel(world, 1_500)


def always_too_long(channel: Channel) -> Any:
    def twist(_: Any) -> Any:
        return types.updates.ChannelDifferenceTooLong(dialog(channel), [], [], [], final=True, timeout=30)

    return faults.lie(twist)


async def test_endless_too_long_answers_do_not_rewalk_the_history_forever(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        server.faults.add(DIFFERENCE, always_too_long(channel))
        asked = len(server.called(HISTORY))
        for number in range(40):
            channel.post(f"news {number}")
            await rig.mirror.catch_up(channel.id)
            while await rig.mirror.backfill(channel.id):
                pass
        assert held(tmp_path, channel) == true(channel)  # posts come by the newest page
        assert len(server.called(HISTORY)) - asked < 150  # three walks of 15 pages, and the newest page each time
        with pytest.raises(ServerFault):
            await rig.sync(channel)
    channel.edit(700, text="edited")
    channel.delete(100)
    server.faults.clear()
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.sync(channel)
    assert held(tmp_path, channel) == true(channel)
    assert query(tmp_path, "SELECT generation FROM channel")[0][0] <= 4
