"""Pages of history by the rules of api/offsets, and messages by id."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from telethon import TelegramClient, errors
from telethon.tl import functions as fn
from telethon.tl import types as tl

from tests.doubles.telegram.article import article
from tests.doubles.telegram.ask import difference, history, ids, peer_of, walk
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.world import Account, World

START = 1_639_600_000


@pytest.fixture
def channel(world: World) -> Channel:
    """Ids 1 to 250; 100 to 104 are deleted."""
    made = world.add_channel("Alpha", "alpha", date=START)
    for number in range(2, 251):
        made.post(f"post {number}", date=START + number)
    made.delete(*range(100, 105))
    return made


@pytest.fixture
def peer(channel: Channel, account: Account) -> tl.InputPeerChannel:
    return peer_of(channel, account)


CASES: list[tuple[dict[str, Any], list[int]]] = [
    ({}, list(range(250, 150, -1))),
    ({"limit": 3}, [250, 249, 248]),
    ({"limit": 0}, list(range(250, 230, -1))),
    ({"limit": 500}, list(range(250, 150, -1))),
    ({"offset_id": 151, "limit": 2}, [150, 149]),
    ({"offset_id": 106, "limit": 3}, [105, 99, 98]),
    ({"offset_id": 103, "limit": 2}, [99, 98]),
    ({"offset_id": 3, "limit": 10}, [2, 1]),
    ({"offset_id": 1}, []),
    ({"offset_id": 9000, "limit": 1}, [250]),
    ({"offset_id": 150, "add_offset": 1, "limit": 2}, [148, 147]),
    ({"offset_id": 150, "add_offset": -1, "limit": 2}, [150, 149]),
    ({"offset_id": 150, "add_offset": -3, "limit": 3}, [152, 151, 150]),
    ({"offset_id": 98, "add_offset": -4, "limit": 4}, [106, 105, 99, 98]),
    ({"offset_id": 250, "add_offset": -5, "limit": 5}, [250]),
    ({"add_offset": 248 - 5, "limit": 9}, [2, 1]),
    ({"limit": 10, "min_id": 245}, [250, 249, 248, 247, 246]),
    ({"limit": 10, "max_id": 245}, [244, 243, 242, 241]),
    ({"limit": 10, "max_id": 100}, []),
    ({"offset_date": datetime.fromtimestamp(START + 60, UTC), "limit": 2}, [59, 58]),
]


@pytest.mark.parametrize(("asked", "expected"), CASES)
async def test_a_page_is_what_the_offsets_say(
    asked: dict[str, Any], expected: list[int], client: TelegramClient, peer: tl.InputPeerChannel
) -> None:
    assert await ids(client, peer, **asked) == expected


async def test_an_answer_says_count_pts_and_whose_messages(
    client: TelegramClient, channel: Channel, peer: tl.InputPeerChannel
) -> None:
    answer = await client(history(peer, limit=1))
    assert isinstance(answer, tl.messages.ChannelMessages)
    assert answer.count == 245
    assert answer.pts == channel.pts == 1 + 250 + 5
    assert answer.chats[0].username == "alpha"
    assert answer.messages[0].message == "post 250"
    assert answer.messages[0].peer_id.channel_id == channel.id


async def test_a_walk_meets_every_message_once(
    client: TelegramClient, channel: Channel, peer: tl.InputPeerChannel
) -> None:
    found, pts = await walk(client, peer)
    assert sorted(found) == channel.ids
    assert isinstance(found[1], tl.MessageService)
    assert pts == channel.pts


async def test_hidden_history_is_not_there(client: TelegramClient, channel: Channel, peer: tl.InputPeerChannel) -> None:
    channel.set_history_hidden(240)
    answer = await client(history(peer))
    assert [m.id for m in answer.messages] == list(range(250, 240, -1))
    assert answer.count == 10
    full = await client(fn.channels.GetFullChannelRequest(peer))
    assert full.full_chat.available_min_id == 240


async def test_absent_ids_come_back_as_empty_messages_in_their_place(
    client: TelegramClient, peer: tl.InputPeerChannel
) -> None:
    wanted = [tl.InputMessageID(i) for i in (5, 100, 9999, 4)]
    answer = await client(fn.channels.GetMessagesRequest(peer, wanted))
    assert [m.id for m in answer.messages] == [5, 100, 9999, 4]
    assert [type(m).__name__ for m in answer.messages] == ["Message", "MessageEmpty", "MessageEmpty", "Message"]
    with pytest.raises(errors.MessageIdsEmptyError):
        await client(fn.channels.GetMessagesRequest(peer, [tl.InputMessageID(0)]))


async def test_pinned_and_replied_to_messages_by_reference(
    client: TelegramClient, channel: Channel, peer: tl.InputPeerChannel
) -> None:
    answer = channel.post("see above", reply_to=7)
    channel.pin(8)
    wanted = [tl.InputMessagePinned(), tl.InputMessageReplyTo(answer.id)]
    found = await client(fn.channels.GetMessagesRequest(peer, wanted))
    assert [m.id for m in found.messages] == [8, 7]
    assert found.messages[0].pinned
    (service,) = (await client(history(peer, limit=1))).messages
    assert isinstance(service.action, tl.MessageActionPinMessage)
    assert service.reply_to.reply_to_msg_id == 8


async def test_an_unchanged_page_need_not_be_sent_again(
    client: TelegramClient, channel: Channel, peer: tl.InputPeerChannel
) -> None:
    from tests.doubles.telegram.history import _ids_hash

    known = _ids_hash(channel.ids[-3:][::-1])
    assert isinstance(await client(history(peer, limit=3, hash=known)), tl.messages.MessagesNotModified)
    channel.delete(250)
    assert len((await client(history(peer, limit=3, hash=known))).messages) == 3


async def test_counters_reactions_and_polls_are_asked_for(
    client: TelegramClient, world: World, channel: Channel, peer: tl.InputPeerChannel
) -> None:
    poll = channel.post(media=world.media.poll("Sure?", {"yes": 3, "no": 1}))
    channel.view(5, 700, 8)
    channel.react(6, {"👍": 2})
    views = await client(fn.messages.GetMessagesViewsRequest(peer, [5, 100, 6], increment=False))
    assert [v.views for v in views.views] == [700, None, 1]
    assert views.views[0].forwards == 8
    updates = await client(fn.messages.GetMessagesReactionsRequest(peer, [5, 6]))
    assert [(u.msg_id, u.reactions.results[0].count) for u in updates.updates] == [(6, 2)]
    results = await client(fn.messages.GetPollResultsRequest(peer, poll.id, 0))
    assert results.updates[0].results.total_voters == 4
    with pytest.raises(errors.MessageIdInvalidError):
        await client(fn.messages.GetPollResultsRequest(peer, 5, 0))


async def test_an_album_shares_a_group_and_a_forward_names_its_origin(
    client: TelegramClient, world: World, channel: Channel, peer: tl.InputPeerChannel
) -> None:
    origin = world.add_channel("Origin", "origin", date=START)
    said = origin.post("first said here", date=START + 1, post_author="A. Writer")
    album = channel.album([world.media.photo(), world.media.video()], "two things")
    channel.forward(origin, said.id)
    answer = await client(history(peer, limit=3))
    forward, second, first = answer.messages
    assert [m.id for m in album] == [first.id, second.id]
    assert first.grouped_id == second.grouped_id is not None
    assert (first.message, second.message) == ("two things", "")
    assert forward.fwd_from.from_id.channel_id == origin.id
    assert (forward.fwd_from.channel_post, forward.fwd_from.post_author) == (said.id, "A. Writer")
    assert {c.id for c in answer.chats} == {channel.id, origin.id}


async def test_a_megagroup_names_who_wrote(client: TelegramClient, world: World, account: Account) -> None:
    group = world.add_channel("Group", "group_here", megagroup=True)
    member = world.add_user("Mina")
    group.post("hello", from_id=tl.PeerUser(member.id))
    answer = await client(history(peer_of(group, account), limit=1))
    assert answer.chats[0].megagroup
    assert answer.messages[0].from_id.user_id == member.id
    assert answer.users[0].first_name == "Mina"
    assert answer.messages[0].views is None


async def test_rich_messages_beyond_a_limit_are_shown_in_part_and_whole_when_asked_for(
    client: TelegramClient, world: World, account: Account
) -> None:
    channel = world.add_channel("Long reads", "long_reads", date=START)
    channel.rich_limit = 2
    photo, other = world.media.photo_object(640, 480), world.media.photo_object(320, 240)
    caption = tl.PageCaption(tl.TextEmpty(), tl.TextEmpty())
    blocks = ["one", tl.PageBlockPhoto(photo.id, caption), "three", tl.PageBlockPhoto(other.id, caption)]
    post = channel.post(rich_message=article(*blocks, photos=[photo, other]))
    short = channel.post(rich_message=article("one", "two"))
    peer = peer_of(channel, account)

    page = await client(history(peer))
    shown = {message.id: message.rich_message for message in page.messages}
    assert (bool(shown[post.id].part), len(shown[post.id].blocks)) == (True, 2)
    assert [one.id for one in shown[post.id].photos] == [photo.id]
    assert (bool(shown[short.id].part), len(shown[short.id].blocks)) == (False, 2)
    told = await client(difference(peer, channel.pts - 2))
    assert [bool(message.rich_message.part) for message in told.new_messages] == [True, False]

    answer = await client(fn.messages.GetRichMessageRequest(peer, post.id))
    [whole] = answer.messages
    assert (bool(whole.rich_message.part), len(whole.rich_message.blocks)) == (False, 4)
    assert [one.id for one in whole.rich_message.photos] == [photo.id, other.id]
    channel.delete(short.id)
    for message_id in (1, short.id, 99):
        with pytest.raises(errors.MessageIdInvalidError):
            await client(fn.messages.GetRichMessageRequest(peer, message_id))
