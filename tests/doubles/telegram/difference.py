"""What has changed since: states, probes and differences. https://core.telegram.org/api/updates"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from telethon.tl import functions as fn
from telethon.tl import types

from tests.doubles.telegram.channel import Channel, Event
from tests.doubles.telegram.post import Post, at
from tests.doubles.telegram.rpc import Context, Rpc, Shown, Shut, about_peers, chat, input_channel, method

_SHOWN_WHEN_TOO_LONG = 20


@method(fn.updates.GetStateRequest)
def get_state(ctx: Context, _: Any) -> Any:
    return _state(ctx)


def _state(ctx: Context) -> Any:
    return types.updates.State(pts=1, qts=0, date=at(ctx.world.now()), seq=1, unread_count=0)


@method(fn.updates.GetDifferenceRequest)
def get_difference(ctx: Context, _: Any) -> Any:
    """The account's own box holds nothing; channels that it joined are polled one by one."""
    return types.updates.DifferenceEmpty(date=at(ctx.world.now()), seq=1)


@method(fn.messages.GetPeerDialogsRequest)
def get_peer_dialogs(ctx: Context, request: fn.messages.GetPeerDialogsRequest) -> Any:
    """pts and top message of up to 100 channels at once. An error of one is an error of all."""
    if len(request.peers) > 100:
        raise Rpc(400, "LIMIT_INVALID")
    dialogs, messages, chats, users = [], [], {}, {}
    for given in request.peers:
        try:
            channel = input_channel(ctx, given.peer)
        except Shut as exc:
            shut = chat(ctx, exc.channel)
            chats[bytes(shut)] = shut
            continue
        if channel.hide_from_probe:
            continue
        dialogs.append(dialog(channel, pts=not channel.probe_without_pts))
        top = [channel.posts[channel.top]] if channel.top else []
        messages += top
        some_chats, some_users = about_peers(ctx, channel, top)
        chats |= {bytes(c): c for c in some_chats}
        users |= {u.id: u for u in some_users}
    return types.messages.PeerDialogs(dialogs, messages, [*chats.values()], [*users.values()], _state(ctx))


def dialog(channel: Channel, *, pts: bool = True) -> types.Dialog:
    return types.Dialog(
        peer=channel.peer,
        top_message=channel.top,
        read_inbox_max_id=0,
        read_outbox_max_id=0,
        unread_count=0,
        unread_mentions_count=0,
        unread_reactions_count=0,
        unread_poll_votes_count=0,
        notify_settings=types.PeerNotifySettings(),
        pts=channel.pts if pts else None,
    )


@method(fn.updates.GetChannelDifferenceRequest)
def get_channel_difference(ctx: Context, request: fn.updates.GetChannelDifferenceRequest) -> Any:
    channel = input_channel(ctx, request.channel)
    if request.pts <= 0:
        raise Rpc(400, "PERSISTENT_TIMESTAMP_EMPTY")
    if request.pts > channel.pts:
        raise Rpc(400, "PERSISTENT_TIMESTAMP_INVALID")
    events = channel.events_after(request.pts)
    if events is not None and isinstance(request.filter, types.ChannelMessagesFilter):
        events = [e for e in events if _wanted(e, request.filter)]
    if events is None or len(events) > request.limit:
        return _too_long(ctx, channel, request.limit)
    if not events:
        return types.updates.ChannelDifferenceEmpty(pts=channel.pts, final=True, timeout=channel.timeout)
    part = events[: channel.slice_size] if channel.slice_size else events
    final = len(part) == len(events)
    new, other, posts = contents(channel, part)
    if channel.tells_backwards:
        other.reverse()
    chats, users = about_peers(ctx, channel, posts)
    return types.updates.ChannelDifference(
        pts=channel.pts if final else part[-1].pts,
        new_messages=new,
        other_updates=other,
        chats=chats,
        users=users,
        final=final or None,
        timeout=channel.timeout,
    )


def _wanted(event: Event, given: types.ChannelMessagesFilter) -> bool:
    if event.kind == "new" and given.exclude_new_messages:
        return False
    return any(r.min_id <= i <= r.max_id for r in given.ranges for i in event.ids)


def _too_long(ctx: Context, channel: Channel, limit: int) -> Any:
    newest = channel.visible[-min(max(limit, 1), _SHOWN_WHEN_TOO_LONG) :]
    posts = [channel.posts[i] for i in reversed(newest)]
    chats, users = about_peers(ctx, channel, posts)
    return types.updates.ChannelDifferenceTooLong(
        dialog(channel), messages=posts, chats=chats, users=users, final=True, timeout=channel.timeout
    )


def contents(channel: Channel, events: Sequence[Event]) -> tuple[list[Any], list[Any], list[Shown]]:
    """Events as new messages and other updates.

    As Telegram tells: with the state that the messages have now. A message that is gone by now is not shown; its
    deletion is. Of several edits the last one counts. `tells_every_edit` and `new_as_posted` give what the messages
    said at each event instead, those of messages that are gone by now too.
    """
    last_edit = {e.ids[0]: e.pts for e in events if e.kind == "edit"}
    new: list[Any] = []
    other: list[Any] = []
    shown: list[Shown] = []
    for event in events:
        if event.kind == "edit" and last_edit[event.ids[0]] != event.pts and not channel.tells_every_edit:
            continue
        post = _as_told(channel, event)
        if post is None and event.kind in ("new", "edit", "webpage"):
            continue
        if event.kind == "new":
            new.append(post)
        else:
            other.append(update(channel, event, post))
        shown += [post] if post is not None else []
    return new, other, shown


def _as_told(channel: Channel, event: Event) -> Shown | None:
    """The message of this event as a difference shows it."""
    post = channel.find(event.ids[0])
    then = channel.new_as_posted if event.kind == "new" else channel.tells_every_edit
    if not then or event.snapshot is None or (post is not None and post.newer_layer):
        return post
    return event.snapshot if event.ids[0] > channel.available_min_id and not channel.lost else None


def update(channel: Channel, event: Event, post: Shown | None) -> Any:
    """One event as it stands in a difference or in a push."""
    if event.kind == "new":
        return types.UpdateNewChannelMessage(post, event.pts, event.count)
    if event.kind == "edit":
        return types.UpdateEditChannelMessage(post, event.pts, event.count)
    if event.kind == "delete":
        return types.UpdateDeleteChannelMessages(channel.id, list(event.ids), event.pts, event.count)
    if event.kind == "webpage":
        media = post.message.media if isinstance(post, Post) else None
        webpage = getattr(media, "webpage", None) or types.WebPageEmpty(0)  # an edit may have taken it away since
        return types.UpdateChannelWebPage(channel.id, webpage, event.pts, event.count)
    pinned = event.kind == "pin" or None
    return types.UpdatePinnedChannelMessages(channel.id, list(event.ids), event.pts, event.count, pinned=pinned)
