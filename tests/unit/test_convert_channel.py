"""Channels, the names of peers, and the events of a difference."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from telethon.tl import types

from archiver.convert import Peers, convert_channel, convert_difference_event
from archiver.errors import StaleAccess
from archiver.model.record import Deleted, Edited, Event, HistoryCleared, Pinned, Posted, Unread
from tests.unit.tl_random import through_bytes

NOON = datetime(2021, 12, 16, 10, 0, tzinfo=UTC)


def channel(**fields: Any) -> Any:
    fields = {"access_hash": -77, "broadcast": True, **fields}
    obj, _ = through_bytes(types.Channel(1234, "Новости", types.ChatPhotoEmpty(), NOON, **fields))
    return obj


def full(**fields: Any) -> types.ChannelFull:
    settings = types.PeerNotifySettings()
    return types.ChannelFull(1234, "All about it", 0, 0, 0, types.PhotoEmpty(0), settings, [], 1, **fields)


def test_a_channel_with_its_full_description() -> None:
    record = convert_channel(
        channel(
            username="news",
            verified=True,
            restricted=True,
            noforwards=True,
            restriction_reason=[types.RestrictionReason("android", "copyright", "Gone")],
            participants_count=5,
        ),
        full(participants_count=70_000),
    )
    assert (record.channel_id, record.access_hash, record.title, record.about) == (1234, -77, "Новости", "All about it")
    assert (record.username, record.usernames, record.megagroup) == ("news", ("news",), False)
    assert (record.participants, record.created, record.noforwards) == (70_000, NOON, True)
    assert record.flags == ("verified", "restricted")
    assert record.restriction is not None
    assert orjson.loads(record.restriction) == [{"platform": "android", "reason": "copyright", "text": "Gone"}]


def test_a_channel_as_it_comes_with_a_page() -> None:
    record = convert_channel(channel(megagroup=True, forum=True, participants_count=5))
    assert (record.username, record.usernames, record.about, record.restriction) == (None, (), None, None)
    assert (record.megagroup, record.participants, record.flags) == (True, 5, ("forum",))


def test_only_active_names_count_and_the_first_is_the_main_one() -> None:
    names = [types.Username("second", active=True), types.Username("asleep"), types.Username("third", active=True)]
    record = convert_channel(channel(usernames=names))
    assert (record.username, record.usernames) == ("second", ("second", "third"))
    record = convert_channel(channel(usernames=names, username="first"))
    assert (record.username, record.usernames) == ("first", ("first", "second", "third"))


@pytest.mark.parametrize("fields", [{"min": True}, {"access_hash": None}, {"min": True, "access_hash": None}])
def test_a_min_channel_has_no_usable_access_hash(fields: dict[str, Any]) -> None:
    with pytest.raises(StaleAccess):
        convert_channel(channel(**fields))


def test_users_and_chats_of_the_same_number_are_two() -> None:
    peers = Peers([types.User(5, first_name="Person")], [types.Chat(5, "Group", types.ChatPhotoEmpty(), 1, NOON, 1)])
    assert peers.describe(types.PeerUser(5))["name"] == "Person"
    assert peers.describe(types.PeerChat(5))["name"] == "Group"


def event(update: Any, raw: bytes | None = None) -> Event:
    update, _ = through_bytes(update)
    return convert_difference_event(update, raw, channel_id=1234, peers=Peers(), layer=229)


def message(channel_id: int = 1234) -> types.Message:
    return types.Message(id=5, peer_id=types.PeerChannel(channel_id), date=NOON, message="new")


def test_messages_come_as_posts_and_edits_with_their_bytes() -> None:
    posted = event(types.UpdateNewChannelMessage(message(), 2, 1))
    assert isinstance(posted, Posted)
    assert (posted.message.text, posted.message.raw) == ("new", bytes(message()))
    edited = event(types.UpdateEditChannelMessage(message(), 2, 1), b"as sent")
    assert isinstance(edited, Edited)
    assert edited.message.raw == b"as sent"


@pytest.mark.parametrize(
    ("update", "expected"),
    [
        (types.UpdateDeleteChannelMessages(1234, [3, 4], 2, 2), Deleted((3, 4))),
        (types.UpdatePinnedChannelMessages(1234, [3], 2, 1, pinned=True), Pinned((3,), pinned=True)),
        (types.UpdatePinnedChannelMessages(1234, [3], 2, 1), Pinned((3,), pinned=False)),
        (types.UpdateChannelAvailableMessages(1234, 900), HistoryCleared(900)),
        (types.UpdateChannelWebPage(1234, types.WebPageEmpty(1), 2, 1), Unread("UpdateChannelWebPage")),
        (types.UpdateChannelMessageViews(1234, 5, 10), Unread("UpdateChannelMessageViews")),
        (types.UpdateDeleteMessages([3], 2, 1), Unread("UpdateDeleteMessages")),
        (
            types.UpdateNewChannelMessage(types.MessageEmpty(5, types.PeerChannel(1234)), 2, 1),
            Unread("UpdateNewChannelMessage"),
        ),
    ],
)
def test_other_updates(update: Any, expected: Event) -> None:
    assert event(update) == expected


@pytest.mark.parametrize(
    "update",
    [
        types.UpdateDeleteChannelMessages(99, [3, 4], 2, 2),
        types.UpdatePinnedChannelMessages(99, [3], 2, 1, pinned=True),
        types.UpdateChannelAvailableMessages(99, 900),
        types.UpdateNewChannelMessage(message(99), 2, 1),
        types.UpdateEditChannelMessage(message(99), 2, 1),
    ],
)
def test_another_channels_update_is_never_applied(update: Any) -> None:
    assert event(update) == Unread(type(update).__name__)
