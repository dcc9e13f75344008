"""Rich messages (layer 227 and later): a tree of page blocks with its own photos and documents.

The tree is kept whole; its words are also given as flat text, one line per block, because `text` may be empty. Its
photos and documents are media, which the blocks refer to by id. See https://core.telegram.org/type/RichMessage.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from telethon.tl import types
from telethon.tl.tlobject import TLObject

from archiver.convert.canonical import present
from archiver.convert.files import add_document, add_photo
from archiver.convert.plain import plain
from archiver.convert.slots import Slots

_RICH_TEXT = types.TextPlain.SUBCLASS_OF_ID
_WORDS = frozenset({"author", "description", "source", "title"})
"""String fields of blocks that contain text for readers."""


def rich_tree(rich: Any) -> dict[str, object]:
    """The blocks, losslessly."""
    return {"blocks": plain(rich.blocks), **present(rtl=rich.rtl, part=rich.part)}


def rich_text(rich: Any) -> str:
    """The words of the blocks, one line per block."""
    return "\n".join(line for line in _lines(rich.blocks) if line)


def add_rich_files(rich: Any, slots: Slots) -> None:
    """Add the photos and documents that the blocks show."""
    for photo in rich.photos:
        add_photo(photo, slots, "rich_message")
    for document in rich.documents:
        add_document(document, slots, "rich_message")


def _lines(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _lines(item)
    elif getattr(node, "SUBCLASS_OF_ID", None) == _RICH_TEXT:
        yield _words(node)
    elif isinstance(node, TLObject):
        for name, value in vars(node).items():
            if isinstance(value, str):
                if name in _WORDS:
                    yield value
            else:
                yield from _lines(value)


def _words(text: Any) -> str:
    kind = type(text)
    if kind is types.TextPlain:
        return str(text.text)
    if kind is types.TextConcat:
        return "".join(_words(part) for part in text.texts)
    if kind is types.TextCustomEmoji:
        return str(text.alt)
    if kind is types.TextMath:
        return str(text.source)
    # Every other kind wraps another text; one without it (an image) has no words.
    inner = getattr(text, "text", None)
    return "" if inner is None else _words(inner)
