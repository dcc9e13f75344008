r"""Quotation marks of every language, as people type and paste them. Pure.

A quote ends at the mark that pairs with its opening mark or, where people mix them (“a b"), at another closing mark. A
pair of another kind inside is text: "he said “no” to it". A backslash escapes a quotation mark or another backslash:
"he said \"no\" to it". Inside a Hebrew word a double quote is a letter: צה"ל.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_PAIRS: Mapping[str, tuple[str, str]] = {
    # Opening mark -> its closing marks, and others that may close it too.
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
_MARKS = "".join(dict.fromkeys("".join(f"{first}{own}{other}" for first, (own, other) in _PAIRS.items())))
_ESCAPE = re.compile(rf"\\([\\{_MARKS}])")
_ESCAPED = re.compile(rf"[\\{_MARKS}]")
_INNER = {'"': '"', "“": "”", "„": "“”", "«": "»", "‹": "›", "「": "」", "『": "』"}
"""Pairs that may occur inside a quote."""
_HEBREW = re.compile("[\u05d0-\u05f2]")


def closing(mark: str) -> str:
    """Return the mark that closes a quote opened with this one."""
    return _PAIRS[mark][0][0]


def read_quoted(text: str, start: int) -> tuple[str, int] | None:
    """Return the text of the quote that starts here and the offset after it; None if it is not closed."""
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
    """Quote the text so that `read_quoted` returns it unchanged."""
    return f'"{_ESCAPED.sub(lambda found: chr(92) + found[0], text)}"'


def is_gershayim(text: str, at: int) -> bool:
    """Whether the double quote at this offset is inside a Hebrew word, as in צה"ל."""
    around = text[max(0, at - 1) : at] + text[at + 1 : at + 2]
    return text[at] in '"”“' and len(_HEBREW.findall(around)) == 2


def _may_end(text: str, start: int, at: int, other: str) -> bool:
    """Whether a mark of another kind closes the quote: it must directly follow text, otherwise it opens one."""
    return text[at] in other and at - 1 > start and not text[at - 1].isspace()


def _inner_end(text: str, at: int, own: str) -> int | None:
    """Return the end of the pair that opens here, if the outer quote ends after it."""
    last = max(0, *(text.rfind(mark) for mark in own))
    ends = [text.find(mark, at + 1, last) for mark in _INNER.get(text[at], "")]
    return min((end for end in ends if end >= 0), default=None)
