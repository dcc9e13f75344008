"""Extract hashtags, mentions and links from a message's entities, media and buttons. Pure."""

from __future__ import annotations

import re
from codecs import utf_16_le_decode, utf_16_le_encode
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import orjson


class TextEntities(NamedTuple):
    """The hashtags, mentions and links marked in a text, in order and without repeats."""

    hashtags: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


_NONE = TextEntities()
may_matter = re.compile('"(?:hashtag|mention|mention_name|url|text_url)"').search
"""Whether entities (JSON) may mark a hashtag, a mention or a link."""
_MARKED = {"hashtag": 0, "mention": 1, "mention_name": 1, "url": 2}


def read_entities(text: str, entities: str | None) -> TextEntities:
    """The hashtags (without #), mentions (without @) and links of a text. Entity offsets count UTF-16 units.

    A user without a username is mentioned by name; the id counts as well.
    """
    if not entities or not may_matter(entities):
        return _NONE
    found: tuple[dict[str, None], ...] = ({}, {}, {})
    units = utf_16_le_encode(text, "surrogatepass")[0]
    is_simple = len(units) == 2 * len(text)  # one code unit per character
    for entity in orjson.loads(entities):
        kind = entity["type"]
        if kind == "text_url":
            found[2][str(entity.get("url") or "")] = None
        elif (place := _MARKED.get(kind)) is not None:
            start, end = entity["offset"], entity["offset"] + entity["length"]
            marked = text[start:end] if is_simple else utf_16_le_decode(units[2 * start : 2 * end], "replace")[0]
            if kind == "mention_name" and entity.get("user_id"):
                found[place][str(entity["user_id"])] = None
            found[place][marked.removeprefix("#" if place == 0 else "@") if place < 2 else marked] = None
    return TextEntities(*[tuple(filter(None, names)) for names in found])


def list_links(marked: Sequence[str], urls: Iterable[str | None], markup: str | None) -> Sequence[str]:
    """All links of a message without repeats: those marked in its text, of its media, and of its buttons."""
    buttons = button_urls(orjson.loads(markup)) if markup and '"url"' in markup else []
    return tuple(dict.fromkeys([*marked, *(url for url in urls if url), *buttons]))


def button_urls(markup: object) -> list[str]:
    """The URLs of the buttons in a reply markup of any shape."""
    if isinstance(markup, list):
        return [url for item in markup for url in button_urls(item)]
    if isinstance(markup, dict):
        own = [markup["url"]] if isinstance(markup.get("url"), str) and markup["url"] else []
        return own + [url for value in markup.values() for url in button_urls(value)]
    return []
