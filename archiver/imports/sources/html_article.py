"""Rich messages in the HTML of Telegram Desktop 7: their words, a line a block, and the files that they show. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

import orjson

from archiver.imports.sources.html_attached import Card, ShownMedium, read_attached, read_card
from archiver.imports.sources.html_tree import Element, unescape, words
from archiver.model.record import Media

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
    {
        *("media_wrap", "rich_task_marker", "rich_order_marker", "rich_inline_fallback", "rich_fallback"),
        *("rich_diff_previous", "rich_source_meta", "rich_embed_post_meta", "rich_article_description"),
    }
)
"""Classes of what is no words of the message: boxes of files, marks, addresses, what Desktop could not show."""
_IDS: Final = ("photo", "document", "poster-photo", "author-photo")
"""Attributes `data-...-id`."""
_EMBED: Final = "embed"
"""Kind of a block that shows another site."""
_BOXED: Final[Mapping[str, str]] = {
    "rich_reference_block": "Channel",
    "rich_embed_post_author": "Embed post",
    "rich_related_article": "Related article",
}
"""Classes of what has its words in a box, and the title that Desktop gives to one without."""
_REASON: Final = re.compile(r"(?:Unavailable|Exceeds maximum size|Not included), .*")
"""Why a file is not there."""
_DATED: Final = re.compile(r"(?:, )?[0-9]{2}\.[0-9]{2}\.[0-9]{4} [0-9:]{8}\Z")
_BULLET: Final = " \u2022 "
"""Between an author and a date."""


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
        {"type": kind, "text": "\n".join(_lines(one)), **(_address(one) if kind == _EMBED else {})}
        for one in element.elements()
        if (kind := one.attributes.get("data-rich-kind"))
    ]
    flags = {"rtl": attributes.get("dir") == "rtl", "part": attributes.get("data-rich-part") == "true"}
    rich = {"blocks": blocks, **{name: True for name, value in flags.items() if value}}
    return HtmlArticle(text, {**({"rich_text": text} if text else {}), "rich": rich}, tuple(_files(element)))


def _address(embed: Element) -> dict[str, str]:
    """Of the other site: below a picture of it, or else in a box."""
    source, card = embed.find("rich_source_meta"), _card(embed)
    found = words(source) if source is not None else card.status if card is not None else ""
    return {"url": found} if found else {}


def _lines(element: Element) -> Iterator[str]:
    """The words, a line for each element that is one."""
    line: list[str] = []
    pending: list[Element | str | None] = [*element.children[::-1]]
    while pending:
        one = pending.pop()
        if isinstance(one, str):
            line.append(unescape(one))
        elif one is None or one.tag in _LINES:
            if said := "".join(line).strip():
                yield said
            line.clear()
        elif one.tag == "br":
            line.append("\n")
        if isinstance(one, Element) and one.tag == "time" and not one.classes:
            line.append("".join(line).removesuffix(_BULLET))
            del line[:-1]  # the date of an author
        elif isinstance(one, Element) and not one.classes & _NOT_SAID:
            yield from _boxed(one)
            if one.tag in _LINES:
                pending.append(None)
            pending.extend(one.children[::-1])
    if said := "".join(line).strip():
        yield said


def _boxed(element: Element) -> Iterator[str]:
    """The words of what shows them in a box, as a channel or another article does."""
    title = next((title for name, title in _BOXED.items() if name in element.classes), None)
    if title is None or element.tag == "figure" or (card := _card(element)) is None:
        return
    if card.title not in ("", title):
        yield card.title
    if "rich_related_article" in element.classes:
        further = element.child("rich_article_description")
        described = card.described if further is None else words(further)
        if described and not (further is None and _REASON.fullmatch(described)):
            yield described
        if author := _DATED.sub("", card.status):
            yield author


def _card(element: Element | None) -> Card | None:
    wrap = element.child("media_wrap") if element is not None else None
    box = next(wrap.elements(), None) if wrap is not None else None
    return read_card(box) if box is not None else None


def _files(element: Element) -> Iterator[ShownMedium]:
    """Each photo and document once, in slots of their own, with the ids that only rich messages have in HTML."""
    slot, seen = 1, {"0"}
    for one in element.walk():
        known = next(filter(None, (one.attributes.get(f"data-{name}-id") for name in _IDS)), "")
        shown = _shown(one, known != "")
        if shown is None or known in seen:
            continue
        seen |= {known} - {""}
        number = known if known.isascii() and known.isdigit() and len(known) < 20 else None
        extra = {**(orjson.loads(shown.media.extra) if shown.media.extra else {}), "of": CLASS}
        media = replace(shown.media, slot=slot, id=number, extra=orjson.dumps(extra).decode())
        yield ShownMedium(media, shown.path)
        slot += 1


def _shown(element: Element, is_known: bool) -> ShownMedium | None:
    """The medium of an element, which is the photo of an author or of another article if it is no figure."""
    if element.tag == "figure":
        wrap = element.child("media_wrap")
        is_address = element.attributes.get("data-rich-kind") == _EMBED and not is_known
        return None if wrap is None or is_address else read_attached(wrap)
    card = _card(element.child("rich_embed_post_author") or element) if is_known else None
    if card is None:
        return None
    reason = card.described if _REASON.fullmatch(card.described) else None
    extra = orjson.dumps({"not_exported": reason}).decode() if reason else None
    return ShownMedium(Media(slot=0, kind="photo", extra=extra), card.path)
