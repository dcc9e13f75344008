"""Hashtags, cashtags, @names and links in a text, whether or not Telegram marked them. Pure.

Telegram marks no `#5` and `#2021`, nothing on buttons, and older exports have no marks at all.
https://core.telegram.org/api/entities
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Final

_MARKS: Final = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0900-\u0963\u0970-\u0dff\u0e31\u0e34-\u0e3a\u0e47-\u0e4e"
    "\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ecd\u0f18-\u0fbc\u102b-\u103e\u17b4-\u17d3"
)
"""Vowel signs, which belong to the letter before them."""
_LETTERS: Final = f"\\w\u200c\u200d\u00b7{_MARKS}"
_USER: Final = "[A-Za-z][A-Za-z0-9_]{3,31}"
# Patterns are compiled when a text needs them: a search needs none. They begin with the sign itself, which `re` finds
# faster than a place that has nothing before it.
_HASHTAG: Final = rf"[#＃](?<![\w/?&=#%\u200c].)([{_LETTERS}]{{1,256}}(?:@{_USER})?)(?![{_LETTERS}])"
_CASHTAG: Final = rf"\$(?<![\w$].)([A-Za-z]{{1,8}}(?:@{_USER})?)(?![\w$])"
_NAME: Final = rf"[@＠](?<![\w@./=#-].)({_USER})(?![\w@])"
_LINK: Final = (
    r"[HhWwTt](?<![\w@].)(?:(?<=[Hh])[Tt][Tt][Pp][Ss]?://|(?:(?<=[Ww])[Ww]{2}\.|(?<=[Tt])\.[Mm][Ee]/)(?=\w))"
    r"[^\s<>\"«»“”]+"
)
_AFTER_LINK: Final = ".,;:!?…'’*_~]}"


_pattern = cache(re.compile)
"""`re.findall` looks a pattern up in four times the time."""


def may_have_marks(text: str) -> bool:
    """Quick check for hashtags, names and links in a text; may give false positives."""
    return "#" in text or "@" in text or "/" in text or "$" in text or "www." in text or "＃" in text or "＠" in text


def written_hashtags(text: str) -> list[str]:
    """List the hashtags in a text without their `#`, and cashtags with their `$`."""
    found: list[str] = _pattern(_HASHTAG).findall(text) if "#" in text or "＃" in text else []
    if "$" in text:
        found += [f"${name}" for name in _pattern(_CASHTAG).findall(text)]
    return found


def written_names(text: str) -> list[str]:
    """List the usernames in a text that have an `@`."""
    return _pattern(_NAME).findall(text) if "@" in text or "＠" in text else []


def written_links(text: str) -> list[str]:
    """List the links in a text that start with `https://`, `www.` or `t.me/`."""
    return list(map(_trim, _pattern(_LINK).findall(text))) if "/" in text or "www." in text else []


def each_hashtag(tags: Iterable[str]) -> dict[str, None]:
    """Return hashtags in order and without repeats, `#tag@channel` also as `#tag`."""
    found: dict[str, None] = {}
    for tag in tags:
        bare = tag.lstrip("#＃")
        found[bare] = None
        if "@" in bare[1:]:
            found[bare.partition("@")[0]] = None
    return found


def _trim(link: str) -> str:
    """Drop punctuation after a link, and a parenthesis that opened before it."""
    opened, closed, end = link.count("("), link.count(")"), len(link)
    while end and (link[end - 1] in _AFTER_LINK or (link[end - 1] == ")" and closed > opened)):
        closed -= link[end - 1] == ")"
        end -= 1
    return link[:end]
