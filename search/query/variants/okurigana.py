"""Japanese compounds with optional okurigana: 取り引き, 取引き, 取引. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_HAN: Final = "\u4e00-\u9fff"
_FULL = re.compile(f"([{_HAN}])([\u3041-\u3096]{{1,2}})([{_HAN}])([\u3041-\u3096]{{0,3}})([{_HAN}]*)")
_SHORT = re.compile(f"([{_HAN}])([{_HAN}])([\u3041-\u3096]{{0,3}})([{_HAN}]*)")
_ROWS: Final = "いきぎしちにびみりえけげせてねべめれ"
"""Kana in which a verb stem may end."""
_NO_STEM: Final = frozenset(("しい", "に", "て", "で", "ね"))
_IN_I: Final = frozenset("買払洗使思追扱願言行問争戦向会合習歌舞伺縫食救吸誘迷請競囲")
"""Characters after which い belongs to a verb stem, not to an adjective."""

_FIRST: Final = {
    **dict.fromkeys("取切売乗振借張掘釣割折送繰降", "り"),
    **dict.fromkeys("引書突巻吹焼抜置聞泣", "き"),
    **dict.fromkeys("受掛助届締", "け"),
    **dict.fromkeys("打立持待勝落", "ち"),
    **dict.fromkeys("申貸差押消探", "し"),
    **dict.fromkeys("買払追使問言思", "い"),
    **dict.fromkeys("組積読踏飲住", "み"),
    **dict.fromkeys("呼飛", "び"),
    **dict.fromkeys("投逃", "げ"),
}
"""Okurigana of verbs that are common as first part."""
_SECOND: Final = {
    **dict.fromkeys("入切取", "り"),
    **dict.fromkeys("引抜巻書続", "き"),
    **dict.fromkeys("付掛除分", "け"),
    **dict.fromkeys("出渡消直戻崩返越回", "し"),
    **dict.fromkeys("合扱払", "い"),
    **dict.fromkeys("込組積", "み"),
    **dict.fromkeys("上下", "げ"),
    **dict.fromkeys("替換", "え"),
    **dict.fromkeys("止決締", "め"),
    **dict.fromkeys("立当", "て"),
    "継": "ぎ",
    "落": "とし",
    "起": "こし",
    "寄": "せ",
}
"""Okurigana of verbs that are common as second part."""

_WRITTEN_OUT: Final = {
    "合せ": "わせ", "締り": "まり", "積り": "もり", "上り": "がり", "下り": "がり", "起し": "こし", "落し": "とし",
    "止り": "まり", "集り": "まり", "終り": "わり", "変り": "わり",
}  # fmt: skip
_WITH_TSU: Final = dict.fromkeys(("引越", "乗取", "引張", "突込", "追払"), "っ")


def okurigana_variants(word: str) -> Iterator[str]:
    """Yield other spellings of a folded compound; there may be none."""
    if full := _FULL.fullmatch(word):
        first, between, second, after, rest = full.groups()
        if not _is_stem(first, between):
            return
        yield f"{first}{second}{after}{rest}"
        if after[-1:] in _ROWS:
            yield f"{first}{second}{rest}"
            yield f"{first}{between}{second}{after[-1:]}{rest}"
    elif short := _SHORT.fullmatch(word):
        first, second, after, rest = short.groups()
        between = _WITH_TSU.get(first + second) or (_FIRST.get(first) if second in _SECOND else None)
        if between:
            after = after or (_SECOND.get(second, "") if rest else "")
            for kana in (after, after[-1:], _WRITTEN_OUT.get(second + after, after)):
                yield f"{first}{between}{second}{kana}{rest}"
            if not after or after[-1] in _ROWS:
                yield f"{first}{second}{rest}"


def _is_stem(char: str, kana: str) -> bool:
    """Whether kana after a character form a verb stem, and not a particle or an adjective."""
    return kana == "っ" or (kana not in _NO_STEM and kana[-1] in _ROWS and (kana != "い" or char in _IN_I))
