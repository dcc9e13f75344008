"""The files of a message in an HTML export: shown where the export has them beside it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import quote

from archiver.formatting.html_writer import attribute, escaped

MediaPlaces: TypeAlias = Callable[[Mapping[str, Any]], "str | None"]
"""Where the export has the file of a media item, as a path below it; None if it has none."""

_TAGS = {
    "photo": "img",
    "sticker": "img",
    "video": "video",
    "round": "video",
    "gif": "video",
    "voice": "audio",
    "audio": "audio",
}
_SHOWN = {
    "img": ("image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"),
    "video": ("video/mp4", "video/webm"),
    "audio": ("audio/mpeg", "audio/ogg", "audio/mp4", "audio/webm", "audio/wav", "audio/flac"),
}
"""What browsers show without running anything; other files are links."""


def no_files(_: Mapping[str, Any]) -> None:
    """The places of an export without files."""


def media_html(media: Sequence[Mapping[str, Any]], places: MediaPlaces) -> Iterator[str]:
    """An element for each file that is there."""
    for item in media:
        if place := places(item):
            yield f'<div class="media">{_element(item, attribute(quote(place)))}</div>'


def _element(item: Mapping[str, Any], place: str) -> str:
    tag = _TAGS.get(str(item.get("kind")), "")
    mime = str(item.get("mime") or ("image/jpeg" if item.get("kind") == "photo" else ""))
    name = escaped(str(item.get("file_name") or item.get("title") or item.get("kind")))
    if mime not in _SHOWN.get(tag, ()):
        return f'<a href="{place}" download><bdi>{name}</bdi></a>'
    if tag == "img":
        size = "".join(f' {key}="{item[key]}"' for key in ("width", "height") if type(item.get(key)) is int)
        return f'<a href="{place}"><img src="{place}" alt="{attribute(str(item["kind"]))}" loading="lazy"{size}></a>'
    return f'<{tag} src="{place}" controls preload="none"></{tag}>'
