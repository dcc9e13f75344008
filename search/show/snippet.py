"""Pieces of an original text around the places of its matches, for answers. Pure.

A piece begins and ends between words where it can, and between letters always; it is never longer than asked for,
unless a single letter is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from search.show.highlight import Span
from search.text.graphemes import ceil_boundary, floor_boundary

_PIECES = 3
_NEAR = 24
"""Characters in which a space is looked for at most; pieces that are nearer to each other become one."""
_SPACE = re.compile(r"\s")
_MOST = 64
"""Matches that are weighed; a text of one letter has thousands."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of a text."""

    text: str
    spans: tuple[Span, ...]
    """Of the matches, within the piece."""
    cut_before: bool
    cut_after: bool


def snippet(text: str, found: Sequence[Span], width: int) -> Snippet:
    """One piece with as many matches as possible. A width that holds the text gives the whole text."""
    if len(text) <= width:
        return _piece(text, found, 0, len(text))
    starts = _starts(text, found[:_MOST], width)
    best = max(starts, key=lambda at: (_count(found[:_MOST], at, at + width), -at), default=0)
    return _piece(text, found, *_window(text, best, width))


def snippets(text: str, found: Sequence[Span], width: int) -> list[Snippet]:
    """Up to three pieces, in their order and with `width` characters together: where one has no room for all matches,
    those with most matches that are not alike."""
    whole = snippet(text, found, width)
    if len(whole.spans) >= len(found):
        return [whole]
    share = width // _PIECES
    windows: list[tuple[int, int]] = []
    left = list(found[:_MOST])
    seen: set[str] = set()
    while left and len(windows) < _PIECES:
        windows.append(_window(text, _freshest(text, left, share, seen), share))
        start, end = windows[-1]
        inside = [span for span in left if start <= span[0] < end]
        seen |= {text[a:b].casefold() for a, b in inside}
        left = [span for span in left if span not in inside] if inside else []
    pieces = _joined(sorted(windows))
    return [_piece(text, found, *window) for window in pieces] if len(pieces) > 1 else [whole]


def _freshest(text: str, found: Sequence[Span], width: int, seen: set[str]) -> int:
    """Where the window begins that has most matches unlike those that were seen, and of equals most matches."""

    def worth(at: int) -> tuple[int, int, int]:
        inside = [(a, b) for a, b in found if at <= a and b <= at + width]
        return len({text[a:b].casefold() for a, b in inside} - seen), len(inside), -at

    return max(_starts(text, found, width), key=worth)


def _starts(text: str, found: Sequence[Span], width: int) -> list[int]:
    """Where a window may begin: so much before each match that a word's beginning is found on the way."""
    return [min(max(0, start - width // 4), max(0, len(text) - width)) for start, _ in found]


def _count(found: Sequence[Span], start: int, end: int) -> int:
    return sum(start <= a and b <= end for a, b in found)


def _window(text: str, start: int, width: int) -> tuple[int, int]:
    """A window that begins here or a little later, and not behind the match that it was made for."""
    near = min(_NEAR, width // 4)
    first = _word_start(text, start, near)
    return first, _word_end(text, first, min(len(text), start + width), near)


def _joined(windows: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in windows:
        if joined and start < joined[-1][1] + _NEAR:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _piece(text: str, found: Sequence[Span], start: int, end: int) -> Snippet:
    inside = tuple((max(a, start) - start, min(b, end) - start) for a, b in found if a < end and b > start)
    return Snippet(text[start:end], inside, cut_before=start > 0, cut_after=end < len(text))


def _word_start(text: str, at: int, near: int) -> int:
    """The beginning of a word a little behind, or else of a letter."""
    if at == 0:
        return 0
    space = _SPACE.search(text, at - 1, at + near)
    return ceil_boundary(text, space.end() if space else at)


def _word_end(text: str, start: int, at: int, near: int) -> int:
    """The end of a word a little before, or else of a letter; behind one letter at least."""
    if at >= len(text):
        return len(text)
    lowest = max(start + 1, at - near)
    spaces = [match.start() for match in _SPACE.finditer(text, lowest, at + 1)]
    end = floor_boundary(text, spaces[-1] if spaces else at)
    return end if end > start else ceil_boundary(text, start + 1)
