"""Answers of a channel with `forbidden_in_chats`: nothing in them but a ChannelForbidden among the chats.

Methods that have no such answer give CHANNEL_PRIVATE.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from telethon.tl import functions as fn
from telethon.tl import types

from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.post import at
from tests.doubles.telegram.rpc import Context, Shut, chat


def answer(ctx: Context, request: Any, shut: Shut) -> Any:
    """The empty answer to this request; raises CHANNEL_PRIVATE where there is none."""
    empty = _EMPTY.get(type(request))
    if empty is None:
        raise shut
    return empty(ctx, request, shut.channel)


def _page(ctx: Context, channel: Channel, messages: list[Any]) -> Any:
    return types.messages.ChannelMessages(
        pts=channel.pts, count=len(messages), messages=messages, topics=[], chats=[chat(ctx, channel)], users=[]
    )


def _history(ctx: Context, _: Any, channel: Channel) -> Any:
    return _page(ctx, channel, [])


def _messages(ctx: Context, request: Any, channel: Channel) -> Any:
    empty = [types.MessageEmpty(id=getattr(given, "id", 0), peer_id=channel.peer) for given in request.id]
    return _page(ctx, channel, empty)


def _difference(ctx: Context, request: Any, channel: Channel) -> Any:
    return types.updates.ChannelDifference(
        pts=request.pts,
        new_messages=[],
        other_updates=[],
        chats=[chat(ctx, channel)],
        users=[],
        final=True,
        timeout=channel.timeout,
    )


def _views(ctx: Context, request: Any, channel: Channel) -> Any:
    return types.messages.MessageViews([types.MessageViews() for _ in request.id], [chat(ctx, channel)], users=[])


def _updates(ctx: Context, _: Any, channel: Channel) -> Any:
    return types.Updates([], users=[], chats=[chat(ctx, channel)], date=at(ctx.world.now()), seq=0)


_EMPTY: dict[type, Callable[[Context, Any, Channel], Any]] = {
    fn.channels.GetMessagesRequest: _messages,
    fn.messages.GetHistoryRequest: _history,
    fn.messages.GetMessagesReactionsRequest: _updates,
    fn.messages.GetMessagesViewsRequest: _views,
    fn.updates.GetChannelDifferenceRequest: _difference,
}
