"""Strips what a document, a chat or a web page leaves around a pasted name; and the name as errors quote it."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 2048
"""Maximum characters of an address."""

_INVISIBLE = dict.fromkeys(
    [0x034F, 0x115F, 0x1160, 0x2800, 0x3164, 0xFFA0, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10)]
)
"""Invisible characters outside the category Cf: joiners, fillers, variation selectors."""
_DASHES = re.compile(r"^[\u2010-\u2015\u2212](?=[0-9])")
_BULLET = re.compile(r"^(?:[-*+\u2010-\u2015\u2022\u2023\u25aa\u25cf\u25e6\u00b7\u2043]|[0-9]{1,4}[.)])\s+")
_OPENING = "\"'`*~|<([{\u00ab\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u2039\u203a\u300a\u3008\u300c\u300e\u3010"
_CLOSING = "\"'`*~|>)]}\u00bb\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u2039\u203a\u300b\u3009\u300d\u300f\u3011"
_TRAILING = ".,;:!?\u060c\u061b\u061f\u06d4\u3001\u3002"
_DEFANGED = (
    (re.compile(r"^h(?:xx|\*\*|tt\[)ps?\]?(?=:|\[:)", re.IGNORECASE), "https"),
    (re.compile(r"\[\s*(?:\.|dot)\s*\]|\(\s*(?:\.|dot)\s*\)|\{\s*(?:\.|dot)\s*\}", re.IGNORECASE), "."),
    (re.compile(r"\[(:|/|:/|://|@)\]"), r"\1"),
)
_PHONE = re.compile(r"\+[0-9][0-9 ().-]{4,}[0-9](?!\w)")
_SECRET = re.compile(
    r"((?:^|/)(?:login|proxy|socks|confirmphone|contact|passport|oauth)(?=[/?]))[/?].*", re.IGNORECASE | re.DOTALL
)


def clean(typed: str) -> str:
    """The address without invisible characters, and without surrounding quotes, brackets, bullets and punctuation."""
    text = _visible(unicodedata.normalize("NFKC", typed[: LONGEST + 1])).strip().replace("&amp;", "&")
    for pattern, right in _DEFANGED:
        text = pattern.sub(right, text)
    before = None
    while before != text:
        before = text
        text = _BULLET.sub("", text).lstrip(_OPENING + " \t").rstrip(_CLOSING + _TRAILING + " \t").strip()
    return _DASHES.sub("-", text)


def echo(typed: str) -> str:
    """Quote user input in an error message, without secrets and shortened if too long."""
    text = " ".join(_visible(typed).split())
    text = _PHONE.sub(lambda found: f"+…{found[0][-2:]}", text)
    text = _SECRET.sub(r"\1…", text)
    return f"{text[:99]}…" if len(text) > 100 else text or "''"


def fold_name(name: str) -> str:
    """Normal form of a name, for comparison: ignores case, width and what `clean` strips."""
    return clean(name).casefold()


def _visible(text: str) -> str:
    shown = text.translate(_INVISIBLE)
    if shown.isascii():
        return shown
    return "".join(char for char in shown if unicodedata.category(char) != "Cf")
