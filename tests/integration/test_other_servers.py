"""Servers that answer otherwise than Telegram does: in an older layer, and pages of history without a state."""

from __future__ import annotations

from pathlib import Path

import pytest
from telethon.tl import types

from archiver.telegram.older_layers import OLDER
from tests.doubles.telegram import faults
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.rig import held, mirror_of, true

HISTORY = "messages.getHistory"


@pytest.fixture
def channel(world: World) -> Channel:
    made = world.add_channel("Alpha", "alpha")
    media = world.media
    for number in range(130):
        made.post(f"post {number}", media=media.photo() if number % 10 == 0 else None, views=number)
    made.post("a link", entities=[types.MessageEntityBold(0, 1)], reply_to=5, edit_hide=True)
    return made


@pytest.mark.parametrize("how", ["messages", "slice"])
async def test_a_server_whose_pages_have_no_state_is_mirrored(
    how: str, server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    channel.stateless = how
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        channel.edit(7, text="edited")
        channel.delete(20, 21)
        channel.post("later")
        await rig.sync(channel)
        assert held(tmp_path, channel) == true(channel)


async def test_a_small_channel_in_one_whole_list_is_mirrored(
    server: Server, account: Account, world: World, tmp_path: Path
) -> None:
    small = world.add_channel("Small", "small")
    small.post("one")
    small.stateless = "messages"
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(small)
        await rig.sync(small)
        assert held(tmp_path, small) == true(small)


async def test_what_happens_while_such_a_page_is_asked_for_is_not_lost(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    """The state is asked for before the page: it may be older than it, never newer."""
    channel.stateless = "slice"

    def edit_behind_its_back(request: object) -> bool:
        channel.edit(3, text=f"edited {channel.pts}")
        return False

    server.faults.add(HISTORY, faults.delay(0), predicate=edit_behind_its_back, times=3)
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        server.faults.clear()
        await rig.sync(channel)
        assert held(tmp_path, channel) == true(channel)


@pytest.mark.parametrize("stateless", [None, "messages"])
async def test_a_server_of_an_older_layer_is_mirrored(
    stateless: str | None, server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    channel.stateless = stateless
    server.speaks = OLDER
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        channel.edit(7, text="edited")
        channel.delete(20, 21)
        channel.post("later", media=channel.world.media.poll("Which?", {"a": 1, "b": 2}))
        channel.pin(9)
        await rig.sync(channel)
        assert held(tmp_path, channel) == true(channel)
