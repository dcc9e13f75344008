"""Converts the updates of a difference to events. See https://core.telegram.org/api/updates.

Deletions are checked strictly: an update for another channel is never applied to this one.
"""

from __future__ import annotations

from typing import Any

from telethon.tl import types

from archiver.convert.message import convert_message, is_empty
from archiver.convert.peers import Peers
from archiver.ids import ChannelId
from archiver.model.record import Deleted, Edited, Event, HistoryCleared, Pinned, Posted, Unread

_MESSAGES: dict[type, type[Posted | Edited]] = {
    types.UpdateNewChannelMessage: Posted,
    types.UpdateEditChannelMessage: Edited,
}


def convert_difference_event(
    update: Any, raw: bytes | None = None, *, channel_id: ChannelId, peers: Peers, layer: int
) -> Event:
    """The event of an update; `raw`: the bytes of the message inside it, as received."""
    name = type(update).__name__
    kind = _MESSAGES.get(type(update))
    if kind is not None:
        message = update.message
        if is_empty(message) or _channel_of(message) != channel_id:
            return Unread(name)
        payload = bytes(message) if raw is None else raw
        converted = convert_message(message, payload, channel_id=channel_id, peers=peers, layer=layer)
        return Edited(converted, pts=update.pts) if kind is Edited else Posted(converted)
    if getattr(update, "channel_id", None) != channel_id:
        return Unread(name)
    match update:
        case types.UpdateDeleteChannelMessages():
            return Deleted(tuple(update.messages))
        case types.UpdatePinnedChannelMessages():
            return Pinned(tuple(update.messages), pinned=bool(update.pinned))
        case types.UpdateChannelAvailableMessages():
            return HistoryCleared(update.available_min_id)
    return Unread(name)


def _channel_of(message: Any) -> int | None:
    return getattr(message.peer_id, "channel_id", None)
