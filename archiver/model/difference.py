"""One difference between two contents of a message, other than in its text; as data and in words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

DifferentPart: TypeAlias = Literal["entities", "media", "markup", "rich"]

FORMATTING: Final = "formatting"
_MOST_SAID: Final = 8
"""Maximum number of differences described; the others are counted."""
_LONGEST: Final = 60
"""Characters of a text that is quoted within a sentence; links are never cut."""
_BEFORE: Final = 20
"""Characters of a long text that are kept before its first difference."""
_CHANGES: Final = {(False, True): "added", (True, False): "removed"}


class ContentDifference(NamedTuple):
    """What differs: a link under words, the target of a button, a spoiler... See docs/changes.md."""

    part: DifferentPart
    what: str
    """link, mention, formatting; button, button_text, button_order; attachment, or a property of one; text."""
    where: str | None
    """The words that are marked, the label of the button, the attachment."""
    old: str | None
    """None: there was none, or it is not known what it was."""
    new: str | None


def say_differences(
    differences: Sequence[ContentDifference], *, text_changed: bool = False, safe: Callable[[str], str] = str
) -> list[str]:
    """The differences in words, for people; `safe` is applied to untrusted text."""
    said = [say_difference(one, safe) for one in differences[:_MOST_SAID]]
    if said and not text_changed and all(one.what == FORMATTING for one in differences):
        said[0] = f"formatting only: {said[0]}"
    if len(differences) > _MOST_SAID:
        said.append(f"{len(differences) - _MOST_SAID} more differences")
    return said


def say_difference(one: ContentDifference, safe: Callable[[str], str] = str) -> str:
    """One difference in words: `link under "report" changed: https://a -> https://b`."""

    def quote(text: str | None) -> str:
        return f'"{safe(_shorten(text))}"'

    old, new = (None if text is None else safe(text) for text in (one.old, one.new))
    match one.what:
        case "attachment":
            return _replaced(old, new)
        case "link" | "mention" | "button":
            under = "" if one.what == "button" else "under "
            return f"{one.what} {under}{quote(one.where)} {_change(old, new)}"
        case "link_words":
            return f"link {safe(one.where or '')}: under {quote(one.new)} instead of {quote(one.old)}"
        case "formatting":
            return f"{new or old} {'added to' if old is None else 'removed from'} {quote(one.where)}"
        case "button_text":
            return f"button {quote(one.old)} renamed {quote(one.new)}"
        case "button_order":
            return f"buttons rearranged: {old} -> {new}"
        case "spoiler":
            return f"{safe(one.where or '')}: spoiler {'set' if old is None else 'removed'}"
        case _:
            was, now = (safe(_shorten(text)) or "none" for text in _differing(one.old, one.new))
            return f"{f'{safe(one.where)}: ' if one.where else ''}{one.what.replace('_', ' ')}: {was} -> {now}"


def name_changed(changed: Sequence[str], differences: Sequence[ContentDifference]) -> list[str]:
    """Name what changed: text, links, formatting, media, buttons, rich text."""
    marks = {FORMATTING if one.what == FORMATTING else "links" for one in differences if one.part == "entities"}
    names = {"entities": sorted(marks, reverse=True) or [FORMATTING], "markup": ["buttons"], "rich": ["rich text"]}
    return [name for part in changed for name in names.get(part, [part])]


def _replaced(old: str | None, new: str | None) -> str:
    """`photo replaced: 1 -> 2`, `photo 1 replaced by video 2`, `photo 2 added`."""
    if old is None or new is None:
        return f"{new} added" if old is None else f"{old} removed"
    (kind, _, was), (other, _, now) = old.partition(" "), new.partition(" ")
    return f"{kind} replaced: {was} -> {now}" if kind == other and was and now else f"{old} replaced by {new}"


def _change(old: str | None, new: str | None) -> str:
    """`added: X`, `removed: X`, or `changed: X -> Y`."""
    change = _CHANGES.get((old is not None, new is not None))
    return f"changed: {old} -> {new}" if change is None else f"{change}: {new or old}"


def _differing(old: str | None, new: str | None) -> tuple[str | None, str | None]:
    """Both texts from a little before their first difference, at a space."""
    if old is None or new is None:
        return old, new
    same = next((at for at, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), 0)
    start = old.rfind(" ", 0, max(same - _BEFORE, 0)) + 1
    return (f"…{old[start:]}", f"…{new[start:]}") if start else (old, new)


def _shorten(text: str | None) -> str:
    words = " ".join((text or "").split())
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1].rstrip()}…"
