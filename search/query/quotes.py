r"""Quotes of every language, as people type and paste them. Pure.

A quote ends at the sign that belongs to its beginning; where people mix them (“a b"), at another that can end one. A
pair of another kind within it is text: "he said “no” to it". A backslash before a quote sign, or before a backslash,
takes away its meaning: "he said \"no\" to it". Within a Hebrew word a double quote is a letter: צה"ל.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_PAIRS: Mapping[str, tuple[str, str]] = {
    # What begins a quote -> what ends it, and what else may.
    '"': ('"', "“”„＂"),
    "＂": ("＂", '"“”'),
    "“": ("”", '"“'),
    "”": ("”", '"“'),
    "„": ("“”", '"'),
    "‟": ("”", '"“'),
    "«": ("»", ""),
    "»": ("«", "»"),
    "‹": ("›", ""),
    "›": ("‹", "›"),
    "「": ("」", ""),
    "『": ("』", ""),
    "〝": ("〞〟", ""),
}
OPENING: Final = frozenset(_PAIRS)
_SIGNS = "".join(dict.fromkeys("".join(f"{first}{own}{other}" for first, (own, other) in _PAIRS.items())))
_ESCAPE = re.compile(rf"\\([\\{_SIGNS}])")
_ESCAPED = re.compile(rf"[\\{_SIGNS}]")
_INNER = {'"': '"', "“": "”", "„": "“”", "«": "»", "‹": "›", "「": "」", "『": "』"}
"""Pairs that may stand within a quote."""
_HEBREW = re.compile("[\u05d0-\u05f2]")


def closing(sign: str) -> str:
    """What ends a quote that begins with this sign."""
    return _PAIRS[sign][0][0]


def read_quoted(text: str, start: int) -> tuple[str, int] | None:
    """What stands within the quote that begins here, and the place behind it; None where it does not end."""
    own, other = _PAIRS[text[start]]
    at = start + 1
    while at < len(text):
        if _ESCAPE.match(text, at):
            at += 2
            continue
        if text[at] in own or text[at] in other or text[at] == text[start]:
            inner = None if text[at] in own else _inner_end(text, at, own)
            if inner is not None:
                at = inner
            elif (text[at] in own or _may_end(text, start, at, other)) and not is_gershayim(text, at):
                return _ESCAPE.sub(r"\1", text[start + 1 : at]), at + 1
        at += 1
    return None


def write_quoted(text: str) -> str:
    """The text in quotes, so that `read_quoted` gives it back."""
    return f'"{_ESCAPED.sub(lambda found: chr(92) + found[0], text)}"'


def is_gershayim(text: str, at: int) -> bool:
    """Whether a double quote stands within a Hebrew word, as in צה"ל."""
    around = text[max(0, at - 1) : at] + text[at + 1 : at + 2]
    return text[at] in '"”“' and len(_HEBREW.findall(around)) == 2


def _may_end(text: str, start: int, at: int, other: str) -> bool:
    """Whether a sign of another kind stands where a quote ends: directly behind something. Elsewhere it begins one."""
    return text[at] in other and at - 1 > start and not text[at - 1].isspace()


def _inner_end(text: str, at: int, own: str) -> int | None:
    """Where a pair that begins here ends, if the quote around it ends behind that."""
    last = max(0, *(text.rfind(sign) for sign in own))
    ends = [text.find(sign, at + 1, last) for sign in _INNER.get(text[at], "")]
    return min((end for end in ends if end >= 0), default=None)
