"""A text of Desktop's HTML with its formatting as entities, offsets in UTF-16 units. Pure.

Desktop itself writes each formatted part apart, never one in another; nested marks of other programs are kept nested.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from archiver.imports.sources.html_tree import Element, unescape

Entity = dict[str, Any]

_MARKS: Final[Mapping[str, str]] = {
    "strong": "bold",
    "b": "bold",
    "em": "italic",
    "i": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strike",
    "del": "strike",
    "strike": "strike",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}
_CALLS: Final[Mapping[str, str]] = {
    "ShowHashtag": "hashtag",
    "ShowCashtag": "cashtag",
    "ShowBotCommand": "bot_command",
    "ShowMentionName": "mention_name",
    "ShowNotLoadedEmoji": "custom_emoji",
    "ShowNotAvailableEmoji": "custom_emoji",
}
"""What a click on a link shows, and the formatting that Desktop writes so."""
_CALL: Final = re.compile(r"\b(Show[A-Za-z]+)\(")
_EMOJI_FILE: Final = re.compile(r"\bhref\s+=")
"""Only the link to the file of a custom emoji is written with a space there."""
_TIMES: Final = 4
"""A link's text that is this many times longer than its address is not the address."""
_DOMAIN: Final = re.compile(r"https?://(?:t|telegram)\.(?:me|dog)/")
_IN_2018: Final = re.compile(r"#(hash|command|cash|mention)-")
_KINDS_IN_2018: Final[Mapping[str, str]] = {
    "hash": "hashtag",
    "command": "bot_command",
    "cash": "cashtag",
    "mention": "mention_name",
}
"""The same in version 1.3.10: links to `#hash-tag`."""


class Styled(NamedTuple):
    """A text and its entities, as the archive has them."""

    text: str
    entities: list[Entity]


class _Open(NamedTuple):
    element: Element
    entity: Entity | None
    begin: int
    """Index of the first part of its text."""


def read_styled(element: Element) -> Styled:
    """The text in an element. The line breaks that only lay out the source do not count."""
    if len(element.children) == 1 and isinstance(only := _content(element)[0], str):
        return Styled(unescape(only), [])
    parts: list[str] = []
    entities: list[Entity] = []
    pending: list[Element | str | _Open] = [*_content(element)[::-1]]
    at = 0
    while pending:
        one = pending.pop()
        if isinstance(one, str):
            text = unescape(one)
            parts.append(text)
            at += _units(text)
        elif isinstance(one, _Open):
            _finish(one, parts, at)
        elif one.tag == "br":
            parts.append("\n")
            at += 1
        elif one.tag not in ("script", "style"):
            entity = _open(one, at)
            if entity is not None:
                entities.append(entity)
                pending.append(_Open(one, entity, len(parts)))
            pending.extend(one.children[::-1])
    return Styled("".join(parts), [one for one in entities if one["length"]])


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _content(element: Element) -> list[Element | str]:
    """Its children without the line break after its tag, and without that before its end tag and the indentation."""
    children = list(element.children)
    if children and isinstance(first := children[0], str):
        children[0] = first.removeprefix("\r").removeprefix("\n")
    if children and isinstance(last := children[-1], str):
        bare = last.rstrip(" \t")
        children[-1] = bare[:-1].removesuffix("\r") if bare.endswith("\n") else last
    return children


def _open(element: Element, at: int) -> Entity | None:
    """The entity that begins with this element, without its length yet."""
    if (kind := _MARKS.get(element.tag)) is not None:
        return {"type": kind, "offset": at, "length": 0} | ({"language": ""} if kind == "pre" else {})
    if element.tag == "span" and "spoiler" in element.classes:
        return {"type": "spoiler", "offset": at, "length": 0}
    if element.tag == "a":
        return {"type": "link", "offset": at, "length": 0}
    return None


def _finish(mark: _Open, parts: list[str], at: int) -> None:
    entity = mark.entity
    assert entity is not None
    entity["length"] = at - entity["offset"]
    if entity["type"] == "link":
        # Joined only where it can be the address: links within links would be joined again and again.
        longest = _TIMES * len(mark.element.attributes.get("href", ""))
        entity.update(_link(mark.element, "".join(parts[mark.begin :]) if at - entity["offset"] <= longest else None))


def _link(element: Element, text: str | None) -> Entity:
    """What a link is: an address, a mention, a hashtag... `text` None: it is too long to be the address."""
    attributes = element.attributes
    if click := attributes.get("onclick"):
        call = _CALL.search(click)
        if call is not None and call[1] in _CALLS:
            return {"type": _CALLS[call[1]]}
    if _EMOJI_FILE.search(element.attribute_text):
        return {"type": "custom_emoji"}
    address = attributes.get("href", "")
    if early := _IN_2018.match(address):
        return {"type": _KINDS_IN_2018[early[1]]}
    if text is None:
        return {"type": "text_url", "url": address}
    if address == text:
        return {"type": "url"}
    if address == f"mailto:{text}":
        return {"type": "email"}
    if address == f"tel:{text}":
        return {"type": "phone"}
    if text.startswith("@") and _DOMAIN.sub("", unquote(address), count=1).lower() == text[1:].lower():
        return {"type": "mention"}
    return {"type": "text_url", "url": address}
