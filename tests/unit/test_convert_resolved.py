"""Whom a name belongs to, by every kind of answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from telethon.tl import types

from archiver.convert.resolved import convert_resolved
from archiver.errors import ChannelGone, ChannelInaccessible, ServerFault
from tests.unit.tl_random import through_bytes

NOON = datetime(2021, 12, 16, 10, 0, tzinfo=UTC)


def answer(peer: Any, *, chats: tuple[Any, ...] = (), users: tuple[Any, ...] = ()) -> Any:
    resolved, _ = through_bytes(types.contacts.ResolvedPeer(peer, chats=list(chats), users=list(users)))
    return resolved


def test_channels_group_forums_and_gigagroups_are_channels() -> None:
    for flags in ({"broadcast": True}, {"megagroup": True}, {"megagroup": True, "forum": True}, {"gigagroup": True}):
        chat = types.Channel(5, "Five", types.ChatPhotoEmpty(), NOON, access_hash=7, **flags)
        found = convert_resolved(answer(types.PeerChannel(5), chats=(chat,)))
        assert (found.channel_id, found.access_hash) == (5, 7)
        assert set(found.flags) == set(flags) & {"forum", "gigagroup"}


@pytest.mark.parametrize(
    ("peer", "users", "said"),
    [
        (types.PeerUser(5), (types.User(5, first_name="Mina"),), "this is a person"),
        (types.PeerUser(5), (types.User(5, bot=True, bot_info_version=1),), "this is a bot"),
        (types.PeerUser(5), (types.UserEmpty(5),), "this is a person"),
        (types.PeerUser(5), (), "this is a person"),
        (types.PeerChat(5), (), "this is a basic group"),
    ],
)
def test_anything_but_a_channel_is_named(peer: Any, users: tuple[Any, ...], said: str) -> None:
    with pytest.raises(ChannelGone, match=said):
        convert_resolved(answer(peer, users=users))


def test_inaccessible_channel_and_missing_channel_are_distinguished() -> None:
    shut = types.ChannelForbidden(5, 7, "Five")
    with pytest.raises(ChannelInaccessible, match="private"):
        convert_resolved(answer(types.PeerChannel(5), chats=(shut,)))
    foreign = types.Channel(6, "Six", types.ChatPhotoEmpty(), NOON, access_hash=7)
    for chats in ((), (foreign,), (types.ChatEmpty(5),), (types.ChatForbidden(5, "Five"),)):
        with pytest.raises(ServerFault):
            convert_resolved(answer(types.PeerChannel(5), chats=chats))
    with pytest.raises(ServerFault):
        convert_resolved(types.UpdatesTooLong())
