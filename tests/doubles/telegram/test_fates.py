"""What becomes of channels, by control line, and how a client meets it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from telethon import TelegramClient, errors, events
from telethon.tl import functions as fn
from telethon.tl import types as tl

from tests.doubles.telegram.ask import difference, history, ids, peer_of
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.conftest import Order, client_of
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World


@pytest.fixture
def channel(world: World) -> Channel:
    made = world.add_channel("Alpha", "alpha")
    for number in range(4):
        made.post(f"post {number}")
    return made


@pytest.fixture
def peer(channel: Channel, account: Account) -> tl.InputPeerChannel:
    return peer_of(channel, account)


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ({"do": "private"}, errors.ChannelPrivateError),
        ({"do": "ban"}, errors.ChannelBannedError),
        ({"do": "ban", "account": "+9996612345"}, errors.ChannelPrivateError),
        ({"do": "refuse", "code": 403, "name": "CHANNEL_PUBLIC_GROUP_NA"}, errors.ChannelPublicGroupNaError),
    ],
)
async def test_a_channel_shuts_and_opens_again(
    what: dict[str, Any],
    expected: type[errors.RPCError],
    order: Order,
    client: TelegramClient,
    peer: tl.InputPeerChannel,
) -> None:
    asked = (history(peer), difference(peer, 1), fn.channels.GetFullChannelRequest(peer))
    opened = [{**what, "on": False}, {"do": "clear"}]
    for mend in opened:
        assert order(channel="alpha", **what)["ok"]
        for request in asked:
            with pytest.raises(expected):
                await client(request)
        (chat,) = (await client(fn.channels.GetChannelsRequest([peer]))).chats
        assert isinstance(chat, tl.ChannelForbidden)
        assert order(**{"channel": "alpha", **mend})["ok"]
        for request in asked:
            assert (await client(request)).chats[0].username == "alpha"


def test_a_refusal_needs_a_name(order: Order, channel: Channel) -> None:
    assert not order("refuse", channel="alpha", code=400)["ok"]
    assert channel.refuse is None


@pytest.mark.parametrize("do", ["private", "ban", "refuse"])
async def test_one_account_is_shut_out_and_another_reads(
    do: str,
    order: Order,
    server: Server,
    channel: Channel,
    account: Account,
) -> None:
    other = channel.world.add_account("+9996622222")
    what = {"code": 400, "name": "CHANNEL_INVALID"} if do == "refuse" else {}
    assert order(do, channel="alpha", account="+999 66 12345", **what)["ok"]
    async with client_of(server, account) as shut, client_of(server, other) as free:
        with pytest.raises((errors.ChannelInvalidError, errors.ChannelPrivateError)):
            await shut(history(peer_of(channel, account)))
        assert (await free(history(peer_of(channel, other)))).messages
        order(do, channel="alpha", account="+9996622222", **what)
        order(do, channel="alpha", account="+9996612345", on=False)
        assert (await shut(history(peer_of(channel, account)))).messages
        with pytest.raises((errors.ChannelInvalidError, errors.ChannelPrivateError)):
            await free(history(peer_of(channel, other)))
    assert not order(do, channel="alpha", account="+1000", **what)["ok"]


async def test_a_forbidden_channel_stands_among_the_chats_of_empty_answers(
    order: Order,
    client: TelegramClient,
    channel: Channel,
    peer: tl.InputPeerChannel,
    account: Account,
) -> None:
    beta = channel.world.add_channel("Beta", "beta")
    pts = channel.pts
    channel.post("unseen")
    order("set", channel="alpha", forbidden_in_chats=True)
    page = await client(history(peer))
    assert (page.messages, page.count) == ([], 0)
    told = await client(difference(peer, pts))
    assert isinstance(told, tl.updates.ChannelDifference)
    assert (told.new_messages, told.other_updates, told.final, told.pts) == ([], [], True, pts)
    by_id = await client(fn.channels.GetMessagesRequest(peer, [tl.InputMessageID(2), tl.InputMessageID(3)]))
    assert [(type(m), m.id) for m in by_id.messages] == [(tl.MessageEmpty, 2), (tl.MessageEmpty, 3)]
    views = await client(fn.messages.GetMessagesViewsRequest(peer, [2, 3], increment=False))
    assert [v.views for v in views.views] == [None, None]
    reactions = await client(fn.messages.GetMessagesReactionsRequest(peer, [2]))
    for answer in (page, told, by_id, views, reactions, await client(fn.channels.GetChannelsRequest([peer]))):
        assert [(type(c), c.id) for c in answer.chats] == [(tl.ChannelForbidden, channel.id)]
    probe = fn.messages.GetPeerDialogsRequest([tl.InputDialogPeer(p) for p in (peer, peer_of(beta, account))])
    answer = await client(probe)
    assert [d.peer.channel_id for d in answer.dialogs] == [beta.id]
    assert {type(c): c.id for c in answer.chats} == {tl.ChannelForbidden: channel.id, tl.Channel: beta.id}
    with pytest.raises(errors.ChannelPrivateError):
        await client(fn.channels.GetFullChannelRequest(peer))
    order("clear", channel="alpha")
    assert [m.message for m in (await client(difference(peer, pts))).new_messages] == ["unseen"]


async def test_a_lost_channel_has_nothing_to_show_and_no_error(
    order: Order,
    client: TelegramClient,
    channel: Channel,
    peer: tl.InputPeerChannel,
) -> None:
    pts = channel.pts
    channel.edit(2, text="edited")
    channel.tells_every_edit = True
    order("set", channel="alpha", lost=True)
    page = await client(history(peer))
    assert (page.messages, page.count, page.pts) == ([], 0, channel.pts)
    by_id = await client(fn.channels.GetMessagesRequest(peer, [tl.InputMessageID(n) for n in (1, 2, 3)]))
    assert [type(m) for m in by_id.messages] == [tl.MessageEmpty] * 3
    told = await client(difference(peer, pts))
    assert (told.new_messages, told.other_updates) == ([], [])
    (dialog,) = (await client(fn.messages.GetPeerDialogsRequest([tl.InputDialogPeer(peer)]))).dialogs
    assert dialog.top_message == 0
    order("clear", channel="alpha")
    assert await ids(client, peer) == [5, 4, 3, 2, 1]


async def test_hidden_history_is_no_event(
    order: Order,
    client: TelegramClient,
    channel: Channel,
    peer: tl.InputPeerChannel,
) -> None:
    pts = channel.pts
    assert order("hide", channel="alpha", id=3)["count"] == 2
    assert await ids(client, peer) == [5, 4]
    full = await client(fn.channels.GetFullChannelRequest(peer))
    assert full.full_chat.available_min_id == 3
    assert isinstance(await client(difference(peer, pts)), tl.updates.ChannelDifferenceEmpty)
    order("clear", channel="alpha")
    assert await ids(client, peer) == [5, 4, 3, 2, 1]


async def test_what_it_says_of_itself_changes(
    order: Order,
    client: TelegramClient,
    channel: Channel,
    peer: tl.InputPeerChannel,
) -> None:
    pts = channel.pts
    order("about", channel="alpha", about="another purpose")
    order("participants", channel="alpha", count=77_000)
    order("rename", channel="alpha", username="alpha_two")
    answer = await client(fn.channels.GetFullChannelRequest(peer))
    assert (answer.full_chat.about, answer.full_chat.participants_count) == ("another purpose", 77_000)
    assert answer.chats[0].username == "alpha_two"
    assert channel.pts == pts
    assert order("title", channel="alpha_two", title="Second")["pts"] == pts + 1
    assert (await client(history(peer, limit=1))).chats[0].title == "Second"


async def test_a_name_is_taken_over_by_another_channel(
    order: Order,
    client: TelegramClient,
    channel: Channel,
    peer: tl.InputPeerChannel,
) -> None:
    made = order("make", title="Impostor", username="impostor")
    taken = order("takeover", channel="impostor", name="@Alpha")
    assert taken == {"ok": True, "id": made["id"], "from": channel.id}
    assert (await client(fn.contacts.ResolveUsernameRequest("alpha"))).peer.channel_id == made["id"]
    (chat,) = (await client(fn.channels.GetChannelsRequest([peer]))).chats
    assert (chat.id, chat.username) == (channel.id, None)
    assert order("takeover", channel=channel.id, name="vacant")["from"] is None
    with pytest.raises(errors.UsernameNotOccupiedError):
        await client(fn.contacts.ResolveUsernameRequest("impostor"))


async def test_a_push_about_a_shut_channel_does_not_shut_it_for_later_answers(
    order: Order,
    server: Server,
    channel: Channel,
    peer: tl.InputPeerChannel,
    account: Account,
) -> None:
    pushed: asyncio.Queue[Any] = asyncio.Queue()
    async with client_of(server, account, receive_updates=True) as client:
        client.add_event_handler(pushed.put_nowait, events.Raw(tl.UpdateNewChannelMessage))
        await client(difference(peer, channel.pts))
        order("set", channel="alpha", forbidden_in_chats=True)
        channel.post("pushed to whoever polled")
        await asyncio.wait_for(pushed.get(), 5)
        assert isinstance((await client(history(peer))).chats[0], tl.ChannelForbidden)
        order("clear", channel="alpha")
        assert isinstance((await client(history(peer))).chats[0], tl.Channel)
