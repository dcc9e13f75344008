"""A link preview, read from a post's bytes in one pass; equivalent to `archiver.convert.webpage`."""

from __future__ import annotations

from struct import Struct
from typing import Any, Final, TypeAlias

from telethon.tl import types

from archiver.convert.canonical import to_json
from archiver.convert.quick_photo import picture_values
from archiver.convert.quick_string import read_string

Usual: TypeAlias = tuple[tuple[tuple[Any, ...], ...], list[object], int]
"""The columns of each medium, their identities, and where they end."""
_MEDIUM: Final[int] = types.MessageMediaWebPage.CONSTRUCTOR_ID
_PAGE: Final[int] = types.WebPage.CONSTRUCTOR_ID
_SHOWN: Final = {1: "force_large_media", 1 << 1: "force_small_media", 1 << 3: "manual", 1 << 4: "safe"}
_TYPE, _SITE, _TITLE, _DESCRIPTION, _PHOTO, _AUTHOR, _LARGE = (1 << bit for bit in (0, 1, 2, 3, 4, 8, 13))
_TEXTS: Final = ((_TYPE, "type"), (_SITE, "site_name"), (_TITLE, "title"), (_DESCRIPTION, "description"))
_USUAL = _TYPE | _SITE | _TITLE | _DESCRIPTION | _PHOTO | _AUTHOR | _LARGE
_four, _long, _two = Struct("<IIII").unpack_from, Struct("<q").unpack_from, Struct("<ii").unpack_from
_OF = ',"of":"webpage"'


def webpage_values(raw: bytes, at: int) -> Usual | None:
    """The preview that begins at `at`, with its picture; None if it is rare."""
    medium, shown, constructor, flags = _four(raw, at)
    if (medium, constructor) != (_MEDIUM, _PAGE) or shown & ~sum(_SHOWN) or flags & ~_USUAL:
        return None
    (number,) = _long(raw, at + 16)
    url, at = read_string(raw, at + 24)
    display, at = read_string(raw, at)
    at += 4
    said: dict[str, str] = {}
    for bit, name in _TEXTS:
        if flags & bit:
            said[name], at = read_string(raw, at)
    photo = None
    if flags & _PHOTO:
        found = picture_values(raw, at, 1, _OF)
        if found is None:
            return None
        photo, at = found
    if flags & _AUTHOR:
        said["author"], at = read_string(raw, at)
    extra: dict[str, object] = {name: True for bit, name in _SHOWN.items() if shown & bit}
    extra |= {name: said[name] for name in ("site_name", "description", "author", "type") if name in said}
    extra["display_url"] = display
    if flags & _LARGE:
        extra["has_large_media"] = True
    words = [said[name] for name in ("site_name", "description", "author") if said.get(name)]
    none, title = None, said.get("title")
    page = (
        0, "webpage", str(number), none, none, none, none, none, none, title, none, url, "\n".join(words) or None,
        to_json(extra),
    )  # fmt: skip
    return (page,) if photo is None else (page, photo), [["webpage", [url, title]]], at
