"""The quick answer for most messages: a post whose rows are exactly what its payload says. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from archiver.convert.quick_parts import VALUES
from archiver.convert.quick_post import COLUMNS, parse_post
from archiver.evidence.contents import is_file_state
from archiver.evidence.names import StoredNames
from archiver.ids import ChannelId
from archiver.store.messages.message import CONTENT_NAMES
from archiver.store.verify.checked import Row

_COLUMNS = slice(1, 1 + len(COLUMNS))
_PINNED = COLUMNS.index("pinned")
_RAW, _SENDER, _REPLY, _FORWARD, _EXTRA = (
    CONTENT_NAMES.index(name) + 1 for name in ("raw", "sender", "reply_to", "fwd_from", "extra")
)
_SLOT = len(VALUES)
_BOT = '"via_bot"'
_SAME: Final = object()
_NO_NAMES = StoredNames()
"""For most messages: a channel's own posts."""


def is_sound_post(channel_id: ChannelId, row: Row, media: Sequence[Row]) -> bool:
    """Whether all of a message's content follows from its payload; if not, nothing is known yet.

    `row`: id and content, its text still to be decoded. Garbled values may raise any exception.
    """
    has_none = row[_SENDER] is row[_FORWARD] is row[_REPLY] is row[_EXTRA] is None
    post = parse_post(row[_RAW], channel_id, _NO_NAMES if has_none else names_in(row))
    if post is None:
        return False
    message_id, columns, slots = post
    if message_id != row[0] or (columns != (kept := row[_COLUMNS]) and not _differs_in_pinned(columns, kept)):
        return False
    return not (media or slots) or _are_sound(media, slots)


def _are_sound(media: Sequence[Row], slots: Sequence[Row]) -> bool:
    if len(media) != len(slots):
        return False
    for kept, slot in zip(media, slots, strict=True):
        if kept[:_SLOT] != slot or not is_file_state(kept[_SLOT:]):
            return False
    return True


def _differs_in_pinned(derived: Row, kept: Row) -> bool:
    """Whether only the pinned flag differs, which events can change."""
    return kept[_PINNED] in (0, 1) and (*derived[:_PINNED], kept[_PINNED], *derived[_PINNED + 1 :]) == kept


def names_in(row: Row, extra: object = _SAME) -> StoredNames:
    """The names stored in a row of `message`. `extra`: that of a revision."""
    extra = row[_EXTRA] if extra is _SAME else extra
    bot = extra if isinstance(extra, str) and _BOT in extra else None
    if row[_SENDER] is row[_FORWARD] is row[_REPLY] is bot is None:
        return _NO_NAMES
    return StoredNames(row[_REPLY], row[_FORWARD], row[_SENDER], bot)
