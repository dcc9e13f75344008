"""What is pushed is a hint, and what the source tells of channels."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from telethon.tl import types

from archiver.errors import (
    ChannelInaccessible,
    UnreadableObject,
)
from archiver.model.record import PeerState
from archiver.telegram import Timeouts
from tests.doubles.telegram import faults
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.connection_rig import DIFFERENCE, Desk, channels, desk, desk_at, until

__all__ = ["channels", "desk"]

# hints


@pytest.fixture
async def told(server: Server, account: Account, channels: list[Channel], tmp_path: Path) -> AsyncIterator[list[int]]:
    heard: list[int] = []
    async with desk_at(server, account, tmp_path, hint=heard.append) as desk:
        server.pushes.events = False
        await desk.difference(channels[0])
        yield heard


async def test_what_is_pushed_is_a_hint(server: Server, channels: list[Channel], told: list[int]) -> None:
    one, two, three, four, five, six = channels[:6]
    web = types.UpdateChannelWebPage(three.id, types.WebPageEmpty(1), pts=9, pts_count=1)
    pinned = types.UpdatePinnedChannelMessages(four.id, [2], pts=9, pts_count=1, pinned=True)
    pushes = [
        types.UpdateNewChannelMessage(one.posts[2], pts=9, pts_count=1),
        types.UpdateEditChannelMessage(one.posts[3], pts=9, pts_count=1),
        types.UpdateDeleteChannelMessages(two.id, [1], pts=9, pts_count=1),
        web,
        pinned,
        types.UpdateChannelTooLong(five.id),
        types.UpdateMessageReactions(types.PeerChannel(six.id), 2, types.MessageReactions([])),
        types.UpdateUserTyping(1, types.SendMessageTypingAction()),
    ]
    assert server.push(*pushes) == 1
    [conn] = server.connections
    conn.send(types.UpdateShort(types.UpdateChannel(two.id), date=None)._bytes())
    conn.send(types.UpdatesTooLong()._bytes())
    await until(lambda: len(told) >= 7)
    assert sorted(told) == sorted([one.id, two.id, three.id, four.id, five.id, six.id, two.id])
    assert server.called("updates.getDifference") == server.called("updates.getState") == []


async def test_a_post_is_hinted_at_when_it_happens(server: Server, channels: list[Channel], told: list[int]) -> None:
    server.pushes.events = True
    channels[0].post("now")
    await until(lambda: told)
    assert told == [channels[0].id]


async def test_a_push_that_cannot_be_read_disturbs_nothing(
    server: Server, account: Account, channels: list[Channel], tmp_path: Path
) -> None:
    def explode(channel_id: int) -> None:
        raise RuntimeError(channel_id)

    timeouts = Timeouts(connect=60, call=60, call_max=60, forever=True)
    async with desk_at(server, account, tmp_path, hint=explode, timeouts=timeouts) as desk:
        await desk.difference(channels[0])
        [conn] = server.connections
        whole = types.Updates(
            [types.UpdateChannelTooLong(channels[1].id)], users=[], chats=[], date=None, seq=0
        )._bytes()
        conn.send(whole)
        for size in range(4, len(whole), 3):
            conn.send(whole[:size])
        conn.send(b"\x01\x02\x03\x04" + whole[4:])
        server.faults.add(DIFFERENCE, faults.unknown_ctor("container"))
        for channel in channels:
            assert await desk.difference(channel) == channel.pts
        assert len(server.called(DIFFERENCE)) == 1 + len(channels)  # no answer was lost beside it
        assert desk.connects() == 1


async def test_without_a_hint_nothing_is_pushed(desk: Desk, channels: list[Channel]) -> None:
    await desk.difference(channels[0])
    assert desk.server.push(types.UpdateChannelTooLong(channels[0].id)) == 0


# what the source tells of channels


async def test_one_probe_tells_of_a_hundred_channels(desk: Desk, world: World) -> None:
    many = [world.add_channel(f"Many {number}", f"many_{number}") for number in range(100)]
    many[1].probe_without_pts = True
    many[2].hide_from_probe = True
    many[3].posts[many[3].top].make_unknown()
    states = await desk.source.get_states([desk.key(channel) for channel in many])
    assert len(desk.server.called("messages.getPeerDialogs")) == 1
    assert states == {
        channel.id: PeerState(None if channel is many[1] else channel.pts, channel.top)
        for channel in many
        if channel is not many[2]
    }
    many[4].private = True
    with pytest.raises(ChannelInaccessible):
        await desk.source.get_states([desk.key(channel) for channel in many])


async def test_a_probe_that_cannot_be_read_says_so(desk: Desk, channels: list[Channel]) -> None:
    desk.server.faults.add("messages.getPeerDialogs", faults.unknown_ctor("vector"))
    for channel in channels:
        channel.lost = True  # no messages that would be spoiled instead
    with pytest.raises(UnreadableObject):
        await desk.source.get_states([desk.key(channel) for channel in channels])


async def test_a_channel_that_is_shut_never_looks_empty(desk: Desk, channels: list[Channel]) -> None:
    channel = channels[0]
    channel.forbidden_in_chats = True
    for asking in (
        desk.source.get_history(*desk.key(channel), offset_id=0),
        desk.source.get_difference(*desk.key(channel), pts=1),
        desk.source.get_messages(*desk.key(channel), (1, 2)),
    ):
        with pytest.raises(ChannelInaccessible):
            await asking
