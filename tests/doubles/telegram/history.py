"""Reading messages: pages of history, single ids, counters. https://core.telegram.org/api/offsets"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

from telethon.tl import functions as fn
from telethon.tl import types

from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.post import Post, at
from tests.doubles.telegram.rpc import Context, Rpc, about_peers, input_channel, method

PAGE = 100


@method(fn.messages.GetHistoryRequest)
def get_history(ctx: Context, request: fn.messages.GetHistoryRequest) -> Any:
    channel = input_channel(ctx, request.peer)
    return page_of(ctx, channel, channel.visible, request)


def page_of(ctx: Context, channel: Channel, ids: list[int], request: Any) -> Any:
    """The part of these ids, ascending, that the request's offsets and limit mean."""
    limit = min(request.limit, PAGE) if request.limit > 0 else 20
    start = _offset(channel, ids, request) + request.add_offset
    page = _slice(ids, start, limit)
    if request.min_id or request.max_id:  # strict, and only now: an empty page need not be the end
        top = request.max_id or channel.last_id + 1
        page = [i for i in page if request.min_id < i < top]
    if request.hash and request.hash == _ids_hash(page):
        return types.messages.MessagesNotModified(len(ids))
    posts = [channel.posts[i] for i in page]
    chats, users = about_peers(ctx, channel, posts)
    vectors = {"messages": posts, "topics": [], "chats": chats, "users": users}
    count = len(ids) + channel.miscount
    if channel.stateless == "messages" and len(ids) <= len(posts):
        return types.messages.Messages(**vectors)
    offset = max(start, 0) if request.offset_id else None
    if channel.stateless:
        return types.messages.MessagesSlice(count, **vectors, offset_id_offset=offset)
    return types.messages.ChannelMessages(channel.pts, count, **vectors, offset_id_offset=offset)


def _offset(channel: Channel, ids: list[int], request: Any) -> int:
    """How many messages are newer than the first that the offset means."""
    if request.offset_id:
        return len(ids) - bisect_left(ids, request.offset_id)
    limit = _date(request)
    if limit <= 0:  # no date travels as 1970
        return 0
    newer = 0
    for message_id in reversed(ids):
        if channel.posts[message_id].date < limit:
            break
        newer += 1
    return newer


def _date(request: Any) -> float:
    date = getattr(request, "offset_date", None)  # a search has none
    return date.timestamp() if date else 0


def _slice(ids: list[int], start: int, limit: int) -> list[int]:
    """[start, start + limit) of the ids counted from the newest; what lies above the newest is not there."""
    stop = len(ids) - max(start, 0)
    begin = max(len(ids) - max(start + limit, 0), 0)
    return ids[begin:stop][::-1] if stop > begin else []


def _ids_hash(ids: list[int]) -> int:
    """https://core.telegram.org/api/offsets#hash-generation"""
    value = 0
    for message_id in ids:
        value ^= value >> 21
        value ^= value << 35 & 0xFFFFFFFFFFFFFFFF
        value ^= value >> 4
        value = value + message_id & 0xFFFFFFFFFFFFFFFF
    return value - (1 << 64) if value >> 63 else value


@method(fn.channels.GetMessagesRequest)
def get_messages(ctx: Context, request: fn.channels.GetMessagesRequest) -> Any:
    """By id, in the order asked for; what is not there comes back as MessageEmpty."""
    channel = input_channel(ctx, request.channel)
    wanted = [_wanted_id(channel, given) for given in request.id[:PAGE]]
    if not wanted or all(not 0 < i < 1 << 31 for i in wanted):
        raise Rpc(400, "MESSAGE_IDS_EMPTY")
    found = [channel.find(i) for i in wanted]
    posts = [p for p in found if p is not None]
    chats, users = about_peers(ctx, channel, posts)
    messages = [
        types.MessageEmpty(id=i, peer_id=channel.peer) if post is None else post
        for i, post in zip(wanted, found, strict=True)
    ]
    return types.messages.ChannelMessages(
        pts=channel.pts, count=len(messages), messages=messages, topics=[], chats=chats, users=users
    )


def _wanted_id(channel: Channel, given: Any) -> int:
    if isinstance(given, types.InputMessagePinned):
        return channel.pinned or 0
    if isinstance(given, types.InputMessageReplyTo):
        post = channel.find(given.id)
        header = post.message.reply_to if post else None
        return getattr(header, "reply_to_msg_id", 0) or 0
    return int(getattr(given, "id", 0))


