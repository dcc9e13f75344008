"""Rich messages: trees of page blocks, of which the server may show only a part. https://core.telegram.org/type/RichMessage"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from telethon.tl import TLObject, types


def article(*blocks: Any, photos: list[Any] | None = None, documents: list[Any] | None = None) -> types.RichMessage:
    """A rich message. A block is a TL object, or the text of a paragraph."""
    made = [types.PageBlockParagraph(types.TextPlain(block)) if isinstance(block, str) else block for block in blocks]
    return types.RichMessage(made, photos or [], documents or [])


def cut(rich: types.RichMessage, count: int) -> types.RichMessage:
    """Its first blocks with the files that they show, as a part of it; itself, if it has no more."""
    if len(rich.blocks) <= count:
        return rich
    shown = rich.blocks[:count]
    ids = set(_ids(shown))
    photos = [photo for photo in rich.photos if photo.id in ids]
    documents = [document for document in rich.documents if document.id in ids]
    return types.RichMessage(shown, photos, documents, rtl=rich.rtl, part=True)


def _ids(node: Any) -> Iterator[int]:
    """All that may be the id of a file."""
    if isinstance(node, list):
        for item in node:
            yield from _ids(item)
    elif isinstance(node, TLObject):
        for value in vars(node).values():
            yield from _ids(value)
    elif isinstance(node, int):
        yield node
