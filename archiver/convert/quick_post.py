"""Posts as they mostly are, read from their bytes in one pass: a third of the time of Telethon's objects.

`telekeep verify` derives every message again, and most are text, entities, counters and perhaps one file. What is not
read here gives None: `archiver.convert.stored` reads everything, and what the two read is the same (a test compares
them). Objects within the message that are not read here are Telethon's.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from struct import Struct
from typing import Any, Final, NamedTuple

import orjson
from telethon.tl import types

from archiver.convert.canonical import to_json
from archiver.convert.content import content_hash
from archiver.convert.context import convert_forward, convert_reactions, convert_reply, sort_reactions
from archiver.convert.markup import convert_markup
from archiver.convert.media import add_media
from archiver.convert.peers import Peers, bare_peer
from archiver.convert.quick_photo import read_photo
from archiver.convert.quick_reader import QuickReader
from archiver.convert.slots import Slots
from archiver.convert.text import PLAIN_ENTITIES, entity_list
from archiver.ids import ChannelId
from archiver.model.record import Media

COLUMNS: Final = (
    "kind", "date", "edit_date", "text", "entities", "sender", "post_author", "via_bot_id", "reply_to",
    "reply_to_msg_id", "fwd_from", "grouped_id", "views", "forwards", "replies", "reactions", "action", "media_kind",
    "markup", "restriction", "noforwards", "pinned", "silent", "extra", "content_hash", "payload_sha256",
)  # fmt: skip


class QuickPost(NamedTuple):
    """A post's content."""

    message_id: int
    columns: tuple[Any, ...]
    """In the order of COLUMNS: times are unix seconds."""
    media: tuple[Media, ...]


_FORWARD, _REPLY, _MARKUP, _ENTITIES, _FROM, _MEDIA, _VIEWS = (1 << bit for bit in (2, 3, 6, 7, 8, 9, 10))
_SILENT, _EDITED, _SIGNED, _GROUPED, _REACTED, _REPLIES = (1 << bit for bit in (13, 15, 16, 17, 20, 23))
_PINNED, _NO_FORWARDS = 1 << 24, 1 << 26
_UNUSED = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 14
"""About the account that reads, and `post`."""
_RARE = {1 << 19: "legacy", 1 << 18: "from_scheduled", 1 << 21: "edit_hide", 1 << 27: "invert_media"}
"""Flags kept in `extra`, in its order."""
_IN_EXTRA = sum(_RARE)
_KNOWN = (
    _FORWARD | _REPLY | _MARKUP | _ENTITIES | _FROM | _MEDIA | _VIEWS | _SILENT | _EDITED | _SIGNED | _GROUPED
    | _REACTED | _REPLIES | _PINNED | _NO_FORWARDS | _UNUSED | _IN_EXTRA
)  # fmt: skip
_VECTOR = 0x1CB5C415
_MOST = 9_999_999_999
_MESSAGE: Final[int] = types.Message.CONSTRUCTOR_ID
_CHANNEL: Final[int] = types.PeerChannel.CONSTRUCTOR_ID
_TEXT_URL: Final[int] = types.MessageEntityTextUrl.CONSTRUCTOR_ID
_EMOJI: Final[int] = types.ReactionEmoji.CONSTRUCTOR_ID
_COUNT: Final[int] = types.ReactionCount.CONSTRUCTOR_ID
_REACTIONS: Final[int] = types.MessageReactions.CONSTRUCTOR_ID
_COMMENTS: Final[int] = types.MessageReplies.CONSTRUCTOR_ID
_REACTORS, _REPLIERS = 1 << 1 | 1 << 4, 1 << 1
"""Flags of lists of people."""
_PLAIN = {kind.CONSTRUCTOR_ID: f'{{"type":"{name}","offset":' for kind, name in PLAIN_ENTITIES.items()}
_int, _long = Struct("<i").unpack_from, Struct("<q").unpack_from
_head, _peer, _two = Struct("<IIIi").unpack_from, Struct("<Iq").unpack_from, Struct("<ii").unpack_from
_vector, _entity, _counted = Struct("<Ii").unpack_from, Struct("<Iii").unpack_from, Struct("<III").unpack_from


def read_post(raw: bytes, channel_id: ChannelId, peers: Peers) -> QuickPost | None:
    """The post of this channel in these bytes; None if it has anything that is not read here."""
    try:
        return _read(raw, channel_id, peers)
    except Exception:  # noqa: BLE001 - garbled bytes may fail in any way
        return None


