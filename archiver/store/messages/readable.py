"""Tell readable messages from those that cannot be read because the archive's file is damaged there.

SQLite notices a damaged page of its trees, but not a zeroed page with only the end of a long row. So values are
checked too: only our texts can contain NUL characters, and if a text has one, the payload must be intact.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Callable, Sequence
from typing import TypeAlias

import orjson

from archiver.ids import ChannelId, MessageId
from archiver.model.row import StoredMedia, StoredMessage
from archiver.store import faults
from archiver.store.database import Reader
from archiver.store.messages.rows import HeldMessage, find_payload

Lose: TypeAlias = Callable[[ChannelId, MessageId], None]
"""Called with each unreadable message."""
Place: TypeAlias = tuple[int, int, int, int]
"""A message's row number, date, channel and id."""
ReadAt: TypeAlias = Callable[[Reader, Sequence[Place]], Sequence[HeldMessage]]
MAYBE_DAMAGE = (sqlite3.Error, orjson.JSONDecodeError)
"""Exceptions that reading a damaged file may raise."""
_NO_HASH = bytes(32)
_find_escaped_zero = re.compile(rb"\\u0000").search
"""Twice as fast as `in`."""


def read_each(conn: Reader, places: Sequence[Place], *, read: ReadAt, lose: Lose | None) -> list[HeldMessage]:
    """The readable messages at these places; `lose` is called with the others. Without it, errors are raised."""
    try:
        held = read(conn, places)
    except MAYBE_DAMAGE as exc:
        if not is_damage(exc):
            raise
        if lose is None:
            raise faults.damage() from exc
        held = ()
    if len(held) != len(places):
        if len(places) > 1:
            half = len(places) // 2
            first = read_each(conn, places[:half], read=read, lose=lose)
            return first + read_each(conn, places[half:], read=read, lose=lose)
        _lose(places[0], lose)
        return []
    damaged = [
        at
        for at, (place, one) in enumerate(zip(places, held, strict=True))
        if not are_there([place], [one]) or not is_whole(conn, *one)
    ]
    for at in damaged:
        _lose(places[at], lose)
    return [one for at, one in enumerate(held) if at not in damaged] if damaged else list(held)


def _lose(place: Place, lose: Lose | None) -> None:
    if lose is None:
        raise faults.damage()
    lose(ChannelId(place[2]), MessageId(place[3]))


def is_damage(error: Exception) -> bool:
    """Whether the error means damage: a bad page, text cut inside a character, or invalid JSON."""
    is_cut = isinstance(error, orjson.JSONDecodeError) or str(error).startswith("Could not decode")
    return is_cut or faults.is_damage(error)


def are_there(places: Sequence[Place], held: Sequence[HeldMessage]) -> bool:
    """Whether these are the messages expected at these places, with their media."""
    return len(places) == len(held) and all(
        message[:2] == place[2:] and type(message.text) is str and (message.media_kind is None or len(media) > 0)
        for place, (message, media) in zip(places, held, strict=True)
    )


def has_no_zeros(encoded: bytes) -> bool:
    """Whether these rows contain no zeros, so that each is intact; texts may contain zeros too."""
    return b"\0" not in encoded and _find_escaped_zero(encoded) is None and _NO_HASH.hex().encode() not in encoded


def is_whole(conn: Reader, message: StoredMessage, media: Sequence[StoredMedia]) -> bool:
    """Whether none of its values has been replaced by zeros."""
    encoded = _list_encoded(message)
    words = "".join(filter(None, (message.text, message.post_author, *encoded)))
    shown = "".join([value for one in media for value in one if type(value) is str]) if media else ""
    if "\0" not in words and "\0" not in shown:
        return message.payload_sha256 != _NO_HASH
    of_media = (value for one in media for value in (one.kind, one.status, one.sha256, one.extra))
    if any("\0" in one for one in (*encoded, *of_media) if one is not None):
        return False  # none of these has such a character
    return _has_payload(conn, message)


def _list_encoded(message: StoredMessage) -> tuple[str | None, ...]:
    """The values that are JSON."""
    return (
        *(message.entities, message.sender, message.reply_to, message.fwd_from, message.reactions),
        *(message.action, message.markup, message.extra, message.restriction),
    )


def _has_payload(conn: Reader, message: StoredMessage) -> bool:
    """Whether the payload is intact. It comes after the texts in the row, so no page before it is lost then."""
    try:
        payload = find_payload(conn, message.channel_id, message.message_id)
    except sqlite3.Error as exc:
        if not is_damage(exc):
            raise
        return False
    return payload is not None and hashlib.sha256(payload.raw).digest() == message.payload_sha256
