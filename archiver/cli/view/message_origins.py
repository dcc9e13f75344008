"""Who wrote a message, where it was forwarded from, what it replies to, and its replies. Untrusted text. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

import orjson

from archiver.cli.view.figures import number
from archiver.cli.view.heading import called
from archiver.cli.view.moments import Moments
from archiver.model.imported import FILLED_KEY
from archiver.model.reply import is_reply, topic_of
from archiver.model.row import ChannelName
from archiver.reading.message_context import MessageContext
from search.show.snippet import snippet

_QUOTED = 60
"""Maximum characters shown of the message that it replies to."""
_REPLIES = 8
"""Replies that are listed."""


def list_origins(context: MessageContext, moments: Moments) -> Iterator[tuple[str, str]]:
    """Who wrote it, where it was forwarded from, and what it replies to."""
    row = context.row
    author = _load(row["sender"]) or {}
    filled = (_load(row["extra"]) or {}).get(FILLED_KEY) or ()
    names = {"post_author": row["post_author"], "sender": _peer(author, context) if author else None}
    if written := ", ".join(f"{one}{_by_import(name, filled)}" for name, one in names.items() if one):
        yield "by", written
    if bot := _load(row.get("via_bot")):
        yield "via", _peer(bot, context)
    if origin := _load(row["fwd_from"]):
        yield "forwarded", _forwarded(origin, context, moments) + _by_import("fwd_from", filled)
    if topic := topic_of(row["reply_to"]):
        yield "topic", f"{called(context.channel)}/{topic}"
    if (reply := _load(row["reply_to"])) and is_reply(row["reply_to"]):
        yield "reply to", _reply(reply, context) + _by_import("reply_to", filled)
    if replies := _describe_replies(context):
        yield "replies", replies


def _by_import(name: str, filled: Collection[str]) -> str:
    return " (from an import, not from Telegram)" if name in filled else ""


def _describe_replies(context: MessageContext) -> str:
    """The addresses of the first replies."""
    found = context.replies
    shown = [f"{called(context.known[one.channel_id])}/{one.message_id}" for one in found.replies[:_REPLIES]]
    more = len(found.replies) - len(shown)
    if more or not found.whole:
        shown.append(f"and {number(more)} more" if found.whole else f"and at least {number(more)} more")
    return ", ".join(shown)


def _forwarded(origin: Mapping[str, Any], context: MessageContext, moments: Moments) -> str:
    peer = {**(origin.get("from_id") or {}), "name": origin.get("name"), "username": origin.get("username")}
    source = _peer(peer, context) if origin.get("from_id") else str(origin.get("from_name") or "a hidden source")
    post = f"/{origin['channel_post']}" if origin.get("channel_post") else ""
    signed = f", signed {origin['post_author']}" if origin.get("post_author") else ""
    date = _unix(origin.get("date"))
    when = f", posted there {moments.at(date)}" if date is not None else ""
    return f"from {source}{post}{signed}{when}"


def _reply(reply: Mapping[str, Any], context: MessageContext) -> str:
    peer = reply.get("reply_to_peer_id")
    where = _peer(peer, context) if isinstance(peer, dict) else called(context.channel)
    answered = reply.get("reply_to_msg_id")
    if answered is None and "reply_to_peer_id" in reply and not isinstance(peer, dict):
        where = "a message in another chat; the export does not say which"
    target = f"{where}/{answered}" if answered else "a story" if "story_id" in reply else where
    if quote := reply.get("quote_text"):
        return f'{target}: "{quote}"'
    if context.is_answered_imported:
        target = f"{target} (from an import, not seen on Telegram)"
    return f"{target}: {beginning(context.answered)}" if context.answered else target


def beginning(text: str) -> str:
    """The beginning of a text, on one line."""
    piece = snippet(text, (), _QUOTED)
    return f"{piece.text} …" if piece.cut_after else piece.text


def _peer(peer: Mapping[str, Any], context: MessageContext) -> str:
    """A channel's address if it is archived; otherwise the peer's name and username or id."""
    known: ChannelName | None = context.known.get(peer.get("id", 0)) if peer.get("type") == "channel" else None
    if known is not None:
        return called(known)
    name, username = peer.get("name"), peer.get("username")
    label = f"@{username}" if username else str(peer.get("id") or "")
    return f"{name} ({label})" if name and label else name or label or "unknown"


def _unix(value: object) -> float | None:
    """Unix seconds of ISO 8601, which a forward's date is stored as; None for anything else."""
    try:
        return datetime.fromisoformat(str(value)).timestamp() if value else None
    except (ValueError, OverflowError):
        return None


def _load(value: object) -> Any:
    return orjson.loads(value) if isinstance(value, str) else value
