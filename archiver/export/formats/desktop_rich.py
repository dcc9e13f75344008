"""A rich message as Telegram Desktop 7 and later export it: `rich_message` instead of `text` and `text_entities`. Pure.

Blocks have Desktop's names, keys and order; those unknown to Desktop are `unsupported`, as there, and complete in
the `telekeep` key of the message. Blocks imported from such an export already are Desktop's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, TypeAlias

from archiver.export.formats.desktop_names import TlObject, snake_name
from archiver.export.formats.desktop_rich_text import rich_text, times
from archiver.export.formats.local_clock import LocalClock

Write: TypeAlias = Callable[[TlObject, LocalClock], dict[str, Any]]
_LEVELS: Final = {"Title": 1, "Kicker": 3, "Subtitle": 2, "Header": 2, "Subheader": 3}
_HEADING: Final = re.compile(r"Heading([1-6])")


def rich_message(rich: Mapping[str, Any], clock: LocalClock) -> dict[str, Any]:
    """The value of `rich_message`."""
    return {"rtl": bool(rich.get("rtl")), "part": bool(rich.get("part")), "blocks": _blocks(rich.get("blocks"), clock)}


def _blocks(listed: Any, clock: LocalClock) -> list[Any]:
    return [_block(one, clock) for one in listed] if isinstance(listed, list) else []


def _block(block: Any, clock: LocalClock) -> Any:
    name = str(block.get("_", "")) if isinstance(block, dict) else ""
    if not name.startswith("PageBlock"):
        return _of_desktop(block)
    kind = name.removeprefix("PageBlock")
    level = _HEADING.fullmatch(kind)
    if level or kind in _LEVELS:
        return {
            "type": "heading",
            "level": int(level[1]) if level else _LEVELS[kind],
            "text": rich_text(block.get("text"), clock),
        }
    if kind in _KINDS:
        written, write = _KINDS[kind]
        with suppress(AttributeError, KeyError, TypeError, ValueError):  # an import may have anything in any field
            return {"type": written, **write(block, clock)}
    source = "page_block_unsupported" if kind == "Unsupported" else "unknown"
    return {"type": "unsupported", "source_type": source, "unsupported": True}


def _words(block: TlObject, clock: LocalClock) -> dict[str, Any]:
    return {"text": rich_text(block.get("text"), clock)}


def _code(block: TlObject, clock: LocalClock) -> dict[str, Any]:
    return {**_words(block, clock), "language": block.get("language") or ""}


def _author(block: TlObject, clock: LocalClock) -> dict[str, Any]:
    return {"author": rich_text(block.get("author"), clock), **times("date", block.get("published_date"), clock)}


def _list(block: TlObject, clock: LocalClock) -> dict[str, Any]:
    return {"kind": "bullet", "items": [_item(one, clock) for one in block.get("items") or ()]}


def _ordered(block: TlObject, clock: LocalClock) -> dict[str, Any]:
    more = {"start": block.get("start"), "list_type": block.get("type")}
    known = {key: value for key, value in more.items() if value is not None}
    items = _list(block, clock)["items"]
    return {"kind": "ordered", "reversed": bool(block.get("reversed")), **known, "items": items}


def _item(item: TlObject, clock: LocalClock) -> dict[str, Any]:
    state = ("checked" if item.get("checked") else "unchecked") if item.get("checkbox") else "none"
    more = {"num": item.get("num"), "value": item.get("value"), "item_type": item.get("type")}
    known = {key: value for key, value in more.items() if value is not None}
    return {"task_state": state, **_content(item, clock), **known}


def _content(thing: TlObject, clock: LocalClock) -> dict[str, Any]:
    """The content: words or blocks."""
    if "blocks" in thing:
        return {"content": "blocks", "blocks": _blocks(thing["blocks"], clock)}
    return {"content": "text", "text": rich_text(thing.get("text"), clock)}


def _quote(block: TlObject, clock: LocalClock) -> dict[str, Any]:
    said = _content(block, clock)
    is_pulled = block.get("_") == "PageBlockPullquote"
    return {
        "content": said.pop("content"),
        "pullquote": is_pulled,
        **said,
        "caption": rich_text(block.get("caption"), clock),
    }


def _caption(block: TlObject, clock: LocalClock) -> dict[str, Any]:
    caption = block.get("caption") or {}
    return {"caption": {name: rich_text(caption.get(name), clock) for name in ("text", "credit")}}


def _unsupported(*fields: tuple[str, str], flags: tuple[str, ...] = (), optional: tuple[str, ...] = ()) -> Write:
    """A block with files, which Desktop only references. `fields`: Desktop's and our keys for ids, which are text."""

    def write(block: TlObject, clock: LocalClock) -> dict[str, Any]:
        return {
            "unsupported": True,
            **{key: str(block.get(ours) or 0) for key, ours in fields},
            **{name: bool(block.get(name)) for name in flags},
            **{name: block[name] for name in optional if block.get(name)},
            **_caption(block, clock),
        }

    return write


def _embed(block: TlObject, clock: LocalClock) -> dict[str, Any]:
    names = {"url": "url", "html": "html", "poster_photo_id": "poster_photo_id", "width": "w", "height": "h"}
    return {
        "unsupported": True,
        **{key: block[ours] for key, ours in names.items() if block.get(ours) is not None},
        **{name: bool(block.get(name)) for name in ("full_width", "allow_scrolling")},
        **_caption(block, clock),
    }


