"""Read the columns of a post from its bytes in one pass, for `telekeep verify`, which derives every message again.

Like `archiver.convert.quick_draft`, but without a record, and with the names stored with the message.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from operator import attrgetter
from struct import Struct
from typing import Any, Final, TypeAlias

import orjson
from telethon.tl import types

from archiver.convert import quick_parts as parts
from archiver.convert.action import convert_action
from archiver.convert.markup import convert_markup
from archiver.convert.peers import Peers, bare_peer
from archiver.convert.quick_context import read_forward, read_reply
from archiver.convert.quick_webpage import Usual
from archiver.ids import ChannelId

COLUMNS: Final = (
    "kind", "date", "edit_date", "text", "entities", "sender", "post_author", "via_bot_id", "reply_to",
    "reply_to_msg_id", "fwd_from", "grouped_id", "views", "forwards", "replies", "reactions", "action", "media_kind",
    "markup", "restriction", "noforwards", "pinned", "silent", "extra", "content_hash", "payload_sha256",
)  # fmt: skip
_SERVICE: Final[int] = types.MessageService.CONSTRUCTOR_ID
_SERVICE_KNOWN: Final = parts.FROM | parts.REPLY | parts.SILENT | parts.UNUSED
_BEFORE_TEXT: Final = parts.FROM | parts.FORWARD | parts.REPLY
_AFTER_TEXT: Final = parts.VIEWS | parts.REPLIES | parts.EDITED | parts.SIGNED | parts.GROUPED | parts.REACTED
_NO_FORWARDS, _PINNED, _SILENT = (flag.bit_length() - 1 for flag in (parts.NO_FORWARDS, parts.PINNED, parts.SILENT))
_head, _dated = Struct("<IIi").unpack_from, Struct("<iB").unpack_from
_usual = Struct("<IIIiIqiB").unpack_from
"""A post up to the length of its text, as most are: neither signed by an account, nor a forward, nor a reply."""
_values_of = attrgetter(*parts.VALUES)
_Media: TypeAlias = tuple[tuple[Any, ...], ...]
_NO_MEDIA: Final[tuple[_Media, list[object]]] = (), []


QuickPost: TypeAlias = tuple[int, tuple[Any, ...], _Media]
"""A post's id, its columns in the order of COLUMNS, and its media in that of VALUES.

Times are unix seconds. The text is UTF-8: to compare it so takes less time than to decode that of the row, too.
"""


def parse_post(raw: bytes, channel_id: ChannelId, peers: Peers) -> QuickPost | None:
    """The post of this channel in these bytes; None if it has anything that is not read here.

    Garbled bytes may raise any exception.
    """
    constructor, flags, flags2, message_id, peer, number, date, size = _usual(raw, 0)
    if constructor == _SERVICE:
        return _read_service(raw, channel_id, peers)
    if constructor != parts.MESSAGE or flags2 or flags & ~parts.KNOWN:
        return None
    sender = forward = reply = answered = None
    at = 32
    if flags & _BEFORE_TEXT:
        sender, forward, reply, answered, at = _read_before(raw, flags, channel_id, peers)
        date, size = _dated(raw, at)
        at += 4
    elif peer != parts.CHANNEL or number != channel_id or not 0 < number <= parts.MOST:
        return None  # of another channel
    if size == parts.LONG:
        size = int.from_bytes(raw[at + 1 : at + 4], "little")
        at += 3
    end = at + 1 + size
    data, at = raw[at + 1 : end], end + -end % 4
    text = data.decode()  # of a text that is no UTF-8, the row has what Telethon makes of it
    media, identities = _NO_MEDIA
    markup = entities = edited = author = group = reactions = replies = views = forwards = None
    if flags & parts.MEDIA:
        media, identities, at = _read_media(raw, at)
    if flags & parts.MARKUP:
        found, at = parts.read_object(raw, at)
        markup = convert_markup(found)
    if flags & parts.ENTITIES:
        entities, at = parts.read_entities(raw, at)
    if flags & _AFTER_TEXT == parts.VIEWS:
        views, forwards = parts.read_two(raw, at)
        at += 8
    elif flags & _AFTER_TEXT:
        views, forwards, replies, edited, author, group, reactions, at = parts.read_after(raw, at, flags)
    if at != len(raw) or (flags & parts.REACTED and reactions is None):
        return None  # of another length, or with reactions that may be unknown
    extra = parts.rare_flags(flags & parts.IN_EXTRA) if flags & parts.IN_EXTRA else None
    digest = sha256(orjson.dumps((text, entities, identities, markup, None, None))).digest()
    return message_id, (
        "message", date, edited or None, data, entities, sender, author, None, reply, answered, forward, group, views,
        forwards, replies, reactions, None, media[0][1] if media else None, markup, None,
        flags >> _NO_FORWARDS & 1, flags >> _PINNED & 1, flags >> _SILENT & 1, extra, digest,
        sha256(raw).digest(),
    ), media  # fmt: skip


def _read_before(raw: bytes, flags: int, channel_id: ChannelId, peers: Peers) -> tuple[Any, ...]:
    """What precedes the date, and where that begins."""
    forward = reply = answered = None
    sender, at = _read_origin(raw, 16, flags & parts.FROM, channel_id, peers)
    if flags & parts.FORWARD:
        forward, at = read_forward(raw, at, peers)
    if flags & parts.REPLY:
        reply, answered, at = read_reply(raw, at, peers)
    return sender, forward, reply, answered, at


def _read_origin(raw: bytes, at: int, has_sender: int, channel_id: ChannelId, peers: Peers) -> tuple[str | None, int]:
    """The sender, and where the channel after it ends. Raises ValueError if it is another channel."""
    sender = None
    if has_sender:
        found, at = parts.read_object(raw, at)
        number = bare_peer(found)["id"]
        if not isinstance(number, int) or not 0 < number <= parts.MOST:
            raise ValueError("Telethon changes it")
        sender = peers.sender(found)
    peer, number = parts.read_peer(raw, at)
    if peer != parts.CHANNEL or number != channel_id or not 0 < number <= parts.MOST:
        raise ValueError("of another channel")
    return sender, at + 12


def _read_media(raw: bytes, at: int) -> Usual:
    """The media, their identities, and where they end."""
    if (usual := parts.read_usual(raw, at)) is not None:
        return usual
    media, identities, at = parts.read_media(raw, at)
    return tuple(map(_values_of, media)), identities, at


def _read_service(raw: bytes, channel_id: ChannelId, peers: Peers) -> QuickPost | None:
    """A service message that consists of its action only."""
    _, flags, message_id = _head(raw, 0)
    if flags & ~_SERVICE_KNOWN:
        return None
    reply = answered = None
    sender, at = _read_origin(raw, 12, flags & parts.FROM, channel_id, peers)
    if flags & parts.REPLY:
        reply, answered, at = read_reply(raw, at, peers)
    (date,) = parts.read_int(raw, at)
    action = _read_action(raw[at + 4 :])
    digest = sha256(orjson.dumps(("", None, (), None, None, action))).digest()
    return message_id, (
        "service", date, None, b"", None, sender, None, None, reply, answered, None, None, None, None, None, None,
        action, None, None, None, 0, 0, flags >> _SILENT & 1, None, digest, sha256(raw).digest(),
    ), ()  # fmt: skip


@lru_cache(maxsize=1024)
def _read_action(raw: bytes) -> str:
    """The action as JSON. Raises ValueError if it has a photo, or if anything follows it."""
    action, end = parts.read_object(raw, 0)
    if end != len(raw) or getattr(action, "photo", None) is not None:
        raise ValueError("a rare service message")
    return convert_action(action)
