"""The owner of a username: https://core.telegram.org/constructor/contacts.resolvedPeer"""

from __future__ import annotations

from typing import Any

from telethon.tl import types

from archiver.convert.channel import convert_channel
from archiver.errors import ChannelGone, ChannelInaccessible, ServerFault
from archiver.ids import ChannelId
from archiver.model.record import Channel

_HINT = "Only channels and public groups can be mirrored."


def convert_resolved(answer: Any) -> Channel:
    """The channel with the username. Raises ChannelGone, which says what has it instead, and ChannelInaccessible."""
    peer = getattr(answer, "peer", None)
    if isinstance(peer, types.PeerChannel):
        return find_channel(answer.chats, peer.channel_id, None)
    if isinstance(peer, types.PeerUser):
        user = next((user for user in answer.users if user.id == peer.user_id), None)
        what = "a bot" if getattr(user, "bot", False) else "a person"
        raise ChannelGone(f"this is {what}, not a channel.", hint=_HINT)
    if isinstance(peer, types.PeerChat):
        raise ChannelGone("this is a basic group, not a channel.", hint=_HINT)
    raise ServerFault("the server did not answer with the username's owner.", hint="Try again later.")


def find_channel(chats: list[Any], channel_id: ChannelId, full: Any) -> Channel:
    """The requested channel in an answer. Raises ChannelInaccessible, and ServerFault if it is missing."""
    for chat in chats:
        if chat.id != channel_id:
            continue
        if isinstance(chat, types.ChannelForbidden):
            raise ChannelInaccessible("the channel is private, or this account is banned from it.")
        if isinstance(chat, types.Channel):
            return convert_channel(chat, full)
    raise ServerFault("the server did not describe the requested channel.", hint="Try again later.")