def _embedded_post(block: TlObject, clock: LocalClock) -> dict[str, Any]:
    return {
        "unsupported": True,
        "url": block.get("url") or "",
        **{name: str(block.get(name) or 0) for name in ("webpage_id", "author_photo_id")},
        "author": block.get("author") or "",
        **times("date", block.get("date"), clock),
        "blocks": _blocks(block.get("blocks"), clock),
        **_caption(block, clock),
    }


def _gallery(block: TlObject, clock: LocalClock) -> dict[str, Any]:
    return {"unsupported": True, "items": _blocks(block.get("items"), clock), **_caption(block, clock)}


def _channel(block: TlObject, _: LocalClock) -> dict[str, Any]:
    channel = block.get("channel") or {}
    named = {name: channel[name] for name in ("title", "username") if channel.get(name)}
    source = snake_name(str(channel.get("_") or "Channel"))
    found = {"source_type": source, "id": str(channel.get("id") or 0), **named}
    if source.startswith("channel"):
        found |= {name: bool(channel.get(name)) for name in ("broadcast", "megagroup", "monoforum")}
    return {"unsupported": True, "channel": found}


def _table(block: TlObject, clock: LocalClock) -> dict[str, Any]:
    rows = [{"cells": [_cell(one, clock) for one in row.get("cells") or ()]} for row in block.get("rows") or ()]
    looks = {name: bool(block.get(name)) for name in ("bordered", "striped")}
    return {"title": rich_text(block.get("title"), clock), **looks, "rows": rows}


def _cell(cell: TlObject, clock: LocalClock) -> dict[str, Any]:
    return {
        **({"text": rich_text(cell["text"], clock)} if cell.get("text") else {}),
        **{name: cell[name] for name in ("colspan", "rowspan") if cell.get(name)},
        "header": bool(cell.get("header")),
        "align": "center" if cell.get("align_center") else "right" if cell.get("align_right") else "left",
        "vertical_align": "middle" if cell.get("valign_middle") else "bottom" if cell.get("valign_bottom") else "top",
    }


def _details(block: TlObject, clock: LocalClock) -> dict[str, Any]:
    title = rich_text(block.get("title"), clock)
    return {"title": title, "open": bool(block.get("open")), "blocks": _blocks(block.get("blocks"), clock)}


def _related(block: TlObject, clock: LocalClock) -> dict[str, Any]:
    articles = [_article(one, clock) for one in block.get("articles") or ()]
    return {"unsupported": True, "title": rich_text(block.get("title"), clock), "articles": articles}


def _article(article: TlObject, clock: LocalClock) -> dict[str, Any]:
    known = {name: article[name] for name in ("title", "description", "photo_id", "author") if article.get(name)}
    date = times("published_date", article["published_date"], clock) if article.get("published_date") else {}
    return {"url": article.get("url") or "", "webpage_id": str(article.get("webpage_id") or 0), **known, **date}


def _map(block: TlObject, clock: LocalClock) -> dict[str, Any]:
    point = block.get("geo") or {}
    at = {"latitude": point["lat"], "longitude": point["long"]} if {"lat", "long"} <= set(point) else {}
    radius = {"accuracy_radius": point["accuracy_radius"]} if point.get("accuracy_radius") else {}
    geo = {"source_type": "geo_point" if at else "geo_point_empty", **at, **radius}
    sizes = {key: block.get(ours) or 0 for key, ours in (("zoom", "zoom"), ("width", "w"), ("height", "h"))}
    return {"unsupported": True, "geo": geo, **sizes, **_caption(block, clock)}


_KINDS: Final[Mapping[str, tuple[str, Write]]] = {
    "Paragraph": ("paragraph", _words),
    "Footer": ("footer", _words),
    "Thinking": ("thinking", _words),
    "AuthorDate": ("author_date", _author),
    "Preformatted": ("code", _code),
    "Divider": ("divider", lambda block, clock: {}),
    "Anchor": ("anchor", lambda block, clock: {"name": block.get("name") or ""}),
    "List": ("list", _list),
    "OrderedList": ("list", _ordered),
    "Blockquote": ("quote", _quote),
    "BlockquoteBlocks": ("quote", _quote),
    "Pullquote": ("quote", _quote),
    "Photo": ("photo", _unsupported(("photo_id", "photo_id"), flags=("spoiler",), optional=("url", "webpage_id"))),
    "Video": ("video", _unsupported(("document_id", "video_id"), flags=("autoplay", "loop", "spoiler"))),
    "Audio": ("audio", _unsupported(("document_id", "audio_id"))),
    "Cover": ("cover", lambda block, clock: {"unsupported": True, "block": _block(block.get("cover"), clock)}),
    "Embed": ("embed", _embed),
    "EmbedPost": ("embed_post", _embedded_post),
    "Collage": ("collage", _gallery),
    "Slideshow": ("slideshow", _gallery),
    "Channel": ("channel", _channel),
    "Math": ("math", lambda block, clock: {"formula": block.get("source") or ""}),
    "Table": ("table", _table),
    "Details": ("details", _details),
    "RelatedArticles": ("related_articles", _related),
    "Map": ("map", _map),
}


def _of_desktop(value: Any) -> Any:
    """A value imported from Desktop; it differs from Desktop's export only in links."""
    if isinstance(value, list):
        return [_of_desktop(one) for one in value]
    if isinstance(value, dict):
        is_link = value.get("type") == "text_link"
        return {"href" if is_link and key == "url" else key: _of_desktop(one) for key, one in value.items()}
    return value
