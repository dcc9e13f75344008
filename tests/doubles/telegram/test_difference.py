"""Differences, probes and pushes."""

from __future__ import annotations

import asyncio

import pytest
from telethon import TelegramClient, errors, events
from telethon.tl import functions as fn
from telethon.tl import types as tl

from tests.doubles.telegram.ask import difference, peer_of
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.conftest import client_of
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World


@pytest.fixture
def channel(world: World) -> Channel:
    made = world.add_channel("Alpha", "alpha")
    for number in range(5):
        made.post(f"post {number}")
    return made


@pytest.fixture
def peer(channel: Channel, account: Account) -> tl.InputPeerChannel:
    return peer_of(channel, account)


async def test_nothing_new_is_empty(client: TelegramClient, channel: Channel, peer: tl.InputPeerChannel) -> None:
    answer = await client(difference(peer, channel.pts))
    assert isinstance(answer, tl.updates.ChannelDifferenceEmpty)
    assert (answer.pts, answer.final, answer.timeout) == (channel.pts, True, 30)


async def test_a_difference_tells_what_happened_with_the_state_of_now(
    client: TelegramClient, channel: Channel, peer: tl.InputPeerChannel
) -> None:
    pts = channel.pts
    new = channel.post("draft")
    channel.edit(2, text="first edit")
    channel.edit(new.id, text="final")
    channel.edit(2, text="second edit")
    channel.delete(3, 4)
    gone = channel.post("gone before you ask")
    channel.delete(gone.id)
    channel.pin(5)
    answer = await client(difference(peer, pts))
    assert isinstance(answer, tl.updates.ChannelDifference)
    assert answer.final
    assert answer.pts == channel.pts == pts + 1 + 3 + 2 + 1 + 1 + 1 + 1
    assert answer.new_messages[0].message == "final"
    assert isinstance(answer.new_messages[1].action, tl.MessageActionPinMessage)
    edits = [u for u in answer.other_updates if isinstance(u, tl.UpdateEditChannelMessage)]
    assert [(u.message.id, u.message.message) for u in edits] == [(new.id, "final"), (2, "second edit")]
    assert all(u.message.edit_date for u in edits)
    deletes = [u for u in answer.other_updates if isinstance(u, tl.UpdateDeleteChannelMessages)]
    assert [(u.messages, u.pts_count) for u in deletes] == [([3, 4], 2), ([gone.id], 1)]
    (pin,) = (u for u in answer.other_updates if isinstance(u, tl.UpdatePinnedChannelMessages))
    assert (pin.messages, pin.pinned) == ([5], True)


async def test_more_than_limit_is_too_long(client: TelegramClient, channel: Channel, peer: tl.InputPeerChannel) -> None:
    pts = channel.pts
    for number in range(11):
        channel.post(f"more {number}")
    assert isinstance(await client(difference(peer, pts + 1, limit=10)), tl.updates.ChannelDifference)
    answer = await client(difference(peer, pts, limit=10))
    assert isinstance(answer, tl.updates.ChannelDifferenceTooLong)
    assert (answer.dialog.pts, answer.dialog.top_message) == (channel.pts, channel.top)
    assert answer.messages[0].id == channel.top
    channel.forget_events()
    assert isinstance(await client(difference(peer, pts + 10)), tl.updates.ChannelDifferenceTooLong)


async def test_slices_end_with_final(client: TelegramClient, channel: Channel, peer: tl.InputPeerChannel) -> None:
    channel.slice_size = 4
    pts = channel.pts
    for number in range(10):
        channel.post(f"more {number}")
    found: list[str] = []
    for expected in (False, False, True):
        answer = await client(difference(peer, pts))
        assert bool(answer.final) is expected
        found += [m.message for m in answer.new_messages]
        pts = answer.pts
    assert found == [f"more {n}" for n in range(10)]
    assert pts == channel.pts


async def test_a_pts_that_never_was(client: TelegramClient, channel: Channel, peer: tl.InputPeerChannel) -> None:
    with pytest.raises(errors.PersistentTimestampEmptyError):
        await client(difference(peer, 0))
    with pytest.raises(errors.PersistentTimestampInvalidError):
        await client(difference(peer, channel.pts + 1))


async def test_a_filter_asks_for_a_range_of_ids(
    client: TelegramClient, channel: Channel, peer: tl.InputPeerChannel
) -> None:
    pts = channel.pts
    channel.edit(2, text="two")
    channel.edit(4, text="four")
    wanted = tl.ChannelMessagesFilter([tl.MessageRange(3, 9)])
    answer = await client(difference(peer, pts, filter=wanted))
    assert [u.message.id for u in answer.other_updates] == [4]


async def test_a_probe_says_pts_and_top_of_many_channels(
    client: TelegramClient, world: World, channel: Channel, account: Account
) -> None:
    others = [world.add_channel(f"C{n}", f"chan{n}") for n in range(99)]
    peers = [tl.InputDialogPeer(peer_of(c, account)) for c in (channel, *others)]
    answer = await client(fn.messages.GetPeerDialogsRequest(peers))
    assert [d.pts for d in answer.dialogs] == [c.pts for c in (channel, *others)]
    assert answer.dialogs[0].top_message == channel.top
    assert len(answer.messages) == 100
    with pytest.raises(errors.RPCError):
        await client(fn.messages.GetPeerDialogsRequest([*peers, peers[0]]))


async def test_a_pending_preview_arrives_as_an_update(
    client: TelegramClient, world: World, channel: Channel, peer: tl.InputPeerChannel
) -> None:
    post = channel.post("https://example.org", media=world.media.webpage_pending("https://example.org"))
    pts = channel.pts
    channel.load_webpage(post.id, world.media.webpage("https://example.org", "T", "D"))
    answer = await client(difference(peer, pts))
    assert answer.other_updates[0].webpage.title == "T"


async def test_members_and_pollers_are_pushed_to(
    server: Server, world: World, channel: Channel, account: Account
) -> None:
    other = world.add_account("+9996622222")
    channel.members.add(other.id)
    got: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    async with (
        client_of(server, account, receive_updates=True) as poller,
        client_of(server, other, receive_updates=True) as member,
        client_of(server, other) as deaf,
    ):
        for name, client in (("poller", poller), ("member", member), ("deaf", deaf)):
            client.add_event_handler(lambda e, n=name: got.put_nowait((n, e.message.message)), events.NewMessage())
            await client.get_me()
        await poller(difference(peer_of(channel, account), channel.pts))
        channel.post("news")
        told = {await asyncio.wait_for(got.get(), 5) for _ in range(2)}
        assert told == {("poller", "news"), ("member", "news")}
        assert got.empty()


async def test_anything_can_be_pushed(server: Server, channel: Channel, account: Account) -> None:
    got: asyncio.Queue[object] = asyncio.Queue()
    async with client_of(server, account, receive_updates=True) as client:
        client.add_event_handler(got.put_nowait, events.Raw(tl.UpdateChannelMessageViews))
        assert server.push(tl.UpdateChannelMessageViews(channel.id, 2, 77), channel=channel) == 1
        update = await asyncio.wait_for(got.get(), 5)
        assert isinstance(update, tl.UpdateChannelMessageViews)
        assert update.views == 77
