"""Characters that a document cannot hold, or that would deceive its reader, and how they are shown instead. Pure.

XML 1.0 and HTML have no control characters but TAB, LF and CR; surrogates have no encoding at all. Overrides,
embeddings and isolates reorder the letters around them. https://www.w3.org/TR/xml/#charsets , https://trojansource.codes/
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_IMPOSSIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_REORDERING = re.compile("([\u202a-\u202e\u2066-\u2069]+)")
_NAMED = 8
"""Maximum number of characters of a run that are named; a longer run also shows its length."""
_LETTER = "[^\\W\\d_]"
_RTL = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"
_WORD = re.compile(f"(?P<rtl>[{_RTL}]+)|{_LETTER}+")
_RIGHT = re.compile(f"[{_RTL}]")
_LEFT = re.compile(f"[^\\W\\d_{_RTL}]")
_UNBROKEN = re.compile(r"\S+")
_PATH = re.compile(r"\.\w{2,}/")
_NAME = re.compile(r"[@#]\w+")


def possible(text: str) -> str:
    """The text with a picture in place of each character that documents cannot hold."""
    if text.isprintable():  # then it has none, and this is quick
        return text
    return _IMPOSSIBLE.sub(_picture, text)


def split_reordering(text: str) -> Iterator[tuple[str, bool]]:
    """Parts of the text, and whether each is a run of characters that reorder what is around them."""
    if text.isprintable():
        yield text, False
        return
    for at, part in enumerate(_REORDERING.split(text)):
        if part:
            yield part, at % 2 == 1


def name_reordering(text: str) -> str:
    """The text with the name of each character that reorders what is around it instead of the character."""
    return "".join("".join(map(_name, part)) if alone else part for part, alone in split_reordering(text))


def name_run(run: str) -> str:
    """`U+202E`; the first ones of a longer run, and its length."""
    named = " ".join(f"U+{ord(one):04X}" for one in run[:_NAMED])
    return named if len(run) <= _NAMED else f"{named} … ({len(run)})"


def find_direction(text: str) -> str | None:
    """`rtl` or `ltr`, as most of its words are; None without words. Addresses and names do not count."""
    if _RIGHT.search(text) is None:
        return "ltr" if _LEFT.search(_without_addresses(text)) else None
    right = left = 0
    for word in _WORD.finditer(_without_addresses(text)):
        if word["rtl"] is None:
            left += 1
        else:
            right += 1
    if right == left == 0:
        return None
    return "rtl" if right >= left else "ltr"


def line_direction(line: str, whole: str | None) -> str:
    """The direction of one line of a text whose direction is `whole`.

    A line in two directions follows the text, not its first letter: it may begin with a foreign name. So does a line of
    addresses and hashtags only.
    """
    if whole != "rtl" and _RIGHT.search(line) is None:
        return "auto"
    line = _without_addresses(line)
    is_mixed = (_RIGHT.search(line) is None) == (_LEFT.search(line) is None)
    return whole if is_mixed and whole is not None else "auto"


def _without_addresses(text: str) -> str:
    """The text without URLs, hashtags and mentions; in linear time, even without spaces, as in Chinese."""
    return _UNBROKEN.sub(_words, text) if any(sign in text for sign in "/@#") else text


def _words(found: re.Match[str]) -> str:
    run = found[0]
    is_address = 0 < run.find("://", 1) < len(run) - 3 or _PATH.search(run, 1) is not None
    return " " if is_address else _NAME.sub(" ", run)


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else _name(found[0])


def _name(character: str) -> str:
    return f"⟨U+{ord(character):04X}⟩"
