"""Japanese kana words in the other syllabary, and alternative spellings of loanwords. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_MIN_LENGTH: Final = 2
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa\u30fc]+")
_TO_KATAKANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}
_TO_HIRAGANA = {code + 0x60: code for code in range(0x3041, 0x3097)}
# コンピューター, コンピュータ: the long vowel for English -er or -y is optional.
_LONG = re.compile("(?<=..[ターサザバダラマナファリディ])ー$")
_V: Final = (("ヴァ", "バ"), ("ヴィ", "ビ"), ("ヴェ", "ベ"), ("ヴォ", "ボ"), ("ヴ", "ブ"))


_SMALL: Final = (("ウィ", "ウイ"), ("ウェ", "ウエ"), ("ウォ", "ウオ"))
# 三ヶ月, 三か月; 霞ヶ関, 霞が関.
_KE = re.compile("(?<=[0-9\u4e00-\u9fff])[ヶケかカヵ箇が](?=[\u4e00-\u9fff])")
_ALL_KE: Final = "ヶケかカヵ箇が"


def kana_variants(word: str) -> Iterator[str]:
    """Yield other spellings of a folded word; there may be none."""
    if _KE.search(word):
        yield from (_KE.sub(one, word) for one in _ALL_KE)
    if len(word) < _MIN_LENGTH or _KANA.fullmatch(word) is None:
        return
    yield word.translate(_TO_KATAKANA)
    yield word.translate(_TO_HIRAGANA)
    yield _LONG.sub("", word)
    plain, foreign = word, word
    for with_v, with_b in _V:
        plain, foreign = plain.replace(with_v, with_b), foreign.replace(with_b, with_v)
    yield plain
    yield foreign
    for small, full in _SMALL:
        yield word.replace(small, full)
        yield word.replace(full, small)