@method(fn.messages.GetRichMessageRequest)
def get_rich_message(ctx: Context, request: fn.messages.GetRichMessageRequest) -> Any:
    """One message with the whole of its rich message, of which histories and differences may show only a part."""
    channel = input_channel(ctx, request.peer)
    post = channel.find(request.id)
    if post is None or post.message.rich_message is None:
        raise Rpc(400, "MESSAGE_ID_INVALID")
    chats, users = about_peers(ctx, channel, [post])
    return types.messages.ChannelMessages(
        pts=channel.pts, count=1, messages=[post.whole], topics=[], chats=chats, users=users
    )


@method(fn.messages.GetMessagesRequest)
def get_own_messages(_: Context, request: fn.messages.GetMessagesRequest) -> Any:
    """Private messages and small groups: these accounts have none."""
    empty = [types.MessageEmpty(id=getattr(given, "id", 0), peer_id=None) for given in request.id]
    return types.messages.Messages(messages=empty, topics=[], chats=[], users=[])


@method(fn.messages.GetMessagesViewsRequest)
def get_views(ctx: Context, request: fn.messages.GetMessagesViewsRequest) -> Any:
    channel = input_channel(ctx, request.peer)
    answer = []
    posts = []
    for message_id in request.id[:PAGE]:
        post = channel.find(message_id)
        if post is None or post.is_service:
            answer.append(types.MessageViews())
            continue
        if request.increment and post.message.views is not None:
            post.change(views=post.message.views + 1)
        message = post.message
        posts.append(post)
        answer.append(types.MessageViews(message.views, message.forwards, message.replies))
    chats, users = about_peers(ctx, channel, posts)
    return types.messages.MessageViews(answer, chats=chats, users=users)


@method(fn.messages.GetMessagesReactionsRequest)
def get_reactions(ctx: Context, request: fn.messages.GetMessagesReactionsRequest) -> Any:
    """Only messages that have reactions are named in the answer."""
    channel = input_channel(ctx, request.peer)
    posts = [p for p in (channel.find(i) for i in request.id[:PAGE]) if p is not None and p.message.reactions]
    updates = [types.UpdateMessageReactions(channel.peer, p.id, p.message.reactions) for p in posts]
    return _updates(ctx, channel, posts, updates)


@method(fn.messages.GetPollResultsRequest)
def get_poll_results(ctx: Context, request: fn.messages.GetPollResultsRequest) -> Any:
    channel = input_channel(ctx, request.peer)
    post = channel.find(request.msg_id)
    media = post.message.media if post else None
    if post is None or not isinstance(media, types.MessageMediaPoll):
        raise Rpc(400, "MESSAGE_ID_INVALID")
    update = types.UpdateMessagePoll(media.poll.id, media.results, peer=channel.peer, msg_id=post.id, poll=media.poll)
    return _updates(ctx, channel, [post], [update])


@method(fn.messages.GetExtendedMediaRequest)
def get_extended_media(ctx: Context, request: fn.messages.GetExtendedMediaRequest) -> Any:
    channel = input_channel(ctx, request.peer)
    posts = [p for p in (channel.find(i) for i in request.id[:PAGE]) if p is not None]
    paid = [p for p in posts if isinstance(p.message.media, types.MessageMediaPaidMedia)]
    updates = [types.UpdateMessageExtendedMedia(channel.peer, p.id, p.message.media.extended_media) for p in paid]
    return _updates(ctx, channel, paid, updates)


def _updates(ctx: Context, channel: Channel, posts: list[Post], updates: list[Any]) -> Any:
    chats, users = about_peers(ctx, channel, posts)
    return types.Updates(updates, users=users, chats=chats, date=at(ctx.world.now()), seq=0)


@method(fn.channels.JoinChannelRequest)
def join(ctx: Context, request: fn.channels.JoinChannelRequest) -> Any:
    """It works, and `Server.forbidden` shows that somebody did it."""
    channel = input_channel(ctx, request.channel)
    channel.members.add(ctx.account.id)
    return _updates(ctx, channel, [], [types.UpdateChannel(channel.id)])


@method(fn.channels.ReadHistoryRequest, fn.channels.ReadMessageContentsRequest)
def read_channel_history(ctx: Context, request: Any) -> bool:
    input_channel(ctx, request.channel)
    return True


@method(fn.messages.ReadHistoryRequest)
def read_history(ctx: Context, request: fn.messages.ReadHistoryRequest) -> Any:
    input_channel(ctx, request.peer)
    return types.messages.AffectedMessages(pts=1, pts_count=0)
