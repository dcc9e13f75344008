"""The tiny pictures that come with a message: nothing is fetched for them.

A photo or document lists its sizes. Two kinds hold the picture itself: *stripped* ones, a JPEG of at most 40 pixels
without its constant header, and *outlines*, a path of lines. They are in the payload, and are archived with it.
https://core.telegram.org/api/files#stripped-thumbnails, https://core.telegram.org/api/files#vector-thumbnails
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from telethon.tl import TLObject, types
from telethon.utils import stripped_photo_to_jpg

_MOST_OBJECTS: Final = 20_000
"""Objects of one message that are looked at; the largest have some thousand."""
_OUTLINE_LETTERS: Final = "AACAAAAHAAALMAAAQASTAVAAAZaacaaaahaaalmaaaqastava.az0123456789-,"
_SHIFTED, _NEGATIVE, _LITERAL = 192, 64, 128
_MOST_OUTLINE: Final = 100_000


@dataclass(frozen=True, slots=True)
class Preview:
    """The tiny picture of a photo or document that its message brings."""

    jpeg: bytes | None
    """At most 40 pixels wide and high."""
    outline: str | None
    """An SVG path in a box of 512 by 512."""


def read_previews(obj: Any) -> dict[str, Preview]:
    """The tiny pictures in a message (`convert.stored.read_payload`), by file key: `photo/ID`, `document/ID`."""
    found: dict[str, Preview] = {}
    for key, sizes in iter_files(obj):
        preview = _read_preview(sizes)
        if preview is not None:
            found.setdefault(key, preview)
    return found


def iter_files(obj: Any) -> Iterator[tuple[str, Iterable[Any]]]:
    """Each photo and document in a message, however deep, by file key, with its sizes."""
    queue, looked_at = [obj], 0
    while queue and looked_at < _MOST_OBJECTS:
        looked_at += 1
        one = queue.pop()
        if isinstance(one, types.Photo):
            yield f"photo/{one.id}", one.sizes or ()
        elif isinstance(one, types.Document):
            yield f"document/{one.id}", one.thumbs or ()
        elif isinstance(one, TLObject):
            queue.extend(value for value in vars(one).values() if isinstance(value, TLObject | list))
        elif isinstance(one, list):
            queue.extend(value for value in one if isinstance(value, TLObject | list))


def expand_stripped(stripped: bytes) -> bytes | None:
    """The JPEG of a stripped thumbnail; None if it is not one."""
    return bytes(stripped_photo_to_jpg(stripped)) if len(stripped) > 3 and stripped[0] == 1 else None


def expand_outline(packed: bytes) -> str:
    """The SVG path of an outline: https://core.telegram.org/api/files#vector-thumbnails."""
    path = ["M"]
    for byte in packed[:_MOST_OUTLINE]:
        if byte >= _SHIFTED:
            path.append(_OUTLINE_LETTERS[byte - _SHIFTED])
        else:
            path.append("," if byte >= _LITERAL else "-" if byte >= _NEGATIVE else "")
            path.append(str(byte & 63))
    return "".join([*path, "z"])


def _read_preview(sizes: Iterable[Any]) -> Preview | None:
    jpeg = outline = None
    for size in sizes:
        if isinstance(size, types.PhotoStrippedSize):
            jpeg = expand_stripped(size.bytes)
        elif isinstance(size, types.PhotoPathSize) and size.bytes:
            outline = expand_outline(size.bytes)
    return Preview(jpeg, outline) if jpeg or outline else None
