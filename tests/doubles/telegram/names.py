"""From names and invitations to channels, and what a channel says of itself."""

from __future__ import annotations

from typing import Any

from telethon.tl import functions as fn
from telethon.tl import types

from tests.doubles.telegram.rpc import Context, Rpc, chat, input_channel, method, own_chat
from tests.doubles.telegram.world import USERNAME

_DAY = 86_400


@method(fn.contacts.ResolveUsernameRequest)
def resolve_username(ctx: Context, request: fn.contacts.ResolveUsernameRequest) -> Any:
    account, world = ctx.account, ctx.world
    now = world.clock.now()
    account.resolves = [t for t in account.resolves if t > now - _DAY]
    if len(account.resolves) >= world.resolve_budget:
        wait = max(1, int(account.resolves[0] + _DAY - now))
        raise Rpc(420, f"FLOOD_WAIT_{wait}")
    account.resolves.append(now)
    name = request.username.lstrip("@").lower()
    if not USERNAME.fullmatch(name):
        raise Rpc(400, "USERNAME_INVALID")
    user = next((u for u in world.users.values() if name in _active(u)), None)
    if user is not None:
        return types.contacts.ResolvedPeer(types.PeerUser(user.id), chats=[], users=[user])
    channel = world.channels.get(world.names.get(name, 0))
    if channel is None or name in channel.inactive:
        raise Rpc(400, "USERNAME_NOT_OCCUPIED")
    return types.contacts.ResolvedPeer(channel.peer, chats=[chat(ctx, channel)], users=[])


def _active(user: types.User) -> set[str]:
    listed = [name.username for name in user.usernames or () if name.active]
    return {name.lower() for name in (user.username, *listed) if name}


@method(fn.channels.GetChannelsRequest)
def get_channels(ctx: Context, request: fn.channels.GetChannelsRequest) -> Any:
    chats = []
    for given in request.id:
        channel = ctx.world.channels.get(getattr(given, "channel_id", 0))
        if channel is None:
            raise Rpc(400, "CHANNEL_INVALID")
        if given.access_hash != ctx.world.access_hash(ctx.account, channel):
            raise Rpc(400, "CHANNEL_INVALID")
        chats.append(chat(ctx, channel))
    return types.messages.Chats(chats)


@method(fn.channels.GetFullChannelRequest)
def get_full_channel(ctx: Context, request: fn.channels.GetFullChannelRequest) -> Any:
    channel = input_channel(ctx, request.channel)
    full = types.ChannelFull(
        id=channel.id,
        about=channel.about,
        read_inbox_max_id=0,
        read_outbox_max_id=0,
        unread_count=0,
        chat_photo=types.PhotoEmpty(0),
        notify_settings=types.PeerNotifySettings(),
        bot_info=[],
        pts=channel.pts,
        can_view_participants=channel.megagroup or None,
        participants_count=channel.subscribers,
        pinned_msg_id=channel.pinned,
        available_min_id=channel.available_min_id or None,
        linked_chat_id=channel.linked_chat_id,
    )
    linked = ctx.world.channels.get(channel.linked_chat_id or 0)
    chats = [own_chat(ctx, channel), *([chat(ctx, linked)] if linked else [])]
    return types.messages.ChatFull(full, chats=chats, users=[])


@method(fn.messages.CheckChatInviteRequest)
def check_invite(ctx: Context, request: fn.messages.CheckChatInviteRequest) -> Any:
    channel = next((c for c in ctx.world.channels.values() if c.invite == request.hash), None)
    if channel is None or not request.hash:
        raise Rpc(400, "INVITE_HASH_EXPIRED" if request.hash else "INVITE_HASH_EMPTY")
    if ctx.account.id in channel.members:
        return types.ChatInviteAlready(chat(ctx, channel))
    if not channel.private:
        return types.ChatInvitePeek(chat(ctx, channel), expires=None)
    return types.ChatInvite(
        title=channel.title,
        photo=types.PhotoEmpty(0),
        participants_count=channel.subscribers,
        color=0,
        channel=True,
        broadcast=not channel.megagroup or None,
        megagroup=channel.megagroup or None,
        about=channel.about or None,
    )
