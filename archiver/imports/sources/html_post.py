"""One message of Desktop's HTML: what its element says. Pure.

What it leaves to those before it (who wrote a joined message, the day of a service line) is for `html_reader`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import orjson

from archiver.imports.sources.exporter_clock import WallTime, read_title
from archiver.imports.sources.html_article import CLASS, HtmlArticle, read_article
from archiver.imports.sources.html_attached import ShownMedium, read_attached
from archiver.imports.sources.html_escapes import escape_title, read_button_text, unquote
from archiver.imports.sources.html_service import UNSUPPORTED
from archiver.imports.sources.html_text import Styled, read_styled
from archiver.imports.sources.html_tree import Element, name_of, parse, words
from archiver.model.record import Media

_BOT: Final = re.compile(r"[A-Za-z0-9_]{1,40}")
_TARGET: Final = re.compile(r"#(?:go_to_)?message([0-9]{1,18})\b")
"""A message; version 1.3.10 wrote it without `go_to_`. Those of a basic group are below zero."""
_NOTHING: Final = Styled("", [])
_BESIDE: Final = frozenset({"userpic_wrap", "pagination"})
"""Classes of what says nothing of a message: the picture of an author, a link to another page."""
_OF_TABLES: Final = frozenset({"tbody", "tr", "td"})
_KIND: Final = re.compile(r"Type: ([a-z_]{1,40})'\);?\Z")
_AFTER_DATA: Final = re.compile(r" \| (?:Forward text|Type):")
_LONGEST_BUTTON: Final = 4_096
"""Characters of a button's text that are kept: one whose tags do not end would have all that follows."""


class Signed(NamedTuple):
    """A name, and the bot by which the message was made."""

    name: str
    bot: str | None


