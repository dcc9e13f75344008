"""A text as Telegram Desktop exports it: a list of parts, each with at most one kind of formatting. Pure.

Desktop leaves out an entity that begins within an earlier one, so nested formatting survives in its first entity only;
programs that read its files rely on that. All entities are in the `telekeep` key of the message.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archiver.formatting.ranges import Entities, MarkedRange, list_ranges

NOT_INCLUDED = "(File not included. Change data exporting settings to download.)"
"""What Desktop writes instead of the path of a file that it was not asked to export."""
_NAMES = {
    "mention": "mention",
    "hashtag": "hashtag",
    "bot_command": "bot_command",
    "url": "link",
    "email": "email",
    "bold": "bold",
    "italic": "italic",
    "code": "code",
    "pre": "pre",
    "text_url": "text_link",
    "mention_name": "mention_name",
    "phone": "phone",
    "cashtag": "cashtag",
    "underline": "underline",
    "strike": "strikethrough",
    "blockquote": "blockquote",
    "bank_card": "bank_card",
    "spoiler": "spoiler",
    "custom_emoji": "custom_emoji",
}


def text_entities(text: str, entities: Entities) -> list[dict[str, Any]]:
    """The parts of a text, which together are the text."""
    return list(_parts(text, entities))


def text_value(parts: list[dict[str, Any]]) -> Any:
    """The value of `text`: plain parts as bare strings, a text without formatting as one string."""
    if not parts:
        return ""
    bare = [part["text"] if part["type"] == "plain" else part for part in parts]
    return bare[0] if len(bare) == 1 and isinstance(bare[0], str) else bare


def _parts(text: str, entities: Entities) -> Iterator[dict[str, Any]]:
    at = 0
    for one in sorted(list_ranges(text, entities), key=lambda one: one.start):
        if one.start < at:
            continue
        if one.start > at:
            yield {"type": "plain", "text": text[at : one.start]}
        yield {"type": _NAMES.get(one.kind, "unknown"), "text": text[one.start : one.end], **_addition(one)}
        at = one.end
    if at < len(text):
        yield {"type": "plain", "text": text[at:]}


def _addition(one: MarkedRange) -> dict[str, Any]:
    if one.kind == "text_url":
        return {"href": str(one.details.get("url") or "")}
    if one.kind == "pre":
        return {"language": str(one.details.get("language") or "")}
    if one.kind == "mention_name":
        return {"user_id": one.details.get("user_id") or 0}
    if one.kind == "custom_emoji":
        return {"document_id": NOT_INCLUDED}
    if one.kind == "blockquote":
        return {"collapsed": one.details.get("collapsed") is True}
    return {}
