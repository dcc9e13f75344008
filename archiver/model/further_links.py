"""Links of a message that its row does not list: in rich blocks, fact checks, polls and checklists. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import orjson

from archiver.model.entities import read_entities
from archiver.model.record import Message

_FIELDS: Final = frozenset(("url", "webpage_url"))


def further_links(message: Message) -> Iterator[str]:
    """Yield the links in the JSON columns stored with the text."""
    for stored in (message.extra, message.action, *(slot.extra for slot in message.media)):
        if stored and ('"url"' in stored or '"webpage_url"' in stored):
            yield from _in_tree(orjson.loads(stored))


def _in_tree(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _in_tree(item)
    elif isinstance(value, dict):
        text, entities = value.get("text"), value.get("entities")
        if isinstance(text, str) and isinstance(entities, list):
            yield from read_entities(text, orjson.dumps(entities).decode()).links
            return
        for name, item in value.items():
            if name in _FIELDS and isinstance(item, str) and item:
                yield item
            else:
                yield from _in_tree(item)
