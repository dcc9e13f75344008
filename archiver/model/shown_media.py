"""Which stored files browsers show, by kind of attachment and MIME type: pictures, films and sounds only. Pure.

They are shown without running anything; SVG, HTML and PDF can run something.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

MediaElement: TypeAlias = Literal["img", "video", "audio"]
"""The HTML element that shows a file."""

ELEMENTS: Final[Mapping[str, MediaElement]] = {
    "photo": "img",
    "image": "img",
    "sticker": "img",
    "video": "video",
    "round": "video",
    "gif": "video",
    "voice": "audio",
    "audio": "audio",
}
"""By kind of attachment."""
SHOWN_TYPES: Final[Mapping[MediaElement, frozenset[str]]] = {
    "img": frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"}),
    "video": frozenset({"video/mp4", "video/webm"}),
    "audio": frozenset({"audio/mpeg", "audio/ogg", "audio/mp4", "audio/webm", "audio/wav", "audio/flac"}),
}
"""MIME types that an element can show."""
_PARTS: Final = frozenset({"live_photo", "video_cover"})
"""Attachments that belong to another one of their message."""


def find_element(kind: str, mime: str | None) -> MediaElement | None:
    """The element that shows a file of this kind and type; None if it can only be saved."""
    element = ELEMENTS.get(kind)
    known = mime or ("image/jpeg" if kind == "photo" else "")
    return element if element is not None and known in SHOWN_TYPES[element] else None


def list_covered(extras: Sequence[Mapping[str, Any] | None], *, has_other: bool = False) -> list[bool]:
    """Which of a message's attachments its author covered with a spoiler, by their `extra`; each with its parts.

    `has_other`: whether that may be one that is not among them.
    """
    marked = [bool(extra and extra.get("spoiler")) for extra in extras]
    if not any(marked) and not has_other:
        return marked
    return [is_marked or (extra or {}).get("of") in _PARTS for is_marked, extra in zip(marked, extras, strict=True)]


def name_link(item: Mapping[str, Any]) -> str:
    """What a link to an attachment's file says: its name or title; its kind, if these show nothing to click on."""
    names = (str(item.get(key) or "") for key in ("file_name", "title"))
    seen = (name for name in names if any(one.isprintable() and not one.isspace() for one in name))
    return next(seen, str(item.get("kind")))
