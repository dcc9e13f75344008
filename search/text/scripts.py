"""Unspaced scripts: those written without spaces between words, and Hangul, whose particles are attached. Pure.

Patterns over this many characters take 8 ms each to compile, a noticeable part of a search's start-up, so they are
compiled only for texts that may need them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache
from typing import Final

_UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Myanmar, Khmer
    "\u1100-\u11ff\ua960-\ua97f\uac00-\ud7ff"  # Hangul
    "\u3005-\u3007\u3021-\u3029\u3041-\u312f\u31a0-\u31bf\u31f0-\u31ff"  # kana, bopomofo, iteration marks
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese characters
)
_EDGES: Final = sorted(
    edge for at in range(0, len(_UNSPACED), 3) for edge in (_UNSPACED[at], chr(ord(_UNSPACED[at + 2]) + 1))
)
"""Sorted range limits: first character, then the one after the last."""
_FIRST_OR_LATER: Final = re.compile("[^\\x00-\u0dff]")
"""Matches characters from Thai upwards; all unspaced scripts are there."""


def is_unspaced(term: str) -> bool:
    """Whether a term is in an unspaced script. Its first character decides: no term mixes both kinds."""
    return bisect_right(_EDGES, term[:1]) % 2 == 1


def may_be_unspaced(text: str) -> bool:
    """Quick check for unspaced scripts in a text; may give false positives."""
    return not text.isascii() and _FIRST_OR_LATER.search(text) is not None


def split_scripts(word: str) -> list[str]:
    """Split a folded word where unspaced scripts begin and end."""
    return _script_pieces().findall(word) if may_be_unspaced(word) else [word]


@cache
def _script_pieces() -> re.Pattern[str]:
    return re.compile(f"[{_UNSPACED}]+|[^{_UNSPACED}]+")


@cache
def unspaced_runs() -> re.Pattern[str]:
    """Pattern for strings of unspaced scripts with a space between each, and one around them."""
    return re.compile(f" ?[{_UNSPACED}]+(?: [{_UNSPACED}]+)* ?")
