"""Scripts without spaces between words, and Hangul: which characters, and where a word begins and ends to be of them.

A *run* is a piece of a word of such characters only. Patterns of so many characters take 8 ms each to compile, a good
part of what a search takes to start: they are made when there is something that they may be for.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache
from typing import Final

_RUN: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Myanmar, Khmer
    "\u1100-\u11ff\ua960-\ua97f\uac00-\ud7ff"  # Hangul
    "\u3005-\u3007\u3021-\u3029\u3041-\u312f\u31a0-\u31bf\u31f0-\u31ff"  # kana, bopomofo, iteration marks
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese characters
)
_EDGES: Final = sorted(edge for at in range(0, len(_RUN), 3) for edge in (_RUN[at], chr(ord(_RUN[at + 2]) + 1)))
"""Where a range begins, and behind its end."""
_HIGH: Final = re.compile("[^\\x00-\u0dff]")
"""No character of a run lies below."""


def in_run(term: str) -> bool:
    """Whether a term begins with a character of a run: it is of a run then, as no term is both."""
    return bisect_right(_EDGES, term[:1]) % 2 == 1


def may_run(text: str) -> bool:
    """Whether there may be runs in a text; quick."""
    return not text.isascii() and _HIGH.search(text) is not None


def pieces(word: str) -> list[str]:
    """A folded word cut where runs begin and end."""
    return _pieces().findall(word) if may_run(word) else [word]


@cache
def _pieces() -> re.Pattern[str]:
    return re.compile(f"[{_RUN}]+|[^{_RUN}]+")
