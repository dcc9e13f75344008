"""A post's reply header and forward origin, read from its bytes in one pass."""

from __future__ import annotations

from datetime import UTC, datetime
from struct import Struct
from typing import Any, Final

from telethon.tl import types

from archiver.convert.canonical import to_json
from archiver.convert.context import convert_forward, convert_reply
from archiver.convert.peers import Peers, bare_peer
from archiver.convert.quick_reader import QuickReader
from archiver.convert.quick_string import read_string

_REPLY: Final = (types.MessageReplyHeader.CONSTRUCTOR_ID, 1 << 4)
"""A reply to a message of the same channel."""
_FORWARD: Final[int] = types.MessageFwdHeader.CONSTRUCTOR_ID
_FROM, _POST, _SIGNED, _SAVED, _NAMED = (1 << bit for bit in (0, 2, 3, 4, 5))
_USUAL = _FROM | _POST | _SIGNED | _SAVED | _NAMED
_PEERS: Final = {kind.CONSTRUCTOR_ID: kind for kind in (types.PeerUser, types.PeerChannel, types.PeerChat)}
_two, _peer, _int = Struct("<II").unpack_from, Struct("<Iq").unpack_from, Struct("<i").unpack_from


def read_reply(raw: bytes, at: int, peers: Peers) -> tuple[str | None, int | None, int]:
    """The reply header as JSON, the message replied to, and where the header ends."""
    if _two(raw, at) == _REPLY:
        (answered,) = _int(raw, at + 8)
        return f'{{"reply_to_msg_id":{answered}}}', answered, at + 12
    reader = QuickReader(raw, at)
    header = reader.tgread_object()
    return convert_reply(header, peers), getattr(header, "reply_to_msg_id", None), reader.position


def read_forward(raw: bytes, at: int, peers: Peers) -> tuple[str, int]:
    """The origin of a forwarded post as JSON, and where its header ends."""
    constructor, flags = _two(raw, at)
    if constructor != _FORWARD or flags & ~_USUAL:
        reader = QuickReader(raw, at)
        return convert_forward(reader.tgread_object(), peers), reader.position
    at += 8
    origin: dict[str, Any] = {}
    if flags & _FROM:
        peer, at = _read_peer(raw, at)
        origin["from_id"] = bare_peer(peer)
    if flags & _NAMED:
        origin["from_name"], at = read_string(raw, at)
    if flags & _FROM:
        name, username = peers.names(peer)
        if name is not None:
            origin["name"] = name
        if username is not None:
            origin["username"] = username
    origin["date"] = datetime.fromtimestamp(_int(raw, at)[0], UTC)
    at += 4
    if flags & _POST:
        (origin["channel_post"],) = _int(raw, at)
        at += 4
    if flags & _SIGNED:
        origin["post_author"], at = read_string(raw, at)
    if flags & _SAVED:
        saved, at = _read_peer(raw, at)
        origin["saved_from_peer"] = bare_peer(saved)
        (origin["saved_from_msg_id"],) = _int(raw, at)
        at += 4
    return to_json(origin), at


def _read_peer(raw: bytes, at: int) -> tuple[Any, int]:
    kind, number = _peer(raw, at)
    return _PEERS[kind](number), at + 12
