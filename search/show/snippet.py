"""Snippets: excerpts of an original text around its matches. Pure.

A snippet starts and ends between words if possible, and always on grapheme cluster boundaries. It is never longer than
requested, unless a single cluster is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from search.show.highlight import Span
from search.text.graphemes import ceil_boundary, floor_boundary

_MAX_SNIPPETS = 3
_MAX_SHIFT = 24
"""Characters to move a snippet's ends to reach a space; snippets closer than this are merged."""
_SPACE = re.compile(r"\s")
_MAX_MATCHES = 64
"""Matches considered; a long text may have thousands."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """An excerpt of a text."""

    text: str
    spans: tuple[Span, ...]
    """Matches, as offsets into `text`."""
    cut_before: bool
    cut_after: bool


def snippet(text: str, found: Sequence[Span], width: int) -> Snippet:
    """Return the snippet of at most `width` characters with the most matches; a text that fits is returned whole."""
    if len(text) <= width:
        return _cut(text, found, 0, len(text))
    starts = _starts(text, found[:_MAX_MATCHES], width)
    best = max(starts, key=lambda at: (_count(found[:_MAX_MATCHES], at, at + width), -at), default=0)
    return _cut(text, found, *_window(text, best, width, found))


def snippets(text: str, found: Sequence[Span], width: int) -> list[Snippet]:
    """Return up to three snippets in text order, `width` characters in total.

    If one snippet cannot hold all matches, the ones with the most distinct matches are chosen."""
    whole = snippet(text, found, width)
    if len(whole.spans) >= len(found):
        return [whole]
    share = width // _MAX_SNIPPETS
    windows: list[tuple[int, int]] = []
    left = list(found[:_MAX_MATCHES])
    seen: set[str] = set()
    while left and len(windows) < _MAX_SNIPPETS:
        windows.append(_window(text, _most_unseen(text, left, share, seen), share, left))
        start, end = windows[-1]
        inside = [span for span in left if start <= span[0] < end]
        seen |= {text[a:b].casefold() for a, b in inside}
        left = [span for span in left if span not in inside] if inside else []
    merged = _merge(sorted(windows))
    return [_cut(text, found, *window) for window in merged] if len(merged) > 1 else [whole]


def _most_unseen(text: str, found: Sequence[Span], width: int, seen: set[str]) -> int:
    """Return the start of the window with the most unseen matches, then the most matches."""

    def score(at: int) -> tuple[int, int, int]:
        inside = [(a, b) for a, b in found if at <= a and b <= at + width]
        return len({text[a:b].casefold() for a, b in inside} - seen), len(inside), -at

    return max(_starts(text, found, width), key=score)


def _starts(text: str, found: Sequence[Span], width: int) -> list[int]:
    """Return candidate window starts, a little before each match so that a word can begin in between."""
    return [min(max(0, start - width // 4), max(0, len(text) - width)) for start, _ in found]


def _count(found: Sequence[Span], start: int, end: int) -> int:
    return sum(start <= a and b <= end for a, b in found)


def _window(text: str, start: int, width: int, found: Sequence[Span]) -> tuple[int, int]:
    """Return a window that starts here or slightly later, and holds at least the beginning of a match."""
    near = min(_MAX_SHIFT, width // 4)
    first = _word_start(text, start, near)
    end = _word_end(text, first, min(len(text), start + width), near)
    match = next((a for a, _ in found if a >= start), None)
    if match is None or match < end:
        return first, end
    return match, _word_end(text, match, min(len(text), match + width), near)  # one cluster is wider than the window


def _merge(windows: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in windows:
        if merged and start < merged[-1][1] + _MAX_SHIFT:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _cut(text: str, found: Sequence[Span], start: int, end: int) -> Snippet:
    inside = tuple((max(a, start) - start, min(b, end) - start) for a, b in found if a < end and b > start)
    return Snippet(text[start:end], inside, cut_before=start > 0, cut_after=end < len(text))


def _word_start(text: str, at: int, near: int) -> int:
    """Return the next word start within `near` characters, otherwise a cluster boundary."""
    if at == 0:
        return 0
    space = _SPACE.search(text, at - 1, at + near)
    return ceil_boundary(text, space.end() if space else at)


def _word_end(text: str, start: int, at: int, near: int) -> int:
    """Return the last word end within `near` characters before `at`, otherwise a cluster boundary; never empty."""
    if at >= len(text):
        return len(text)
    lowest = max(start + 1, at - near)
    spaces = [match.start() for match in _SPACE.finditer(text, lowest, at + 1)]
    end = floor_boundary(text, spaces[-1] if spaces else at)
    return end if end > start else ceil_boundary(text, start + 1)
