"""Fast folding through a codec, for texts in which no character combines with the next. Pure.

A text in one alphabet (plus ASCII and common punctuation) is encoded to one byte per character, dropped marks are
deleted as bytes, and another table decodes the rest: ten times as fast as `str.translate`. Anything else in the text,
such as emoji or a word in another alphabet, is translated. Texts whose characters may combine are left to
`normalize.fold`.

https://docs.python.org/3/library/codecs.html#encodings-and-unicode
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from functools import cache
from typing import Any, Final

from search.text.characters import TABLE

_PUNCTUATION: Final = "«»“”„‘’–—•·°\u00a0\u200b\u200c\u200d\u200e\u200f\ufeff"
"""Encoded along with the letters of every alphabet."""
_ALPHABETS: Final = (
    # First character; the letters as a pattern's character class, at most 128 including punctuation.
    ("\u0600", "،؛؟\u0620-\u0652\u0660-\u066d\u0670ٱپچژڤکڪگہۀۃھەیېۍ۔\u06f0-\u06f9"),
    ("\u0590", "\u0591-\u05c7א-ת׳״"),
    ("\u0400", "\u0400-\u045fҐґʼ"),
    ("", "À-ÿĂăĄąĆćČčĐđĘęĚěĞğİıŁłŃńŐőŘřŚśŞşŠšŮůŰűŹźŻżŽžȘșȚț¿¡"),
)
_DISTINCTIVE: Final = re.compile("[\u00c0-\u024f\u0400-\u052f\u0591-\u05f4\u060c-\u06ff]")
"""The first match decides which alphabet to try."""
_INDEPENDENT: Final = (
    "[\\x00-\\x7f\u00a0-\u00a7\u00a9-\u00ae\u00b0-\u00b3\u00b5-\u00b7\u00b9-\u02af\u0386-\u0482\u048a-\u052f\u05d0-\u05ea"
    "\u0620-\u063f\u0641-\u064a\u0660-\u066d\u0671-\u06d3\u2000-\u2016\u2018-\u203d\u203f-\u205e\u20a0-\u20bf\u2100-\u22ff"
    "\u2300-\u23ff\u2460-\u2bff\u3000-\u3029\u3041-\u3096\u309d-\u30fa\u30fc-\u30fe\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3"
    "\ufe0f\uff01-\uff60\U0001d400-\U0001d7ff\U0001f000-\U0001faff]+"
)
"""Characters that never combine with one another, in any order; compiled on first use."""
_OTHER_THAN_HAN: Final = re.compile("[^\u3400-\u4dbf\u4e00-\u9fff]+")


class _Alphabet:
    """Codec for one alphabet."""

    def __init__(self, letters: str) -> None:
        some = [*re.findall(f"[{letters}{_PUNCTUATION}]", "".join(map(chr, range(128, 0x2100)))), "\ufeff"]
        kept = [char for char in some if len(TABLE[ord(char)]) == 1 and not unicodedata.combining(char)]
        dropped = [char for char in some if not TABLE[ord(char)]]
        codes = [*map(chr, range(128)), *kept, *dropped]
        self._encoding: Any = codecs.charmap_build("".join(codes).ljust(256, "\ufffe"))
        self._dropped = bytes(range(128 + len(kept), len(codes)))
        self._folded = "".join(TABLE[ord(char)] for char in codes[: 128 + len(kept)])
        self._others = re.compile(f"([^\\x00-\\x7f{re.escape(''.join(kept + dropped))}]+)")

    def fold(self, text: str) -> str | None:
        """Return the folded text, or None if some of its characters may combine."""
        try:
            return self._fold(text)
        except UnicodeEncodeError:
            parts = self._others.split(text)
        if not all(map(_are_independent, parts[1::2])):
            return None
        parts[::2] = map(self._fold, parts[::2])
        parts[1::2] = map(_translate, parts[1::2])
        return "".join(parts)

    def _fold(self, text: str) -> str:
        encoded, _ = codecs.charmap_encode(text, "strict", self._encoding)
        folded, _ = codecs.charmap_decode(encoded.translate(None, self._dropped), "strict", self._folded)
        return folded


def fold_fast(text: str) -> str | None:
    """Fold each character by itself; None if some of them may combine."""
    if found := _DISTINCTIVE.search(text):
        return _alphabet_of(found[0]).fold(text)
    return _translate(text) if _are_independent(text) else None


def _translate(text: str) -> str:
    """`text.translate(TABLE)`, twice as fast for Chinese, whose characters map to themselves."""
    return _OTHER_THAN_HAN.sub(_translate_part, text)


def _translate_part(found: re.Match[str]) -> str:
    return found[0].translate(TABLE)


@cache
def _alphabet_of(letter: str) -> _Alphabet:
    return _alphabet(next(letters for first, letters in _ALPHABETS if letter >= first))


@cache
def _alphabet(letters: str) -> _Alphabet:
    return _Alphabet(letters)


def _are_independent(text: str) -> bool:
    return _independent().fullmatch(text) is not None


@cache
def _independent() -> re.Pattern[str]:
    return re.compile(_INDEPENDENT)
