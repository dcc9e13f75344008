"""A small reader of HTML for one message at a time: elements in the order of the source. Pure, linear, no recursion.

Browsers move misplaced elements out of tables, and libxml2 drops elements nested deeper than 256 levels. Desktop of
2024 wrote both (a table that never ends, with all later messages in it), so this reader keeps everything in its place.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from html.entities import html5
from typing import Final

_TOKEN: Final = re.compile(
    r"([^<]*+)((?:<(?:(/?)([a-zA-Z][^\s/>]*+)((?:[^>=]++|=\s*+\"[^\"]*+\"|=\s*+'[^']*+'|=)*+)|[!?/][^>]*+)(?:>|\Z))|<|\Z)"
)
"""A text, and the tag, or something like a comment, or the sign alone, that ends it. Quotes count after `=` only, as
browsers see it; none is looked at twice."""
_ATTRIBUTE: Final = re.compile(r"([^\s\"'>/=]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'=<>`]+)))?")
_CLASS: Final = re.compile(r"\bclass=\"([a-z0-9_ \t]{0,100})\"")
"""A class as Desktop writes it."""
_REFERENCE: Final = re.compile(r"&(?:#[xX]([0-9a-fA-F]{1,8})|#([0-9]{1,8})|([a-zA-Z][a-zA-Z0-9]{1,31}));?")
_VOID: Final = frozenset({"br", "img", "hr", "meta", "link", "input", "wbr", "source", "col", "area", "embed"})
_NO_CLASSES: Final[frozenset[str]] = frozenset()
_LONG: Final = 200
"""Longest attributes whose parsed form is kept: most tags have the same few."""


class Element:
    """An element: its children are elements, and texts as written (`unescape`)."""

    __slots__ = ("_classes", "attribute_text", "children", "end", "start", "tag")

    def __init__(self, tag: str, attribute_text: str, start: int) -> None:
        self.tag = tag
        self.attribute_text = attribute_text
        self.start = start
        """Where its content begins in the source."""
        self.end: int | None = None
        """Where its content ends; None: its end tag is missing."""
        self.children: list[Element | str] = []
        self._classes: frozenset[str] | None = None

    @property
    def attributes(self) -> Mapping[str, str]:
        """Its attributes by name in lower case."""
        return read_attributes(self.attribute_text)

    @property
    def classes(self) -> frozenset[str]:
        """The words of its class."""
        if self._classes is None:
            self._classes = read_classes(self.attribute_text) if self.attribute_text else _NO_CLASSES
        return self._classes

    def elements(self) -> Iterator[Element]:
        """Its child elements."""
        return (child for child in self.children if isinstance(child, Element))

    def child(self, name: str) -> Element | None:
        """The first child element that has this class."""
        for one in self.children:
            if isinstance(one, Element) and name in one.classes:
                return one
        return None

    def find(self, name: str) -> Element | None:
        """The first element below it that has this class, in the order of the source."""
        return next((one for one in self.walk() if name in one.classes), None)

    def walk(self) -> Iterator[Element]:
        """All elements below it, in the order of the source."""
        pending = list(self.elements())[::-1]
        while pending:
            one = pending.pop()
            yield one
            pending.extend(list(one.elements())[::-1])


def parse(source: str) -> Element:
    """The tree of a piece of HTML. Wrong end tags are ignored; unclosed elements end with the piece."""
    root = Element("", "", 0)
    path = [root]
    opened: Counter[str] = Counter()
    children = root.children
    at = 0
    for text, mark, slash, name, attributes in _TOKEN.findall(source):
        if text:
            children.append(text)
        start = at + len(text)
        at = start + len(mark)
        if not name:
            if mark == "<":
                children.append(mark)
            continue
        tag = name if name.islower() else name.lower()
        if slash:
            if opened[tag]:
                _close(path, opened, tag, start)
                children = path[-1].children
            continue
        element = Element(tag, attributes, at)
        children.append(element)
        if tag not in _VOID:
            path.append(element)
            opened[tag] += 1
            children = element.children
    return root


def _close(path: list[Element], opened: Counter[str], tag: str, end: int) -> None:
    """End the innermost element of that name, and with it all that are in it."""
    while True:
        element = path.pop()
        opened[element.tag] -= 1
        if element.tag == tag:
            element.end = end
            return


def read_attributes(text: str) -> Mapping[str, str]:
    """The attributes of a tag by name in lower case, the first of each name."""
    return _short_attributes(text) if len(text) <= _LONG else _attributes(text)


def _attributes(text: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(text):
        found.setdefault(name.lower(), unescape(double or single or bare))
    return found


_short_attributes = lru_cache(maxsize=1024)(_attributes)


def read_classes(text: str) -> frozenset[str]:
    """The words of the class among the attributes of a tag."""
    found = _CLASS.search(text)
    if found is not None:
        return _words_of(found[1])
    return frozenset(read_attributes(text).get("class", "").split()) if "class" in text.lower() else _NO_CLASSES


@lru_cache(maxsize=1024)
def _words_of(value: str) -> frozenset[str]:
    return frozenset(value.split())


def unescape(text: str) -> str:
    """Text with references such as `&quot;` resolved."""
    return _REFERENCE.sub(_character, text) if "&" in text else text


def _character(found: re.Match[str]) -> str:
    hexadecimal, decimal, name = found.groups()
    if name is not None:
        return html5.get(f"{name};", found[0])
    number = int(hexadecimal, 16) if hexadecimal else int(decimal)
    # Desktop writes control characters this way: they are the text's own.
    return "\ufffd" if number == 0 or number > 0x10FFFF or 0xD800 <= number <= 0xDFFF else chr(number)


def name_of(element: Element) -> str:
    """What tells it from others, for a remark: its classes, or its tag."""
    return element.attributes.get("class", element.tag)[:_LONG]


def words(element: Element) -> str:
    """All text in the element as one line."""
    if len(element.children) == 1 and isinstance(only := element.children[0], str):
        return " ".join(unescape(only).split())
    return " ".join(unescape("".join(_texts(element))).split())


def _texts(element: Element) -> Iterator[str]:
    pending: list[Element | str] = element.children[::-1]
    while pending:
        one = pending.pop()
        if isinstance(one, str):
            yield one
        elif one.tag == "br":
            yield "\n"
        else:
            pending.extend(one.children[::-1])
