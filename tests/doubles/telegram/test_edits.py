"""How differences tell of edits: as a rule with the content of now, by switch with the content of each moment."""

from __future__ import annotations

import pytest
from telethon import TelegramClient
from telethon.errors import TypeNotFoundError
from telethon.tl import types as tl

from tests.doubles.telegram.ask import difference, peer_of
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.world import Account, World


@pytest.fixture
def channel(world: World) -> Channel:
    made = world.add_channel("Alpha", "alpha")
    made.post("old")
    return made


@pytest.fixture
def peer(channel: Channel, account: Account) -> tl.InputPeerChannel:
    return peer_of(channel, account)


def told(answer: tl.updates.ChannelDifference) -> list[str]:
    """Everything that a difference says, in its order."""
    lines = [f"new {m.id} {m.message}" for m in answer.new_messages]
    for update in answer.other_updates:
        if isinstance(update, tl.UpdateEditChannelMessage):
            lines.append(f"edit {update.message.id} {update.message.message}")
        else:
            assert isinstance(update, tl.UpdateDeleteChannelMessages)
            lines.append(f"delete {update.messages}")
    return lines


def happen(channel: Channel) -> None:
    """2 is edited twice, 3 is new and edited twice, 4 is new, edited and deleted, 2 is edited again."""
    channel.edit(2, text="old, one")
    channel.edit(2, text="old, two")
    for new_id in (3, 4):
        channel.post(f"new {new_id}")
        channel.edit(new_id, text=f"new {new_id}, one")
    channel.delete(4)
    channel.edit(3, text="new 3, two")
    channel.edit(2, text="old, three")


_EDITS = [
    "edit 2 old, one",
    "edit 2 old, two",
    "edit 3 new 3, one",
    "edit 4 new 4, one",
    "delete [4]",
    "edit 3 new 3, two",
    "edit 2 old, three",
]


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        ((False, False), ["new 3 new 3, two", "delete [4]", "edit 3 new 3, two", "edit 2 old, three"]),
        ((True, False), ["new 3 new 3, two", *_EDITS]),
        ((True, True), ["new 3 new 3", "new 4 new 4", *_EDITS]),
        ((False, True), ["new 3 new 3", "new 4 new 4", "delete [4]", "edit 3 new 3, two", "edit 2 old, three"]),
    ],
)
async def test_what_a_difference_tells_of_edits(
    switches: tuple[bool, bool],
    expected: list[str],
    client: TelegramClient,
    channel: Channel,
    peer: tl.InputPeerChannel,
) -> None:
    pts = channel.pts
    happen(channel)
    channel.tells_every_edit, channel.new_as_posted = switches
    answer = await client(difference(peer, pts))
    assert told(answer) == expected
    assert answer.pts == channel.pts


async def test_each_edit_keeps_its_pts_and_its_date(
    client: TelegramClient, channel: Channel, peer: tl.InputPeerChannel
) -> None:
    channel.tells_every_edit = True
    pts = channel.pts
    for second in range(40):
        channel.edit(2, text=f"edit {second}", date=1_700_000_000 + second)
    answer = await client(difference(peer, pts))
    assert [u.pts for u in answer.other_updates] == list(range(pts + 1, pts + 41))
    dates = [int(u.message.edit_date.timestamp()) for u in answer.other_updates]
    assert dates == list(range(1_700_000_000, 1_700_000_040))


async def test_slices_cut_between_edits(client: TelegramClient, channel: Channel, peer: tl.InputPeerChannel) -> None:
    channel.tells_every_edit, channel.slice_size = True, 2
    pts = channel.pts
    happen(channel)
    found: list[str] = []
    while pts < channel.pts:
        answer = await client(difference(peer, pts))
        found += [line for line in told(answer) if not line.startswith("new")]
        pts = answer.pts
    assert found == _EDITS


async def test_an_earlier_content_is_not_told_of_what_is_hidden_or_of_a_newer_layer(
    client: TelegramClient, channel: Channel, peer: tl.InputPeerChannel
) -> None:
    channel.tells_every_edit = channel.new_as_posted = True
    pts = channel.pts
    happen(channel)
    channel.set_history_hidden(3)
    assert told(await client(difference(peer, pts))) == ["new 4 new 4", "edit 4 new 4, one", "delete [4]"]
    channel.set_history_hidden(0)
    channel.posts[3].make_unknown()
    with pytest.raises(TypeNotFoundError):
        await client(difference(peer, pts))


async def test_a_preview_that_an_edit_took_away_is_no_error(
    client: TelegramClient, world: World, channel: Channel, peer: tl.InputPeerChannel
) -> None:
    post = channel.post("see", media=world.media.webpage_pending("https://example.org"))
    pts = channel.pts
    channel.load_webpage(post.id, world.media.webpage("https://example.org", "T", "D"))
    channel.edit(post.id, text="gone", media=None)
    answer = await client(difference(peer, pts))
    assert isinstance(answer.other_updates[0].webpage, tl.WebPageEmpty)


def test_every_edit_can_be_the_rule_of_a_whole_world(channel: Channel) -> None:
    world = channel.world
    world.tells_every_edit = True
    assert world.add_channel("Beta", "beta").tells_every_edit
    assert not channel.tells_every_edit
    assert [e.snapshot.message.message for e in channel.log if e.snapshot and e.ids == (2,)] == ["old"]
