"""Turns an answer's objects into records, and checks that they belong to the channel."""

from __future__ import annotations

from typing import Any

from telethon.tl import types

from archiver.convert import Peers, convert_channel, is_empty
from archiver.convert.quick_draft import PostDraft, convert_shown
from archiver.errors import ChannelInaccessible, Implausible
from archiver.ids import ChannelId
from archiver.model.language import name_language
from archiver.model.record import Channel, HistoryPage, Message
from archiver.telegram.answers import HistoryAnswer, message_prefix_id
from archiver.telegram.older_layers import layer_of
from archiver.telegram.vectors import Objects

_OF_MESSAGE = (types.UpdateNewChannelMessage, types.UpdateEditChannelMessage)
_OF_CHANNEL = (
    types.UpdateDeleteChannelMessages,
    types.UpdatePinnedChannelMessages,
    types.UpdateChannelAvailableMessages,
)


def to_page(channel_id: ChannelId, answer: HistoryAnswer) -> HistoryPage:
    """The page as a record. Raises UnreadableObject if one of its messages cannot be read."""
    if answer.messages.unreadable:
        raise answer.messages.unreadable
    channel = described(answer.chats, channel_id)
    expect_own(answer.messages, channel_id)
    peers = Peers(answer.users, answer.chats)
    return HistoryPage(
        messages=tuple(convert_all(answer.messages, channel_id, peers)),
        empty_ids=tuple(item.id for item, _ in answer.messages.read if is_empty(item)),
        pts=answer.pts or 0,
        count=answer.count,
        exact=not answer.inexact,
        channel=channel,
        place=answer.place,
    )


def to_readable(channel_id: ChannelId, answer: HistoryAnswer) -> HistoryPage:
    """The messages before the unreadable one, to see their ids and dates; their names, which come after it, are lost.

    If it comes first, only its id.
    """
    expect_own(answer.messages, channel_id)
    messages = tuple(convert_all(answer.messages, channel_id, Peers([], [])))
    unreadable = answer.messages.unreadable
    first = message_prefix_id(unreadable.raw) if unreadable and not messages else None
    return HistoryPage(messages=messages, empty_ids=(first,) if first else (), pts=0, count=answer.count, exact=False)


def expect_own(objects: Objects, channel_id: ChannelId) -> None:
    """Raise Implausible if one of the messages belongs to another channel, a person or a group.

    Stored under this channel, it would get a permalink to something that was never posted there.
    """
    for item, _ in objects.read:
        peer = item if isinstance(item, PostDraft) else getattr(item, "peer_id", None)
        if peer is None and is_empty(item):
            continue  # an empty message may lack its peer
        if getattr(peer, "channel_id", None) != channel_id:
            raise Implausible("answered with messages of another channel")


def expect_own_updates(updates: Objects, channel_id: ChannelId) -> None:
    """Raise Implausible if an update of a difference is for another channel: the event it replaced would be lost."""
    for update, _ in updates.read:
        message = getattr(update, "message", None) if isinstance(update, _OF_MESSAGE) else None
        if message is not None and not is_empty(message):
            named = getattr(message.peer_id, "channel_id", None)
        elif isinstance(update, _OF_CHANNEL):
            named = update.channel_id
        else:
            continue
        if named != channel_id:
            raise Implausible("answered with events of another channel")


def expect_asked(page: HistoryPage, message_ids: tuple[int, ...]) -> None:
    """Raise Implausible if an answer to getMessages has a message or empty id that was not requested."""
    answered = {message.message_id for message in page.messages} | set(page.empty_ids)
    if not answered.issubset(message_ids):
        raise Implausible("answered with messages that were not requested")


def convert_all(objects: Objects, channel_id: ChannelId, peers: Peers) -> list[Message]:
    """The messages as records, without the empty ones."""
    shown = [(item, raw) for item, raw in objects.read if not is_empty(item)]
    # One text after the other: in between, the model's tables would leave the processor's cache.
    languages = [name_language(item.text) if isinstance(item, PostDraft) else None for item, _ in shown]
    return [
        convert_shown(item, raw, channel_id=channel_id, peers=peers, layer=layer_of(raw), lang=lang)
        for (item, raw), lang in zip(shown, languages, strict=True)
    ]


def described(chats: list[Any], channel_id: ChannelId) -> Channel | None:
    """The channel as described in an answer about its messages, if fully.

    Raises ChannelInaccessible if it is inaccessible: a lost channel must never look like an empty one.
    """
    for chat in chats:
        if chat.id == channel_id and isinstance(chat, types.ChannelForbidden):
            raise ChannelInaccessible("the channel is private, or this account is banned from it.")
        if chat.id == channel_id and isinstance(chat, types.Channel) and not chat.min:
            return convert_channel(chat, None)
    return None
