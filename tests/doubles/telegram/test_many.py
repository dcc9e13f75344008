"""Five hundred channels: made, posted to and probed quickly."""

from __future__ import annotations

import time

import pytest
from telethon.tl import functions as fn
from telethon.tl import types as tl

from tests.doubles.telegram.ask import history, peer_of
from tests.doubles.telegram.conftest import Order, client_of
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.doubles.telegram.worlds import load


@pytest.fixture
def crowd(world: World) -> World:
    load(world, "many:500", 1)
    return world


async def test_each_channel_has_a_name_and_some_posts(server: Server, crowd: World, account: Account) -> None:
    assert [c.username for c in crowd.channels.values()] == [f"many_{n:03}" for n in range(1, 501)]
    async with client_of(server, account) as client:
        found = await client(fn.contacts.ResolveUsernameRequest("many_250"))
        page = await client(history(peer_of(crowd.channels[found.peer.channel_id], account)))
        assert [m.message for m in page.messages[:2]] == ["many_250, report 3", "many_250, report 2"]


async def test_posts_in_many_channels_are_seen_by_five_quick_probes(
    server: Server, crowd: World, account: Account, order: Order
) -> None:
    names = [f"many_{n:03}" for n in range(1, 501, 7)]
    posted = order("post_many", channels=names, text="news", each=2)["posted"]
    assert [p[0] for p in posted] == [crowd.channel(n).id for n in names] * 2
    channels = list(crowd.channels.values())
    expected = {p[0]: tuple(p[1:]) for p in posted}
    found = {}
    async with client_of(server, account) as client:
        for first in range(0, 500, 100):
            peers = [tl.InputDialogPeer(peer_of(c, account)) for c in channels[first : first + 100]]
            for dialog in (await client(fn.messages.GetPeerDialogsRequest(peers))).dialogs:
                if dialog.top_message > 4:
                    found[dialog.peer.channel_id] = (dialog.top_message, dialog.pts)
    assert found == expected
    assert len(order("post_many", text="everywhere")["posted"]) == 500
    assert not order("post_many", text="x", channels=["nowhere"])["ok"]


async def test_a_probe_of_a_hundred_takes_a_few_milliseconds(server: Server, crowd: World, account: Account) -> None:
    """Of the processor, with what the client needs to read the answer: the machine may have other work."""
    peers = [tl.InputDialogPeer(peer_of(c, account)) for c in list(crowd.channels.values())[:100]]
    taken = []
    async with client_of(server, account) as client:
        for _ in range(10):
            start = time.process_time()
            await client(fn.messages.GetPeerDialogsRequest(peers))
            taken.append(time.process_time() - start)
    assert min(taken) < 0.05
