"""Converts a channel. See https://core.telegram.org/constructor/channel."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from archiver.convert.canonical import to_json
from archiver.convert.peers import active_usernames
from archiver.errors import StaleAccess
from archiver.ids import AccessHash
from archiver.model.record import Channel

_FLAGS = ("verified", "scam", "fake", "restricted", "gigagroup", "forum")


def convert_channel(chat: Any, full: Any = None) -> Channel:
    """The channel, with the details of `full`. Raises StaleAccess for a `min` object, whose access hash is useless."""
    if chat.min or chat.access_hash is None:
        raise StaleAccess(
            f"the server sent channel {chat.id} without an access hash that this account can use.",
            hint="Resolve its username again.",
        )
    usernames = active_usernames(chat)
    participants = getattr(full, "participants_count", None)
    return Channel(
        channel_id=chat.id,
        access_hash=AccessHash(chat.access_hash),
        title=chat.title,
        username=usernames[0] if usernames else None,
        usernames=usernames,
        about=getattr(full, "about", None) or None,
        megagroup=bool(chat.megagroup),
        participants=chat.participants_count if participants is None else participants,
        created=chat.date,
        noforwards=bool(chat.noforwards),
        restriction=convert_restriction(chat.restriction_reason) if chat.restriction_reason else None,
        flags=tuple(flag for flag in _FLAGS if getattr(chat, flag)),
        described=full is not None,
    )


def convert_restriction(reasons: Iterable[Any]) -> str:
    """The platforms on which content is blocked, and the texts shown instead."""
    return to_json([{"platform": r.platform, "reason": r.reason, "text": r.text} for r in reasons])
