"""One difference between two contents of a message besides its text, as data and in words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

DifferentPart: TypeAlias = Literal["entities", "media", "markup", "rich"]

FORMATTING: Final = "formatting"
_MOST_SAID: Final = 8
"""Differences that are said one by one; the others are counted."""
_LONGEST: Final = 60
"""Characters of a text that is quoted within a sentence; links are never cut."""
_CHANGES: Final = {(False, True): "added", (True, False): "removed"}


class Difference(NamedTuple):
    """What differs: a link behind words, the target of a button, a spoiler... See docs/changes.md."""

    part: DifferentPart
    what: str
    """link, mention, formatting; button, button_text, button_order; attachment, or a property of one; text."""
    where: str | None
    """The words that are marked, the label of the button, the attachment."""
    old: str | None
    """None: there was none, or it is not known what it was."""
    new: str | None


def say_differences(differences: Sequence[Difference], *, text_changed: bool = False) -> list[str]:
    """The differences in words, for people; texts in them are not yet safe for a terminal."""
    said = [say_difference(one) for one in differences[:_MOST_SAID]]
    if said and not text_changed and all(one.what == FORMATTING for one in differences):
        said[0] = f"formatting only: {said[0]}"
    if len(differences) > _MOST_SAID:
        said.append(f"{len(differences) - _MOST_SAID} more differences")
    return said


def say_difference(one: Difference) -> str:
    """One difference in words: `link behind "report": https://a -> https://b`."""
    match one.what:
        case "attachment":
            return _replaced(one.old, one.new)
        case "link" | "mention":
            return f"{one.what} behind {_quote(one.where)} {_change(one)}"
        case "link_words":
            return f"link {one.where}: behind {_quote(one.new)} instead of {_quote(one.old)}"
        case "formatting":
            return f"{one.new or one.old} {'added to' if one.old is None else 'removed from'} {_quote(one.where)}"
        case "button":
            return f"button {_quote(one.where)} {_change(one)}"
        case "button_text":
            return f"button {_quote(one.old)} renamed {_quote(one.new)}"
        case "button_order":
            return f"buttons rearranged: {one.old} -> {one.new}"
        case "spoiler":
            return f"{one.where}: spoiler {'set' if one.old is None else 'removed'}"
        case _:
            said = f"{_shorten(one.old) or 'none'} -> {_shorten(one.new) or 'none'}"
            return f"{f'{one.where}: ' if one.where else ''}{one.what.replace('_', ' ')}: {said}"


def name_changed(changed: Sequence[str], differences: Sequence[Difference]) -> list[str]:
    """What changed in people's words: text, links, formatting, media, buttons, rich text."""
    marks = {FORMATTING if one.what == FORMATTING else "links" for one in differences if one.part == "entities"}
    names = {"entities": sorted(marks, reverse=True) or [FORMATTING], "markup": ["buttons"], "rich": ["rich text"]}
    return [name for part in changed for name in names.get(part, [part])]


def _replaced(old: str | None, new: str | None) -> str:
    """`photo replaced: 1 -> 2`, `photo 1 replaced by video 2`, `photo 2 added`."""
    if old is None or new is None:
        return f"{new} added" if old is None else f"{old} removed"
    (kind, _, was), (other, _, now) = old.partition(" "), new.partition(" ")
    return f"{kind} replaced: {was} -> {now}" if kind == other and was and now else f"{old} replaced by {new}"


def _change(one: Difference) -> str:
    """`added: X`, `removed: X`, or `: X -> Y`."""
    change = _CHANGES.get((one.old is not None, one.new is not None))
    if change is None:
        return f"changed: {one.old} -> {one.new}"
    target = one.new or one.old
    return f"{change}: {target}" if target else change


def _quote(text: str | None) -> str:
    return f'"{_shorten(text)}"'


def _shorten(text: str | None) -> str:
    words = " ".join((text or "").split())
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1].rstrip()}…"
