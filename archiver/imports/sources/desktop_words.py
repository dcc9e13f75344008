"""The text of a message as Telegram Desktop writes it: parts with at most one kind of formatting each. Pure.

Offsets are not written: they are rebuilt by adding up the parts, in UTF-16 units.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import orjson

_KINDS: Final[Mapping[str, str]] = {
    "mention": "mention",
    "hashtag": "hashtag",
    "bot_command": "bot_command",
    "link": "url",
    "email": "email",
    "bold": "bold",
    "italic": "italic",
    "code": "code",
    "pre": "pre",
    "text_link": "text_url",
    "mention_name": "mention_name",
    "phone": "phone",
    "cashtag": "cashtag",
    "underline": "underline",
    "strikethrough": "strike",
    "blockquote": "blockquote",
    "bank_card": "bank_card",
    "spoiler": "spoiler",
    "custom_emoji": "custom_emoji",
    "unknown": "unknown",
}
_DEEPEST: Final = 50
_NO_DETAILS: Final[Mapping[str, Any]] = {}


class Words(NamedTuple):
    """A text and its entities, as `docs/rows.md` has them."""

    text: str
    entities: list[dict[str, Any]]


class TooDeepText(ValueError):
    """Lists within lists, further than any text has."""


def read_words(text: object, entities: object = None) -> Words:
    """The text of `text` and `text_entities`; the latter wins, as it has everything.

    Raises TooDeepText.
    """
    if isinstance(text, str) and (not text or not _has_marks(entities)):
        return Words(text, [])
    return _joined(entities if isinstance(entities, list) and entities else text)


def words_of(value: object) -> str:
    """A text that may be in parts, without its formatting."""
    return value if isinstance(value, str) else _joined(value).text


def entities_json(words: Words) -> str | None:
    """The entities as a captured message has them."""
    return orjson.dumps(words.entities).decode() if words.entities else None


def _has_marks(entities: object) -> bool:
    return isinstance(entities, list) and any(
        not isinstance(one, dict) or one.get("type") != "plain" for one in entities
    )


def _joined(value: object) -> Words:
    texts: list[str] = []
    entities: list[dict[str, Any]] = []
    offset = 0
    for part, kind, details in _parts(value, 0):
        length = len(part) if part.isascii() else len(part.encode("utf-16-le", "surrogatepass")) // 2
        if kind is not None and length:
            entities.append({"type": kind, "offset": offset, "length": length, **details})
        texts.append(part)
        offset += length
    return Words("".join(texts), entities)


def _parts(value: object, depth: int) -> Iterator[tuple[str, str | None, Mapping[str, Any]]]:
    if depth > _DEEPEST:
        raise TooDeepText
    if isinstance(value, str):
        yield value, None, _NO_DETAILS
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, str):
                yield item, None, _NO_DETAILS
            elif isinstance(item, dict) and item.get("type") == "plain" and isinstance(item.get("text"), str):
                yield item["text"], None, _NO_DETAILS
            else:
                yield from _parts(item, depth + 1)
    elif isinstance(value, dict):
        kind = value.get("type")
        words = value.get("text")
        if not isinstance(words, str):  # parts of parts: keep the words, the outer formatting is lost
            yield from _parts(words, depth + 1)
        elif kind in (None, "plain"):
            yield words, None, _NO_DETAILS
        else:
            yield words, _KINDS.get(str(kind), "unknown"), _details(str(kind), value)


def _details(kind: str, part: Mapping[str, Any]) -> dict[str, Any]:
    if kind == "text_link":
        return {"url": str(part.get("href") or "")}
    if kind == "pre":
        return {"language": str(part.get("language") or "")}
    if kind == "mention_name":
        return {"user_id": part.get("user_id")} if isinstance(part.get("user_id"), int) else {}
    if kind == "custom_emoji":
        number = emoji_id(part.get("document_id"))
        return {} if number is None else {"document_id": number}
    return {"collapsed": True} if kind == "blockquote" and part.get("collapsed") is True else {}


def emoji_id(value: object) -> str | None:
    """The id of a custom emoji; None where a path is written instead, which says nothing about it."""
    found = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return found if found.isascii() and found.isdigit() and len(found) < 21 else None
