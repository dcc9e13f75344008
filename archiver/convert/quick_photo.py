"""A post's photo, read from its bytes in one pass, as `archiver.convert.files` reads Telethon's object."""

from __future__ import annotations

from datetime import UTC, datetime
from struct import Struct, unpack_from
from typing import Final

from telethon.tl import types

from archiver.convert.canonical import to_json
from archiver.model.record import Media

_PLAIN: Final = (types.MessageMediaPhoto.CONSTRUCTOR_ID, 1, types.Photo.CONSTRUCTOR_ID, 0)
"""A photo without spoiler, video, time limit and stickers: constructors and flags."""
_SIZE: Final[int] = types.PhotoSize.CONSTRUCTOR_ID
_PROGRESSIVE: Final[int] = types.PhotoSizeProgressive.CONSTRUCTOR_ID
_SKETCHES = (types.PhotoStrippedSize.CONSTRUCTOR_ID, types.PhotoPathSize.CONSTRUCTOR_ID)
"""Without dimensions."""
_four, _ids, _list = Struct("<IIII").unpack_from, Struct("<qq").unpack_from, Struct("<iIi").unpack_from
_kind, _size, _int = Struct("<I").unpack_from, Struct("<iiii").unpack_from, Struct("<i").unpack_from


def read_photo(raw: bytes, at: int) -> tuple[Media, int] | None:
    """The photo that begins at `at`, and where it ends; None if it is not as most photos are."""
    if _four(raw, at) != _PLAIN:
        return None
    number, _ = _ids(raw, at + 16)
    at = end_of_string(raw, at + 32)
    date, _, count = _list(raw, at)
    at += 12
    width = height = length = None
    for _ in range(count):
        (kind,) = _kind(raw, at)
        at = end_of_string(raw, at + 4)
        if kind in _SKETCHES:
            at = end_of_string(raw, at)
            continue
        wide, high, size, parts = _size(raw, at)
        at += 12
        if kind == _PROGRESSIVE:
            size = max(unpack_from(f"<{parts}i", raw, at + 4), default=0)
            at += 4 + 4 * parts
        elif kind != _SIZE:
            return None
        if width is None or height is None or wide * high > width * height:
            width, height, length = wide, high, size
    extra = to_json({"dc_id": _int(raw, at)[0], "date": datetime.fromtimestamp(date, UTC)})
    media = Media(
        slot=0, kind="photo", id=str(number), mime="image/jpeg", width=width, height=height, size=length, extra=extra
    )
    return media, at + 4


def end_of_string(raw: bytes, at: int) -> int:
    """Where the string or the bytes at `at` end. https://core.telegram.org/mtproto/serialize"""
    size = raw[at]
    if size == 254:
        size = int.from_bytes(raw[at + 1 : at + 4], "little")
        at += 3
    end = at + 1 + size
    return end + -end % 4
