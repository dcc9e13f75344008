"""Where a question's words stand in an original text, and a piece of the text around them. Pure.

Spans are `(start, end)` in characters of the original string, ascending, never overlapping, never within a letter: what
folding dropped behind the last letter (harakat, joiners) belongs to the match.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from search.normalize import Needle, fold_with_map, in_run, needle, spans
from search.tree import Node, tags, texts

Span: TypeAlias = tuple[int, int]

_JOINERS = frozenset("\u200c\u200d\ufe0e\ufe0f\u0e33\u0eb3\uff9e\uff9f")
_SKIN = ("\U0001f3fb", "\U0001f3ff")


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of a text."""

    text: str
    spans: tuple[Span, ...]
    """Of the matches, within the piece."""
    cut_before: bool
    cut_after: bool


def highlight(tree: Node, text: str) -> list[Span]:
    """The places in the text of what the tree asks for; excluded words are not looked for."""
    needles = list(dict.fromkeys(_needles(tree)))
    if not needles or not text:
        return []
    folded = fold_with_map(text)
    terms = spans(folded.text)
    found = []
    for wanted in needles:
        for first, last in _places(wanted, [term for term, _, _ in terms]):
            start, end = terms[first][1], terms[last][2]
            if in_run(terms[last][0]):
                end = terms[last][1] + len(wanted.terms[-1])
            found.append((folded.starts[start], _whole(text, folded.ends[end - 1])))
    return _merged(found)


def _needles(tree: Node) -> Iterator[Needle]:
    for leaf in texts(tree):
        yield leaf.needle
    for tag in tags(tree):
        found = needle(tag.value, prefix=tag.prefix) if tag.field in {"hashtag", "mention"} else None
        if found is not None:
            yield found


def snippet(text: str, found: Sequence[Span], width: int) -> Snippet:
    """About `width` characters of the text with as many matches as possible, cut between words where it can be and
    between grapheme clusters always. A width that holds the text gives the whole text."""
    if len(text) <= width:
        return Snippet(text, tuple(found), cut_before=False, cut_after=False)
    start = _best_start(found, len(text), width)
    start = _word_start(text, start)
    end = _word_end(text, start, min(len(text), start + width))
    inside = tuple((max(a, start) - start, min(b, end) - start) for a, b in found if a < end and b > start)
    return Snippet(text[start:end], inside, cut_before=start > 0, cut_after=end < len(text))


def _places(wanted: Needle, terms: Sequence[str]) -> Iterator[tuple[int, int]]:
    """First and last term of each place."""
    *firsts, last = wanted.terms
    length = len(wanted.terms)
    for at in range(len(terms) - length + 1):
        end = terms[at + length - 1]
        if (end.startswith(last) if wanted.prefix else end == last) and firsts == list(terms[at : at + length - 1]):
            yield at, at + length - 1


def _whole(text: str, end: int) -> int:
    """The end moved behind what belongs to the letter before it."""
    while end < len(text) and continues(text, end):
        end += 1
    return end


def _merged(found: Sequence[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(found):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _best_start(found: Sequence[Span], length: int, width: int) -> int:
    """Where to begin so that most matches are inside, with a little text before the first of them."""
    if not found:
        return 0
    lead = width // 4
    starts = [min(max(0, start - lead), max(0, length - width)) for start, _ in found]
    return max(starts, key=lambda at: (sum(at <= a and b <= at + width for a, b in found), -at))


def _word_start(text: str, at: int) -> int:
    """The beginning of a word a little before, or else of a grapheme cluster."""
    if at == 0:
        return 0
    space = max(text.rfind(" ", max(0, at - 24), at + 1), text.rfind("\n", max(0, at - 24), at + 1))
    return space + 1 if space >= 0 else _boundary(text, at)


def _word_end(text: str, start: int, at: int) -> int:
    if at >= len(text):
        return len(text)
    spaces = [match.start() for match in re.finditer(r"\s", text[max(start + 1, at - 24) : at + 1])]
    if spaces:
        return max(start + 1, at - 24) + spaces[-1]
    end = _boundary(text, at)
    return end if end > start else _whole(text, start + 1)


def _boundary(text: str, at: int) -> int:
    """The nearest place up to here that parts two grapheme clusters."""
    while 0 < at < len(text) and continues(text, at):
        at -= 1
    return at


def continues(text: str, at: int) -> bool:
    """Whether the character at this place belongs to the one before (UAX #29, in short)."""
    char, before = text[at], text[at - 1]
    if unicodedata.category(char) in {"Mn", "Mc", "Me"} or char in _JOINERS or _SKIN[0] <= char <= _SKIN[1]:
        return True
    if before == "\u200d" or "\U000e0020" <= char <= "\U000e007f":
        return True
    if "\u1160" <= char <= "\u11ff":
        return True
    if (before, char) == ("\r", "\n"):
        return True
    return _is_flag(char) and _is_flag(before) and _flags_before(text, at) % 2 == 1


def _is_flag(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _flags_before(text: str, at: int) -> int:
    count = 0
    while count < at and _is_flag(text[at - 1 - count]):
        count += 1
    return count
