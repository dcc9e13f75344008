"""What a probe of many channels (messages.getPeerDialogs) says, and how it may fail."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from telethon import TelegramClient, errors
from telethon.tl import functions as fn
from telethon.tl import types as tl

from tests.doubles.telegram import faults
from tests.doubles.telegram.ask import difference, history, peer_of
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World

PROBE = "messages.getPeerDialogs"


@pytest.fixture
def channels(world: World) -> list[Channel]:
    return [world.add_channel(f"C{n}", f"chan{n}") for n in range(100)]


def probe(channels: Iterable[Channel], account: Account) -> fn.messages.GetPeerDialogsRequest:
    return fn.messages.GetPeerDialogsRequest([tl.InputDialogPeer(peer_of(c, account)) for c in channels])


async def test_one_private_channel_fails_the_probe_of_a_hundred(
    client: TelegramClient, channels: list[Channel], account: Account
) -> None:
    channels[57].private = True
    with pytest.raises(errors.ChannelPrivateError):
        await client(probe(channels, account))
    del channels[57]
    assert len((await client(probe(channels, account))).dialogs) == 99


async def test_a_probe_may_leave_out_channels(
    client: TelegramClient, channels: list[Channel], account: Account
) -> None:
    channels[3].hide_from_probe = True
    answer = await client(probe(channels[:5], account))
    expected = [c.id for n, c in enumerate(channels[:5]) if n != 3]
    assert [d.peer.channel_id for d in answer.dialogs] == expected
    assert [m.peer_id.channel_id for m in answer.messages] == [c.id for c in answer.chats] == expected
    assert (await client(history(peer_of(channels[3], account)))).messages


async def test_a_probe_may_say_no_pts(client: TelegramClient, channels: list[Channel], account: Account) -> None:
    channels[0].probe_without_pts = True
    first, second = (await client(probe(channels[:2], account))).dialogs
    assert (first.pts, first.top_message) == (None, channels[0].top)
    assert second.pts == channels[1].pts
    channels[0].forget_events()
    too_long = await client(difference(peer_of(channels[0], account), 1))
    assert too_long.dialog.pts == channels[0].pts


async def test_a_refused_probe_leaves_the_rest_alone(
    client: TelegramClient, server: Server, channels: list[Channel], account: Account
) -> None:
    server.faults.add(PROBE, faults.rpc(400, "METHOD_INVALID"))
    server.faults.add("messages.getHistory", faults.delay(0.0))
    for _ in range(3):
        with pytest.raises(errors.MethodInvalidError):
            await client(probe(channels, account))
    assert (await client(difference(peer_of(channels[0], account), channels[0].pts))).final
    server.faults.clear(PROBE)
    assert len((await client(probe(channels, account))).dialogs) == 100
    assert [r.method for r in server.faults.rules] == ["messages.getHistory"]
