"""The files of a message in an HTML export, if the export contains them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from archiver.export.media_places import MediaPlaces
from archiver.formatting.html_writer import attribute, escaped
from archiver.model.shown_media import find_element, list_covered, name_link


def media_html(media: Sequence[Mapping[str, Any]], places: MediaPlaces) -> Iterator[str]:
    """An element for each file that the export contains; what has a spoiler is covered until it is opened."""
    for item, is_covered in zip(media, list_covered([one.get("extra") for one in media]), strict=True):
        if place := places(item):
            element = _element(item, attribute(quote(place)))
            if is_covered:
                element = cover(str(item.get("kind")), element)
            yield f'<div class="media">{element}</div>'


def note_html(parts: Sequence[str]) -> str:
    """A note; its parts, if it has several, run each in its own direction."""
    return escaped(parts[0]) if len(parts) == 1 else ", ".join(f"<bdi>{escaped(one)}</bdi>" for one in parts)


def cover(what: str, html: str) -> str:
    """Something that is seen only once a reader opens it."""
    return f'<details class="veil"><summary>{escaped(what)} · spoiler</summary>{html}</details>'


def _element(item: Mapping[str, Any], place: str) -> str:
    kind = str(item.get("kind"))
    element = find_element(kind, item.get("mime"))
    if element is None:
        return f'<a href="{place}" download><bdi>{escaped(name_link(item))}</bdi></a>'
    if element == "img":
        size = "".join(f' {key}="{item[key]}"' for key in ("width", "height") if type(item.get(key)) is int)
        return f'<a href="{place}"><img src="{place}" alt="{attribute(kind)}" loading="lazy"{size}></a>'
    return f'<{element} src="{place}" controls preload="none" aria-label="{attribute(kind)}"></{element}>'
