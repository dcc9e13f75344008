"""Other texts of a message, such as polls, buttons and previews: people read them, and search for them. Pure.

Each is a separate text, so that no phrase spans two of them. They are read from the JSON of the archive's columns, so
an archive of an earlier version has them too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from archiver.model.record import Media, Message

_SPOKEN = frozenset({"title", "message", "text", "reject_comment"})
"""Keys whose strings in an action are words: a new title, what a bot says, an added answer, why a post was rejected."""


def further_texts(message: Message) -> tuple[str, ...]:
    """The texts of attachments, rich blocks, action, buttons, quote, fact check and restriction, each once."""
    texts = (
        *(text for slot in message.media for text in _of_slot(slot)),
        *(_of_extra(message.extra) if message.extra else ()),
        *(texts_of_action(message.action) if message.action else ()),
        *(_of_buttons(message.markup) if message.markup else ()),
        *(_of_reply(message.reply_to) if message.reply_to and '"quote_text"' in message.reply_to else ()),
        *(_of_restriction(message.restriction) if message.restriction else ()),
    )
    return tuple(dict.fromkeys([text for text in texts if text])) if texts else ()


def texts_of_action(action: str) -> Iterator[str]:
    """The texts of a stored action."""
    return _of_action(orjson.loads(action))


def _of_slot(slot: Media) -> Iterator[str]:
    yield from (text for text in (slot.title, slot.performer, slot.search_text) if text)
    if slot.extra and '"solution"' in slot.extra:
        yield _text(orjson.loads(slot.extra).get("solution"))


def _of_extra(extra: str) -> Iterator[str]:
    if '"rich_text"' not in extra and '"factcheck"' not in extra:
        return
    fields = orjson.loads(extra)
    yield _text(fields.get("rich_text"))
    fact = fields.get("factcheck")
    yield _text(fact.get("text") if isinstance(fact, dict) else None)


def _of_action(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _of_action(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, str):
                yield item if key in _SPOKEN else ""
            else:
                yield from _of_action(item)


def _of_buttons(markup: str) -> Iterator[str]:
    return (_text(button.get("text")) for row in orjson.loads(markup) for button in row)


def _of_reply(reply: str) -> Iterator[str]:
    yield _text(orjson.loads(reply).get("quote_text"))


def _of_restriction(restriction: str) -> Iterator[str]:
    return (_text(reason.get("text")) for reason in orjson.loads(restriction))


def _text(value: Any) -> str:
    """A text, with or without entities."""
    if isinstance(value, dict):
        value = value.get("text")
    return value if isinstance(value, str) else ""
