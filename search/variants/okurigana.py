"""Japanese compounds with the kana between and behind their characters or without: 取り引き, 取引き, 取引. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_HAN: Final = "\u4e00-\u9fff"
_FULL = re.compile(f"([{_HAN}])([\u3041-\u3096]{{1,2}})([{_HAN}])([\u3041-\u3096]{{0,3}})")
_SHORT = re.compile(f"([{_HAN}])([{_HAN}])([\u3041-\u3096]{{0,3}})")
_ROWS: Final = "いきぎしちにびみりえけげせてねべめれ"
"""What the stem of a verb may end in."""
_NO_STEM: Final = frozenset(("しい", "に", "て", "で", "ね"))
_IN_I: Final = frozenset("買払洗使思追扱願言行問争戦向会合習歌舞伺縫食救吸誘迷請競囲")
"""Characters behind which い is the stem of a verb, not the ending of an adjective."""

_FIRST: Final = {
    **dict.fromkeys("取切売乗振借張掘釣割折送借繰下降入", "り"),
    **dict.fromkeys("引書突巻吹焼抜置聞泣", "き"),
    **dict.fromkeys("受掛助届開締", "け"),
    **dict.fromkeys("打立持待勝落", "ち"),
    **dict.fromkeys("申貸差押話消探", "し"),
    **dict.fromkeys("買払追使問言思", "い"),
    **dict.fromkeys("組積読踏飲住", "み"),
    **dict.fromkeys("呼飛", "び"),
    **dict.fromkeys("投逃上", "げ"),
    **dict.fromkeys("植見", ""),
}  # fmt: skip
_FIRST_OF_TWO: Final = {char: kana for char, kana in _FIRST.items() if kana and char not in "上下入開話"}
_SECOND: Final = frozenset("付引合込上下出入渡切替換扱組消立直戻止崩当決返越回掛継抜落払起除取締巻分書寄続積")
"""Characters of verbs that often stand second."""

_WRITTEN_OUT: Final = {
    "合せ": "わせ", "締り": "まり", "積り": "もり", "上り": "がり", "下り": "がり", "起し": "こし", "落し": "とし",
    "止り": "まり", "集り": "まり", "終り": "わり", "変り": "わり",
}  # fmt: skip


def okurigana_variants(word: str) -> Iterator[str]:
    """The other ways to write a folded compound, of which it may be none."""
    if full := _FULL.fullmatch(word):
        first, between, second, behind = full.groups()
        if not _is_stem(first, between):
            return
        yield f"{first}{second}{behind}"
        if behind[-1:] in _ROWS:
            yield f"{first}{second}"
            yield f"{first}{between}{second}{behind[-1:]}"
    elif short := _SHORT.fullmatch(word):
        first, second, behind = short.groups()
        if first in _FIRST_OF_TWO and second in _SECOND:
            for kana in (behind, behind[-1:], _WRITTEN_OUT.get(second + behind, behind)):
                yield f"{first}{_FIRST_OF_TWO[first]}{second}{kana}"
            if not behind or behind[-1] in _ROWS:
                yield f"{first}{second}"


def _is_stem(char: str, kana: str) -> bool:
    """Whether such kana behind a character are the stem of a verb, no particle and no adjective."""
    return kana not in _NO_STEM and kana[-1] in _ROWS and (kana != "い" or char in _IN_I)