@dataclass(slots=True)
class HtmlPost:
    """What one element says."""

    is_service: bool = False
    line: str = ""
    """What a service line says."""
    wall: WallTime | None = None
    is_labelled: bool = False
    """Whether its date names a zone, as since June 2022."""
    author: Signed | None = None
    """None: joined to the message before."""
    is_forwarded: bool = False
    origin: Signed | None = None
    """Where it was forwarded from; None: as the message before."""
    forwarded: WallTime | None = None
    """When that was posted."""
    replied: int | None = None
    replied_elsewhere: bool = False
    said: Styled = field(default_factory=lambda: _NOTHING)
    shown: ShownMedium | None = None
    article: HtmlArticle | None = None
    """A rich message, which has no text."""
    signature: str | None = None
    buttons: list[list[dict[str, Any]]] = field(default_factory=list)
    reactions: list[dict[str, Any]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    """Classes, or tags, of parts that this reader does not know."""

    @property
    def is_unsupported(self) -> bool:
        """Whether Desktop could not show it."""
        return self.is_service and UNSUPPORTED.match(self.line) is not None


def read_post(source: str) -> HtmlPost:
    """Read the element of a message."""
    post = HtmlPost()
    source = source.replace("\0", "\ufffd")
    element = next(parse(source).elements(), None)
    if element is None:
        return post
    post.is_service = "service" in element.classes
    if post.is_service and (escaped := escape_title(source)) != source:
        element = next(parse(escaped).elements())
    body = element.child("body")
    if post.is_service:
        _read_service(post, element, body)
    elif body is not None:
        _read_body(post, body, source)
        _read_rest(post, element, body, source)
    return post


def _read_rest(post: HtmlPost, element: Element, body: Element, source: str) -> None:
    """What follows the body, as in files whose button table ended one tag early."""
    for child in element.elements():
        if child is not body:
            _read_part(post, child, source)


def _read_service(post: HtmlPost, element: Element, body: Element | None) -> None:
    if body is not None:
        post.line = read_styled(body).text.strip()
        post.replied = next((found for one in body.walk() if (found := _target(one)) is not None), None)
    photo = element.find("userpic_link")
    if photo is not None and photo.attributes.get("href"):
        post.shown = ShownMedium(Media(slot=0, kind="photo"), photo.attributes["href"])


def _read_body(post: HtmlPost, body: Element, source: str) -> None:
    """Read the parts of a message; those of a forwarded one are a level deeper, others may be in an unended table."""
    pending = list(body.elements())[::-1]
    while pending:
        part = pending.pop()
        if "forwarded" in part.classes and "body" in part.classes:
            post.is_forwarded = True
            pending.extend(list(part.elements())[::-1])
        elif part.tag == "table":
            post.buttons += _read_buttons(part, source)
            pending.extend([one for one in part.elements() if one.tag != "tbody"][::-1])
        else:
            _read_part(post, part, source)


def _read_part(post: HtmlPost, part: Element, source: str) -> None:
    for name in part.classes:
        if name in _PARTS:
            _PARTS[name](post, part)
            return
    if part.tag == "table":
        post.buttons += _read_buttons(part, source)
    elif not part.classes & _BESIDE and part.tag not in _OF_TABLES:
        post.unknown.append(name_of(part))


def _read_date(post: HtmlPost, part: Element) -> None:
    title = part.attributes.get("title", "")
    post.wall = post.wall or read_title(title)
    post.is_labelled = len(title.split()) > 2


def _read_name(post: HtmlPost, part: Element) -> None:
    date = part.child("details")
    if not post.is_forwarded:
        post.author = post.author or _signed(part, date)
    elif post.origin is None:
        post.origin = _signed(part, date)
        if date is not None:
            post.forwarded = read_title(date.attributes.get("title", "")) or read_title(words(date))


def _signed(part: Element, date: Element | None) -> Signed:
    kept = part
    if date is not None:
        kept = Element(part.tag, part.attribute_text, part.start)
        kept.children = [child for child in part.children if child is not date]
    text = read_styled(kept).text  # a name alone ends with a space: after it is that of a family, even if there is none
    signed, _, bot = text.rpartition(" via @")
    return Signed(signed.strip(), bot) if signed and _BOT.fullmatch(bot) else Signed(text.strip(), None)


def _read_reply(post: HtmlPost, part: Element) -> None:
    post.replied = next((found for one in part.walk() if (found := _target(one)) is not None), None)
    post.replied_elsewhere = post.replied is None


def _target(element: Element) -> int | None:
    found = _TARGET.search(element.attributes.get("href", "")) if element.tag == "a" else None
    return int(found[1]) or None if found else None


def _read_media(post: HtmlPost, part: Element) -> None:
    shown = read_attached(part)
    post.shown = post.shown or shown
    if shown is None:
        post.unknown += [name_of(one) for one in part.elements()]


def _read_text(post: HtmlPost, part: Element) -> None:
    if CLASS in part.classes:
        post.article = post.article or read_article(part)
    elif post.said is _NOTHING:
        post.said = read_styled(part)


def _read_signature(post: HtmlPost, part: Element) -> None:
    post.signature = read_styled(part).text.strip() or None


def _read_reactions(post: HtmlPost, part: Element) -> None:
    found = [_reaction(one) for one in part.elements() if "reaction" in one.classes]
    found.sort(key=lambda one: (-one["count"], str(one["reaction"])))
    post.reactions += found


def _reaction(element: Element) -> dict[str, Any]:
    """Where all who reacted are shown, their number is not written."""
    emoji, shown, counted = (element.child(name) for name in ("emoji", "userpics", "count"))
    known = words(counted) if counted is not None else ""
    listed = sum("userpic" in one.classes for one in shown.elements()) if shown is not None else 0
    count = int(known) if known.isascii() and known.isdigit() and len(known) < 12 else listed
    if "paid" in element.classes:
        return {"reaction": "paid", "count": count}
    if emoji is not None and any(one.tag == "a" for one in emoji.elements()):
        return {"reaction": None, "custom_emoji_id": None, "count": count}
    return {"reaction": words(emoji) if emoji is not None else None, "count": count}


_PARTS: Final[Mapping[str, Callable[[HtmlPost, Element], None]]] = {
    "date": _read_date,
    "from_name": _read_name,
    "reply_to": _read_reply,
    "media_wrap": _read_media,
    "text": _read_text,
    "signature": _read_signature,
    "reactions": _read_reactions,
}


def _read_buttons(table: Element, source: str) -> list[list[dict[str, Any]]]:
    rows: list[list[dict[str, Any]]] = []
    for one in _walk_table(table):
        if one.tag == "tr":
            rows.append([])
        elif rows and "bot_button" in one.classes:
            rows[-1].append(_button(one, source))
    return [row for row in rows if row]


def _walk_table(table: Element) -> Iterator[Element]:
    """The elements of a table in the order of the source, without those of tables and buttons in it."""
    pending = list(table.elements())[::-1]
    while pending:
        one = pending.pop()
        yield one
        if one.tag != "table" and "bot_button" not in one.classes:
            pending.extend(list(one.elements())[::-1])


def _button(element: Element, source: str) -> dict[str, Any]:
    """Desktop before version 7 does not escape a button's text: there it is taken verbatim."""
    link = next((one for one in element.walk() if one.tag == "a"), element)
    inner = next((one for one in link.walk() if one.tag == "div"), link)
    end = inner.start + _LONGEST_BUTTON
    text = read_button_text(source[inner.start : end if inner.end is None else min(inner.end, end)].strip())
    if address := link.attributes.get("href"):
        return {"text": text, "type": "url", "url": address}
    click = link.attributes.get("onclick", "")
    kind = _KIND.search(click.strip()[-_LONGEST_BUTTON:])
    _, _, shown = click.partition("Data: ")
    end_of_data = _AFTER_DATA.search(shown)
    data = {"shown_data": unquote(shown[: end_of_data.start()])} if end_of_data else {}
    return {"text": text, "type": kind[1] if kind else "default", **data}


def to_json(value: object) -> str | None:
    """A value as JSON text; None for an empty one."""
    return orjson.dumps(value).decode() if value else None


def title_of(head: bytes) -> str | None:
    """The name of the chat, from what precedes the messages of a file."""
    page = parse(head.decode("utf-8", "replace"))
    header = page.find("page_header")
    name = header.find("text") if header is not None else None
    return words(name) or None if name is not None else None
