"""The text of a message as Telegram Desktop writes it: parts with at most one kind of formatting each. Pure.

Offsets are not written: they are rebuilt by adding up the parts, in UTF-16 units.
"""

from __future__ import annotations

from codecs import utf_16_le_encode
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import orjson

from archiver.imports.sources.desktop_fields import number

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
_DETAILED: Final = frozenset({"text_link", "pre", "mention_name", "custom_emoji", "blockquote"})
"""What `_details` knows more of."""


class Words(NamedTuple):
    """A text and its entities, as `docs/rows.md` has them."""

    text: str
    entities: list[dict[str, Any]]


class TooDeepText(ValueError):
    """Lists within lists, further than any text has."""


def read_words(text: object, entities: object = None) -> Words:
    """The words of `text`, with the formatting of `text_entities` if that has the same words. Raises TooDeepText."""
    if not text:
        return _joined(entities) if isinstance(entities, list) else Words("", [])
    if isinstance(text, str) and not _has_marks(entities):
        return Words(text, [])
    has_both = isinstance(entities, list) and entities and not are_different(text, entities)
    return _joined(entities if has_both else text)


def are_different(text: object, entities: object) -> bool:
    """Whether `text` and `text_entities` have other words; Desktop writes each text into both."""
    if not text or not isinstance(entities, list) or not entities:
        return False
    try:
        return _words_alone(text) != _words_alone(entities)
    except TooDeepText:
        return False


def _words_alone(value: Any) -> str:
    """As `words_of`, faster."""
    try:
        return value if isinstance(value, str) else "".join([one if type(one) is str else one["text"] for one in value])
    except (KeyError, TypeError):
        return words_of(value)


def words_of(value: object) -> str:
    """A text that may be in parts, without its formatting."""
    return value if isinstance(value, str) else _joined(value).text


def entities_json(words: Words) -> str | None:
    """The entities as a captured message has them."""
    return orjson.dumps(words.entities).decode() if words.entities else None


def _has_marks(entities: object) -> bool:
    if not isinstance(entities, list):
        return False
    for one in entities:  # noqa: SIM110 - a generator for each message takes longer
        if not isinstance(one, dict) or one.get("type") != "plain":
            return True
    return False


def _joined(value: object) -> Words:
    texts: list[str] = []
    entities: list[dict[str, Any]] = []
    offset = 0
    for item in value if isinstance(value, list) else (value,):
        part, kind = (item.get("text"), item.get("type")) if isinstance(item, dict) else (item, None)
        if not isinstance(part, str):
            return _joined(list(_parts(value, 0)))
        length = len(part) if part.isascii() else len(utf_16_le_encode(part, "surrogatepass")[0]) // 2
        if kind is not None and kind != "plain" and length:
            name = str(kind)
            known = {"type": _KINDS.get(name, "unknown"), "offset": offset, "length": length}
            entities.append(known | _details(name, item) if name in _DETAILED and isinstance(item, dict) else known)
        texts.append(part)
        offset += length
    return Words("".join(texts), entities)


def _parts(value: object, depth: int) -> Iterator[str | Mapping[str, Any]]:
    """Texts, and objects that have one: in lists of lists, or as parts of parts, whose outer formatting is lost."""
    if isinstance(value, str) or (isinstance(value, dict) and isinstance(value.get("text"), str)):
        yield value
    elif depth > _DEEPEST:
        raise TooDeepText
    elif isinstance(value, list):
        for item in value:
            yield from _parts(item, depth + 1)
    elif isinstance(value, dict):
        yield from _parts(value.get("text"), depth + 1)


def _details(kind: str, part: Mapping[str, Any]) -> dict[str, Any]:
    if kind == "text_link":
        return {"url": str(part.get("href") or "")}
    if kind == "pre":
        return {"language": str(part.get("language") or "")}
    if kind == "mention_name":
        user = number(part.get("user_id"))
        return {} if user is None else {"user_id": user}
    if kind == "custom_emoji":
        emoji = emoji_id(part.get("document_id"))
        return {} if emoji is None else {"document_id": emoji}
    return {"collapsed": True} if kind == "blockquote" and part.get("collapsed") is True else {}


def emoji_id(value: object) -> str | None:
    """The id of a custom emoji; None where a path is written instead, which says nothing about it."""
    found = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return found if found.isascii() and found.isdigit() and len(found) < 21 else None
