"""A post's photo, read from its bytes in one pass, as `archiver.convert.files` reads Telethon's object."""

from __future__ import annotations

from struct import Struct, unpack_from
from typing import Any, Final

from telethon.tl import types

from archiver.convert.quick_string import end_of_string
from archiver.model.iso_time import iso

_MEDIUM: Final = (types.MessageMediaPhoto.CONSTRUCTOR_ID, 1)
"""Media of a photo without spoiler, video or time limit: constructor and flags."""
_PICTURE: Final = (types.Photo.CONSTRUCTOR_ID, 0)
"""A photo without stickers or video sizes."""
_SIZE: Final[int] = types.PhotoSize.CONSTRUCTOR_ID
_PROGRESSIVE: Final[int] = types.PhotoSizeProgressive.CONSTRUCTOR_ID
_SKETCHES = (types.PhotoStrippedSize.CONSTRUCTOR_ID, types.PhotoPathSize.CONSTRUCTOR_ID)
"""Without dimensions."""
_two, _ids, _list = Struct("<II").unpack_from, Struct("<qq").unpack_from, Struct("<iIi").unpack_from
_kind, _size, _int = Struct("<I").unpack_from, Struct("<iiii").unpack_from, Struct("<i").unpack_from


def photo_values(raw: bytes, at: int) -> tuple[tuple[Any, ...], int] | None:
    """The columns of the photo that begins at `at`, from slot to extra, and where it ends; None if it is rare."""
    return picture_values(raw, at + 8, 0) if _two(raw, at) == _MEDIUM else None


def picture_values(raw: bytes, at: int, slot: int, of: str = "") -> tuple[tuple[Any, ...], int] | None:
    """`photo_values` for the photo itself. `of`: what it belongs to, as the end of a JSON object."""
    if _two(raw, at) != _PICTURE:
        return None
    number, _ = _ids(raw, at + 8)
    at = end_of_string(raw, at + 24)
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
    extra = f'{{"dc_id":{_int(raw, at)[0]},"date":"{iso(date)}"{of}}}'
    none = None
    values = (
        slot,
        "photo",
        str(number),
        "image/jpeg",
        length,
        width,
        height,
        none,
        none,
        none,
        none,
        none,
        none,
        extra,
    )
    return values, at + 4
