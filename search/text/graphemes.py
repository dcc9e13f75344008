"""Grapheme clusters (UAX #29): where a text can be cut without splitting what people see as one character. Pure.

Family emoji, flags, Hangul syllables written in parts, Thai and Indic letters with vowel signs, and accented letters
stay whole. Where this differs from the standard, it splits less.

https://www.unicode.org/reports/tr29/#Grapheme_Cluster_Boundary_Rules
"""

from __future__ import annotations

import unicodedata
from typing import Final

MAX_MARKS: Final = 30
"""A cluster with more marks than any language uses may be cut after this many (UAX #15, stream-safe)."""

_JOINED = frozenset("\u200c\u200d\u0e33\u0eb3\uff9e\uff9f")
"""Joiners, and letters that extend the preceding one."""
_JOINING = frozenset(
    "\u200d\u06dd\u070f\u08e2\u0d4e\U000110bd\U000110cd\U0001193f\U00011941\U000111c2\U000111c3\U00011a3a\U00011d46"
)
_VIRAMA = 9
"""Combining class of the signs that join two consonants."""


def splits_cluster(text: str, at: int) -> bool:
    """Whether a cut at this offset would split a grapheme cluster."""
    char, before = text[at], text[at - 1]
    if char < "\u0300":
        return (before, char) == ("\r", "\n") or (before in _JOINING and char >= " ") or _is_prefix(before, char)
    if _is_mark(char):
        return before not in "\r\n"
    if before in _JOINING or _is_prefix(before, char) or _is_jamo(before, char):
        return True
    if _is_mark(before) and unicodedata.category(char) == "Lo":
        return _has_virama(text, at)
    return _is_flag(char) and _is_flag(before) and _flags_before(text, at) % 2 == 1


def floor_boundary(text: str, at: int) -> int:
    """Nearest cluster boundary at or before `at`."""
    lowest = max(0, at - MAX_MARKS)
    found = at
    while 0 < found < len(text) and splits_cluster(text, found):
        found -= 1
        if found < lowest:
            return at
    return found


def ceil_boundary(text: str, at: int) -> int:
    """Nearest cluster boundary at or after `at`."""
    end = at
    while end < len(text) and splits_cluster(text, end):
        end += 1
        if end - at > MAX_MARKS:
            return at
    return end


def _is_mark(char: str) -> bool:
    if unicodedata.category(char) in {"Mn", "Mc", "Me"} or char in _JOINED:
        return True
    return "\U0001f3fb" <= char <= "\U0001f3ff" or "\U000e0020" <= char <= "\U000e007f"


def _is_prefix(before: str, char: str) -> bool:
    """Whether the preceding character, an Arabic number sign or the like, attaches to the one that follows."""
    return (
        "\u0600" <= before <= "\u0605" or "\u0890" <= before <= "\u0891" or "\U00011a84" <= before <= "\U00011a89"
    ) and char >= " "


def _is_jamo(before: str, char: str) -> bool:
    """Whether both are jamo of one Hangul syllable: initials, vowels, finals."""
    if "\u1160" <= char <= "\u11ff" or "\ud7b0" <= char <= "\ud7ff":
        return True
    first = "\u1100" <= before <= "\u115f" or "\ua960" <= before <= "\ua97f"
    return first and ("\u1100" <= char <= "\u115f" or "\ua960" <= char <= "\ua97f" or "\uac00" <= char <= "\ud7a3")


def _has_virama(text: str, at: int) -> bool:
    """Whether a virama is among the marks just before this offset."""
    for before in reversed(text[max(0, at - MAX_MARKS) : at]):
        if not _is_mark(before):
            return False
        if unicodedata.combining(before) == _VIRAMA:
            return True
    return False


def _is_flag(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _flags_before(text: str, at: int) -> int:
    count = 0
    while count < at and _is_flag(text[at - 1 - count]):
        count += 1
    return count
