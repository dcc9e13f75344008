"""Rich messages in the HTML of Telegram Desktop 7: their words, a line a block, and the files that they show. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final, NamedTuple

import orjson

from archiver.imports.sources.html_attached import ShownMedium, read_attached
from archiver.imports.sources.html_tree import Element, unescape

CLASS: Final = "rich_message"
_LINES: Final = frozenset(
    {
        *("p", "h1", "h2", "h3", "h4", "h5", "h6", "div", "li", "pre", "figcaption", "caption", "td", "th", "summary"),
        *("blockquote", "figure", "section", "aside", "header", "footer", "details", "ol", "ul", "table", "tr", "hr"),
        *("cite", "address", "article"),
    }
)
"""Elements that begin and end a line of words."""
_NOT_SAID: Final = frozenset(
    {"media_wrap", "rich_task_marker", "rich_inline_fallback", "rich_fallback", "rich_diff_previous"}
)
"""Classes of Desktop's own words: boxes of files, marks, and what it could not show."""


class HtmlArticle(NamedTuple):
    """A rich message."""

    text: str
    extra: dict[str, Any]
    """As a captured message has it."""
    shown: tuple[ShownMedium, ...]


def read_article(element: Element) -> HtmlArticle:
    """Read the `div.text.rich_message` of a message."""
    lines = list(_lines(element))
    text = "\n".join(lines)
    attributes = element.attributes
    blocks = [
        {"type": kind, "text": "\n".join(_lines(one))}
        for one in element.elements()
        if (kind := one.attributes.get("data-rich-kind"))
    ]
    flags = {"rtl": attributes.get("dir") == "rtl", "part": attributes.get("data-rich-part") == "true"}
    rich = {"blocks": blocks, **{name: True for name, value in flags.items() if value}}
    return HtmlArticle(text, {**({"rich_text": text} if text else {}), "rich": rich}, tuple(_files(element)))


def _lines(element: Element) -> Iterator[str]:
    """The words, a line for each element that is one."""
    line: list[str] = []
    pending: list[Element | str | None] = [*element.children[::-1]]
    while pending:
        one = pending.pop()
        if isinstance(one, str):
            line.append(unescape(one))
        elif one is None or one.tag in _LINES:
            if words := "".join(line).strip():
                yield words
            line.clear()
        elif one.tag == "br":
            line.append("\n")
        if isinstance(one, Element) and not one.classes & _NOT_SAID:
            if one.tag in _LINES:
                pending.append(None)
            pending.extend(one.children[::-1])
    if words := "".join(line).strip():
        yield words


def _files(element: Element) -> Iterator[ShownMedium]:
    """The photos and documents, in slots of their own, with the ids that only rich messages have in HTML."""
    slot = 1
    for one in element.walk():
        if one.tag != "figure" or (wrap := one.child("media_wrap")) is None or (shown := read_attached(wrap)) is None:
            continue
        number = one.attributes.get("data-photo-id") or one.attributes.get("data-document-id")
        known = number if number is not None and number.isascii() and number.isdigit() and len(number) < 20 else None
        extra = {**(orjson.loads(shown.media.extra) if shown.media.extra else {}), "of": CLASS}
        media = replace(shown.media, slot=slot, id=known, extra=orjson.dumps(extra).decode())
        yield ShownMedium(media, shown.path)
        slot += 1
