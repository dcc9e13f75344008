"""Differences between two contents of a message, other than in its text: links, formatting, buttons, attachments. Pure.

Text itself is compared by `archiver/reading/word_diff.py`. What was added or removed with words of the text is not a
difference of its own: the text shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import orjson

from archiver.model.difference import FORMATTING, ContentDifference

if TYPE_CHECKING:
    from archiver.model.versions import Version

Slot: TypeAlias = Mapping[str, Any]

_TARGETS = {"text_url": ("link", "url"), "mention_name": ("mention", "user_id")}
"""Entities that lead somewhere else than their words say, with the key of the target."""
_OF_WORDS = frozenset({"url", "email", "phone", "hashtag", "cashtag", "mention", "bot_command", "bank_card", "unknown"})
"""Entities that Telegram recognises by the words alone: they change with these."""
_COLUMNS = ("title", "performer", "file_name", "url")
_EXTRA = (
    *("spoiler", "ttl_seconds", "stars_amount", "quiz", "multiple_choice", "lat", "long", "address", "description"),
    *("site_name", "author", "phone_number", "vcard", "prize_description"),
)
"""What an author sets of an attachment. Not what changes by itself: votes, state of a preview, data centre."""
_LISTS = {"answers": "answer", "items": "item"}
"""Lists of texts in an attachment, and what one of them is called."""


class Mark(NamedTuple):
    """An entity: what it marks and how."""

    words: str
    kind: str
    target: str | None
    """Of a link or mention; of other kinds what else they say, such as a language."""


def find_differences(old: Version, new: Version) -> tuple[ContentDifference, ...]:
    """The differences, in the order of the content: marks of the text, rich text, attachments, buttons."""
    return tuple(
        dict.fromkeys(
            [
                *_compare_marks(old, new),
                *_compare_rich(old, new),
                *_compare_media(old, new),
                *_compare_buttons(list_buttons(old.markup), list_buttons(new.markup)),
            ]
        )
    )


def list_marks(text: str, entities: Sequence[Mapping[str, Any]]) -> list[Mark]:
    """Entities with the words they mark instead of offsets, which move whenever the text before them changes."""
    units = text.encode("utf-16-le", "surrogatepass")
    marks = []
    for entity in entities:
        start = 2 * int(entity.get("offset", 0))
        words = units[start : start + 2 * int(entity.get("length", 0))].decode("utf-16-le", "replace")
        kind = str(entity.get("type"))
        rest = {key: value for key, value in entity.items() if key not in {"type", "offset", "length"}}
        targets = [rest.get(_TARGETS[kind][1])] if kind in _TARGETS else list(rest.values())
        marks.append(Mark(words, kind, " ".join(str(one) for one in targets if one is not None) or None))
    return marks


def _compare_marks(old: Version, new: Version) -> Iterator[ContentDifference]:
    before, after = list_marks(old.text, old.entities), list_marks(new.text, new.entities)
    gone, come = _without(before, after), _without(after, before)
    for mark, other in _pair(gone, come, lambda mark: mark[:2]):
        if mark.kind in _TARGETS:
            yield ContentDifference("entities", _TARGETS[mark.kind][0], mark.words, mark.target, other.target)
        else:
            yield _formatting(mark, added=False)
            yield _formatting(other, added=True)
    for mark, other in _pair(gone, come, lambda mark: mark[1:] if mark.kind in _TARGETS else None):
        yield ContentDifference("entities", "link_words", mark.target, mark.words, other.words)
    same = old.text == new.text
    yield from (_lone(mark, added=False) for mark in gone if same or _is_reported(mark, new.text))
    yield from (_lone(mark, added=True) for mark in come if same or _is_reported(mark, old.text))


def _is_reported(mark: Mark, other: str) -> bool:
    """Whether an entity that only one content has is worth reporting, although the text changed too."""
    return mark.kind in _TARGETS or (mark.kind not in _OF_WORDS and mark.words in other)


def _lone(mark: Mark, *, added: bool) -> ContentDifference:
    if mark.kind not in _TARGETS:
        return _formatting(mark, added=added)
    old, new = (None, mark.target) if added else (mark.target, None)
    return ContentDifference("entities", _TARGETS[mark.kind][0], mark.words, old, new)


def _formatting(mark: Mark, *, added: bool) -> ContentDifference:
    name = mark.kind if mark.target is None else f"{mark.kind} {mark.target}"
    return ContentDifference("entities", FORMATTING, mark.words, *((None, name) if added else (name, None)))


def _compare_rich(old: Version, new: Version) -> Iterator[ContentDifference]:
    if old.rich != new.rich:
        same = old.rich_text == new.rich_text
        yield ContentDifference(
            "rich", FORMATTING if same else "text", None, old.rich_text or None, new.rich_text or None
        )


class Button(NamedTuple):
    """A button: its label, and what it does."""

    text: str
    target: str
    """The URL; of other kinds the type and what it carries."""


def list_buttons(markup: Any) -> list[Button]:
    """The buttons in order."""
    rows = markup if isinstance(markup, list) else []
    return [Button(str(one.get("text", "")), _target(one)) for row in rows for one in row]


def _target(button: Mapping[str, Any]) -> str:
    if isinstance(button.get("url"), str):
        return str(button["url"])
    rest = {key: value for key, value in button.items() if key not in {"text", "type", "style"}}
    kind = str(button.get("type", "button"))
    return f"{kind} {orjson.dumps(rest).decode()}" if rest else kind


def _compare_buttons(before: list[Button], after: list[Button]) -> Iterator[ContentDifference]:
    gone, come = _without(before, after), _without(after, before)
    if not gone and not come and before != after:
        yield ContentDifference("markup", "button_order", None, _labels(before), _labels(after))
    for old, new in _pair(gone, come, lambda button: button.text):
        yield ContentDifference("markup", "button", old.text, old.target, new.target)
    for old, new in _pair(gone, come, lambda button: button.target):
        yield ContentDifference("markup", "button_text", old.target, old.text, new.text)
    yield from (ContentDifference("markup", "button", one.text, one.target, None) for one in gone)
    yield from (ContentDifference("markup", "button", one.text, None, one.target) for one in come)


def _labels(buttons: Sequence[Button]) -> str:
    return " | ".join(button.text for button in buttons)


def name_slot(slot: Slot) -> str:
    """The kind and identity of an attachment: `photo 5368324170671202286`."""
    known = (slot.get(key) for key in ("id", "url", "file_name", "title"))
    return " ".join([str(slot["kind"]), *[str(value) for value in known if value][:1]])


def _compare_media(old: Version, new: Version) -> Iterator[ContentDifference]:
    before, after = {name_slot(slot): slot for slot in old.media}, {name_slot(slot): slot for slot in new.media}
    gone, come = [name for name in before if name not in after], [name for name in after if name not in before]
    yield from (ContentDifference("media", "attachment", None, one, other) for one, other in zip_longest(gone, come))
    for name, slot in before.items():
        if name in after:
            yield from _compare_slots(name, slot, after[name], known=old.detailed and new.detailed)


def _compare_slots(name: str, old: Slot, new: Slot, *, known: bool) -> Iterator[ContentDifference]:
    """Compare the fields of one attachment. `known`: earlier versions kept no details of earlier contents."""
    pairs = [(key, old.get(key), new.get(key)) for key in _COLUMNS]
    if known:
        before, after = old.get("extra") or {}, new.get("extra") or {}
        pairs += [(key, before.get(key), after.get(key)) for key in _EXTRA]
        for key, one_of in _LISTS.items():
            yield from _compare_lists(name, one_of, _list(before.get(key)), _list(after.get(key)))
    for key, one, other in pairs:
        if one != other:
            what = "question" if key == "title" and new.get("kind") == "poll" else key
            yield ContentDifference("media", what, name, _text(one), _text(other))


def _compare_lists(name: str, one_of: str, before: list[str], after: list[str]) -> Iterator[ContentDifference]:
    gone, come = _without(before, after), _without(after, before)
    yield from (ContentDifference("media", one_of, name, old, new) for old, new in zip_longest(gone, come))
    if not gone and not come and before != after:
        yield ContentDifference("media", f"order of {one_of}s", name, ", ".join(before), ", ".join(after))


def _list(items: Any) -> list[str]:
    return [str(item.get("text")) for item in items] if isinstance(items, list) else []


def _text(value: Any) -> str | None:
    return None if value is None or value is False else str(value)


def _without(these: Sequence[Any], those: Sequence[Any]) -> list[Any]:
    """The items left after removing one for each item of the other list."""
    rest, left = list(those), []
    for one in these:
        if one in rest:
            rest.remove(one)
        else:
            left.append(one)
    return left


def _pair(gone: list[Any], come: list[Any], key: Callable[[Any], object]) -> Iterator[tuple[Any, Any]]:
    """Take out of both lists those with the same key, in order; a key of None has no partner."""
    for one in list(gone):
        other = next((other for other in come if key(one) is not None and key(other) == key(one)), None)
        if other is not None:
            gone.remove(one)
            come.remove(other)
            yield one, other
