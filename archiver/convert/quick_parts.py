"""Parts of a post, each read from its bytes in one pass: from where it begins, with where it ends."""

from __future__ import annotations

from functools import lru_cache
from struct import Struct
from typing import Any, Final

import orjson
from telethon.tl import types

from archiver.convert.canonical import to_json
from archiver.convert.context import convert_reactions
from archiver.convert.media import add_media
from archiver.convert.quick_document import document_values
from archiver.convert.quick_photo import photo_values
from archiver.convert.quick_reader import QuickReader
from archiver.convert.quick_string import VECTOR, read_string
from archiver.convert.quick_webpage import Usual, webpage_values
from archiver.convert.slots import Slots
from archiver.convert.text import PLAIN_ENTITIES, entity_list
from archiver.model.record import Media

FORWARD, REPLY, MARKUP, ENTITIES, FROM, MEDIA, VIEWS = (1 << bit for bit in (2, 3, 6, 7, 8, 9, 10))
SILENT, EDITED, SIGNED, GROUPED, REACTED, REPLIES = (1 << bit for bit in (13, 15, 16, 17, 20, 23))
PINNED, NO_FORWARDS = 1 << 24, 1 << 26
VALUES: Final = (
    "slot", "kind", "id", "mime", "size", "width", "height", "duration", "file_name", "title", "performer", "url",
    "search_text", "extra",
)  # fmt: skip
"""Fields of `Media` that come from the server."""
UNUSED = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 14
"""About the account that reads, and `post`."""
_RARE = {1 << 19: "legacy", 1 << 18: "from_scheduled", 1 << 21: "edit_hide", 1 << 27: "invert_media"}
"""Flags kept in `extra`, in its order."""
IN_EXTRA = sum(_RARE)
KNOWN = (
    FORWARD | REPLY | MARKUP | ENTITIES | FROM | MEDIA | VIEWS | SILENT | EDITED | SIGNED | GROUPED
    | REACTED | REPLIES | PINNED | NO_FORWARDS | UNUSED | IN_EXTRA
)  # fmt: skip
MOST = 9_999_999_999
LONG = 254
"""The first byte of a text whose length takes three more."""
MESSAGE: Final[int] = types.Message.CONSTRUCTOR_ID
CHANNEL: Final[int] = types.PeerChannel.CONSTRUCTOR_ID
_TEXT_URL: Final[int] = types.MessageEntityTextUrl.CONSTRUCTOR_ID
_EMOJI: Final[int] = types.ReactionEmoji.CONSTRUCTOR_ID
_COUNT: Final[int] = types.ReactionCount.CONSTRUCTOR_ID
_REACTIONS: Final[int] = types.MessageReactions.CONSTRUCTOR_ID
_COMMENTS: Final[int] = types.MessageReplies.CONSTRUCTOR_ID
_REACTORS, _REPLIERS = 1 << 1 | 1 << 4, 1 << 1
"""Flags of lists of people."""
_PLAIN = {kind.CONSTRUCTOR_ID: f'{{"type":"{name}","offset":' for kind, name in PLAIN_ENTITIES.items()}
read_int, _long = Struct("<i").unpack_from, Struct("<q").unpack_from
read_head, read_peer, read_two = Struct("<IIIi").unpack_from, Struct("<Iq").unpack_from, Struct("<ii").unpack_from
_vector, _entity, _counted = Struct("<Ii").unpack_from, Struct("<Iii").unpack_from, Struct("<IIIB").unpack_from


def read_after(raw: bytes, at: int, flags: int) -> tuple[Any, ...]:
    """What follows the text, its entities and its media, and where it ends."""
    views = forwards = replies = edited = author = group = reactions = None
    if flags & VIEWS:
        views, forwards = read_two(raw, at)
        at += 8
    if flags & REPLIES:
        replies, at = _replies(raw, at)
    if flags & EDITED:
        (edited,) = read_int(raw, at)
        at += 4
    if flags & SIGNED:
        author, at = read_string(raw, at)
    if flags & GROUPED:
        group = str(_long(raw, at)[0])
        at += 8
    if flags & REACTED:
        reactions, at = _reactions(raw, at)
    return views, forwards, replies, edited, author, group, reactions, at


def read_object(raw: bytes, at: int) -> tuple[Any, int]:
    reader = QuickReader(raw, at)
    return reader.tgread_object(), reader.position


def read_usual(raw: bytes, at: int) -> Usual | None:
    """The columns VALUES of a photo, a document or a link preview with its photo; None if it is a rare one."""
    if (file := photo_values(raw, at) or document_values(raw, at)) is not None:
        values, end = file
        return (values,), [values[1:3]], end
    return webpage_values(raw, at)


def read_media(raw: bytes, at: int) -> tuple[tuple[Media, ...], list[object], int]:
    """The media, their identities, and where they end."""
    if (usual := read_usual(raw, at)) is not None:
        media, identities, at = usual
        return tuple([Media(**dict(zip(VALUES, one, strict=True))) for one in media]), identities, at
    found, at = read_object(raw, at)
    slots = Slots()
    if type(found) is not types.MessageMediaEmpty:
        add_media(found, slots)
    if slots.spoilers:
        raise ValueError("has two hashes")
    return slots.media, slots.identities, at


def read_entities(raw: bytes, at: int) -> tuple[str | None, int]:
    vector, count = _vector(raw, at)
    if vector != VECTOR:
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
            url, at = read_string(raw, at + 12)
            quoted = orjson.dumps(url).decode()
            parts.append(f'{{"type":"text_url","offset":{offset},"length":{length},"url":{quoted}}}')
        else:
            found, at = read_object(raw, at)
            parts.append(to_json(entity_list([found])[0]))
    return f"[{','.join(parts)}]" if parts else None, at


def _replies(raw: bytes, at: int) -> tuple[int, int]:
    constructor, flags, replies, _ = read_head(raw, at)
    if constructor != _COMMENTS or flags & _REPLIERS:
        found, at = read_object(raw, at)
        return found.replies, at
    return replies - (replies >> 31 << 32), at + 16 + 8 * (flags & 1) + (flags & 4) + (flags >> 1 & 4)


def _reactions(raw: bytes, start: int) -> tuple[str | None, int]:
    constructor, flags, vector, count = read_head(raw, start)
    if (constructor, vector) == (_REACTIONS, VECTOR) and not flags & _REACTORS:
        counts: list[tuple[int, str, str]] = []
        at = start + 16
        for _ in range(count):
            counted, chosen, kind, size = _counted(raw, at)
            if counted != _COUNT or chosen or kind != _EMOJI or size == LONG:
                break
            end = at + 13 + size
            at = end + -end % 4
            counts.append((-read_int(raw, at)[0], *_emoticon(raw[end - size : end])))
            at += 4
        else:
            counts.sort()
            listed = [f"{begun}{-less}}}" for less, _, begun in counts]
            return f"[{','.join(listed)}]" if listed else None, at
    found, at = read_object(raw, start)
    return convert_reactions(found), at


@lru_cache(maxsize=1024)
def _emoticon(data: bytes) -> tuple[str, str]:
    """An emoticon, and how its count begins as JSON."""
    emoticon = data.decode("utf-8", "replace")
    return emoticon, f'{{"reaction":{orjson.dumps(emoticon).decode()},"count":'


@lru_cache(maxsize=64)
def rare_flags(flags: int) -> str | None:
    return to_json({name: True for bit, name in _RARE.items() if flags & bit}) if flags else None
