"""Any TL object as plain data: for objects too rare, too nested or too new to have columns.

Lossless with three exceptions, all still in the raw bytes: absent fields and unset flags are left out; access hashes
and file references are left out, because they belong to one account and expire, so they would change the text without
a change of content; users and chats within content are named, not described.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any

from telethon.tl import types
from telethon.tl.tlobject import TLObject

from archiver.convert.canonical import base64_text
from archiver.convert.peers import active_username, bare_peer
from archiver.convert.text import entity_list

JSON_SAFE = 2**53
"""JSON readers may round integers from here on."""

_ACCOUNT_BOUND = frozenset({"access_hash", "file_reference"})

_WIDE_NAMES = frozenset(
    {
        "audio_id",
        "author_photo_id",
        "background_emoji_id",
        "call_id",
        "collectible_id",
        "document_id",
        "effect",
        "emoji_id",
        "game_id",
        "gift_emoji_id",
        "gift_id",
        "hash",
        "icon",
        "icon_emoji_id",
        "pattern_document_id",
        "photo_id",
        "poster_photo_id",
        "query_id",
        "saved_id",
        "sticker_id",
        "video_id",
        "webpage_id",
    }
)
"""Fields with a 64-bit id, which is written as text."""

_WIDE_IDS = frozenset(
    {
        types.BotApp,
        types.Document,
        types.DocumentEmpty,
        types.Game,
        types.InputDocument,
        types.InputGameID,
        types.InputGroupCall,
        types.InputPhoto,
        types.InputStickerSetID,
        types.Photo,
        types.PhotoEmpty,
        types.Poll,
        types.SecureFile,
        types.StarGift,
        types.StarGiftUnique,
        types.WallPaper,
        types.WallPaperNoFile,
        types.WebPage,
        types.WebPageEmpty,
        types.WebPagePending,
    }
)
"""Classes whose `id` has 64 bits; elsewhere `id` belongs to a peer, a message or a story."""

FALSE_IS_SAID = frozenset(
    {
        types.ButtonTypeRequestPoll,
        types.MessageActionTopicEdit,
        types.RequestPeerTypeBroadcast,
        types.RequestPeerTypeChat,
        types.RequestPeerTypeUser,
    }
)
"""Classes with an optional Bool, where False is a value (a topic was reopened), not an unset flag."""


def plain(value: Any) -> Any:
    """The value in JSON types."""
    if value is None or isinstance(value, str | bool | float | datetime):
        return value
    if isinstance(value, int):
        return value if -JSON_SAFE < value < JSON_SAFE else str(value)
    if isinstance(value, bytes):
        return base64_text(value)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    special = _SPECIAL.get(type(value))
    if special is not None:
        return special(value)
    if isinstance(value, TLObject):
        return {"_": type(value).__name__, **plain_fields(value)}
    return str(value)


def plain_fields(value: Any) -> dict[str, object]:
    """The set fields of a TL object, without its name."""
    kind: Any = type(value)
    flags = _flag_names(kind)
    fields: dict[str, object] = {}
    for name, field in vars(value).items():
        if field is None or name in _ACCOUNT_BOUND or name.startswith("_") or (field is False and name in flags):
            continue
        wide = name in _WIDE_NAMES or (name == "id" and kind in _WIDE_IDS)
        fields[name] = str(field) if wide and isinstance(field, int) else plain(field)
    return fields


@lru_cache(maxsize=4096)
def _flag_names(kind: Any) -> frozenset[str]:
    """The optional fields of a class: the last parameters of its constructor, those with a default."""
    build = kind.__init__
    code = getattr(build, "__code__", None)
    if code is None or kind in FALSE_IS_SAID:
        return frozenset()
    parameters = code.co_varnames[: code.co_argcount]
    return frozenset(parameters[len(parameters) - len(build.__defaults__ or ()) :])


def styled_text(text: Any) -> dict[str, object]:
    """A text with its entities."""
    styled: dict[str, object] = {"text": text.text}
    if text.entities:
        styled["entities"] = entity_list(text.entities)
    return styled


def _named(chat: Any) -> dict[str, object]:
    return {
        "_": type(chat).__name__,
        "id": chat.id,
        "title": getattr(chat, "title", None),
        "username": active_username(chat),
    }


_SPECIAL: dict[type, Callable[[Any], object]] = {
    types.PeerUser: bare_peer,
    types.PeerChannel: bare_peer,
    types.PeerChat: bare_peer,
    types.TextWithEntities: styled_text,
    types.Channel: _named,
    types.ChannelForbidden: _named,
    types.Chat: _named,
    types.ChatForbidden: _named,
}