def _read(raw: bytes, channel_id: ChannelId, peers: Peers) -> QuickPost | None:
    constructor, flags, flags2, message_id = _head(raw)
    if constructor != _MESSAGE or flags2 or flags & ~_KNOWN:
        return None
    at = 16
    sender = forward = reply = answered = None
    if flags & _FROM:
        found, at = _object(raw, at)
        number = bare_peer(found)["id"]
        if not isinstance(number, int) or not 0 < number <= _MOST:
            return None  # Telethon changes it
        sender = peers.sender(found)
    if _peer(raw, at) != (_CHANNEL, channel_id):
        return None
    at += 12
    if flags & _FORWARD:
        found, at = _object(raw, at)
        forward = convert_forward(found, peers)
    if flags & _REPLY:
        found, at = _object(raw, at)
        reply, answered = convert_reply(found, peers), getattr(found, "reply_to_msg_id", None)
    (date,) = _int(raw, at)
    text, at = _string(raw, at + 4)
    media: tuple[Media, ...] = ()
    identities: list[object] = []
    if flags & _MEDIA:
        media, identities, at = _media(raw, at)
    markup = entities = None
    if flags & _MARKUP:
        found, at = _object(raw, at)
        markup = convert_markup(found)
    if flags & _ENTITIES:
        entities, at = _entities(raw, at)
    views, forwards, replies, edited, author, group, reactions, at = _after(raw, at, flags)
    if at != len(raw):
        return None
    digest = content_hash(text, entities, identities, markup, None, None)
    columns = (
        "message", date, edited or None, text, entities, sender, author, None, reply, answered, forward,
        group, views, forwards, replies, reactions, None, media[0].kind if media else None, markup, None,
        bool(flags & _NO_FORWARDS), bool(flags & _PINNED), bool(flags & _SILENT), _extra(flags & _IN_EXTRA), digest,
        sha256(raw).digest(),
    )  # fmt: skip
    return QuickPost(message_id, columns, media)


def _after(raw: bytes, at: int, flags: int) -> tuple[Any, ...]:
    """What follows the text, its entities and its media, and where it ends."""
    views = forwards = replies = edited = author = group = reactions = None
    if flags & _VIEWS:
        views, forwards = _two(raw, at)
        at += 8
    if flags & _REPLIES:
        replies, at = _replies(raw, at)
    if flags & _EDITED:
        (edited,) = _int(raw, at)
        at += 4
    if flags & _SIGNED:
        author, at = _string(raw, at)
    if flags & _GROUPED:
        group = str(_long(raw, at)[0])
        at += 8
    if flags & _REACTED:
        reactions, at = _reactions(raw, at)
    return views, forwards, replies, edited, author, group, reactions, at


def _object(raw: bytes, at: int) -> tuple[Any, int]:
    reader = QuickReader(raw, at)
    return reader.tgread_object(), reader.position


def _string(raw: bytes, at: int) -> tuple[str, int]:
    """https://core.telegram.org/mtproto/serialize"""
    size = raw[at]
    if size == 254:
        size = int.from_bytes(raw[at + 1 : at + 4], "little")
        at += 3
    end = at + 1 + size
    return raw[at + 1 : end].decode("utf-8", "replace"), end + -end % 4


def _media(raw: bytes, at: int) -> tuple[tuple[Media, ...], list[object], int]:
    """The media, their identities, and where they end."""
    if (photo := read_photo(raw, at)) is not None:
        return (photo[0],), [["photo", photo[0].id]], photo[1]
    found, at = _object(raw, at)
    slots = Slots()
    if type(found) is not types.MessageMediaEmpty:
        add_media(found, slots)
    if slots.spoilers:
        raise ValueError("has two hashes")
    return slots.media, slots.identities, at


def _entities(raw: bytes, at: int) -> tuple[str | None, int]:
    vector, count = _vector(raw, at)
    if vector != _VECTOR:
        raise ValueError("no vector")
    at += 8
    parts = []
    for _ in range(count):
        kind, offset, length = _entity(raw, at)
        begun = _PLAIN.get(kind)
        if begun is not None:
            parts.append(f'{begun}{offset},"length":{length}}}')
            at += 12
        elif kind == _TEXT_URL:
            url, at = _string(raw, at + 12)
            quoted = orjson.dumps(url).decode()
            parts.append(f'{{"type":"text_url","offset":{offset},"length":{length},"url":{quoted}}}')
        else:
            found, at = _object(raw, at)
            parts.append(to_json(entity_list([found])[0]))
    return f"[{','.join(parts)}]" if parts else None, at


def _replies(raw: bytes, at: int) -> tuple[int, int]:
    constructor, flags, replies, _ = _head(raw, at)
    if constructor != _COMMENTS or flags & _REPLIERS:
        found, at = _object(raw, at)
        return found.replies, at
    return replies - (replies >> 31 << 32), at + 16 + 8 * (flags & 1) + (flags & 4) + (flags >> 1 & 4)


def _reactions(raw: bytes, start: int) -> tuple[str | None, int]:
    constructor, flags, vector, count = _head(raw, start)
    if (constructor, vector) == (_REACTIONS, _VECTOR) and not flags & _REACTORS:
        counts: list[dict[str, Any]] = []
        at = start + 16
        for _ in range(count):
            counted, chosen, kind = _counted(raw, at)
            if (counted, chosen, kind) != (_COUNT, 0, _EMOJI):
                break
            emoticon, at = _string(raw, at + 12)
            counts.append({"reaction": emoticon, "count": _int(raw, at)[0]})
            at += 4
        else:
            return sort_reactions(counts), at
    found, at = _object(raw, start)
    return convert_reactions(found), at


@lru_cache(maxsize=64)
def _extra(flags: int) -> str | None:
    return to_json({name: True for bit, name in _RARE.items() if flags & bit}) if flags else None
