"""Forms of Japanese verbs and adjectives, as prefixes that any of their endings may follow. Pure.

`食べる` is searched as 食べ, which all its forms begin with. If the prefix would be too short, the next character is
included: `行く` as 行か, 行き, 行っ, 行け, 行こ.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_HAN: Final = "\u3005\u4e00-\u9fff"
_HIRAGANA: Final = "\u3041-\u3096"
_WORD = re.compile(f"[{_HAN}{_HIRAGANA}]*[{_HAN}][{_HIRAGANA}]+")
_DONE = re.compile(
    f"([{_HAN}{_HIRAGANA}]*[{_HAN}][{_HIRAGANA}]*)(?:られ)?(?:た|て|ない|なかった|ます|ました|ません|ている|ていた|ています|ていました)"
)
_NOUN_DOES = re.compile(
    f"([{_HAN}]{{2,}}|[\u30a1-\u30fc]{{2,}})(?:する|した|して|します|しました|しない|している|された|される)"
)
_ENDINGS: Final = {
    "う": "うわいっえお",
    "く": "くかきいけこ",
    "ぐ": "ぐがぎいげご",
    "す": "すさしせそ",
    "つ": "つたちってと",
    "ぬ": "ぬなにんねの",
    "ぶ": "ぶばびんべぼ",
    "む": "むまみんめも",
    "る": "るらりっれろ",
    "い": "いくかけさ",
}
_AFTER_FEW: Final = "るたてなまられよ"
_FEW: Final = frozenset("見着出寝得似煮経居射鋳干診観看来")
"""Verbs with one syllable before る, which take endings without a change."""
_GO: Final = "行く"
_FIRST_HAN: Final = "\u3400"
_ROWS: Final = "いきぎしじちにびみりえけげせぜてでねべめれ"
_PAST: Final = {"っ": "っうつる", "ん": "んむぶぬ", "い": "いくぐ"}


def japanese_variants(word: str) -> Iterator[str]:
    """Yield the prefixes of the forms of a folded word; there may be none."""
    if does := _NOUN_DOES.fullmatch(word):
        yield from (does[1] + ending for ending in "しすさ")
    elif _WORD.fullmatch(word):
        if done := _DONE.fullmatch(word):
            yield from _of_stem(done[1])
        if word[-1] in _ENDINGS:
            yield from _of_verb(word[:-1], word[-1])


def _of_verb(stem: str, ending: str) -> Iterator[str]:
    """Yield prefixes of a dictionary form, given as stem and last letter."""
    if _WORD.fullmatch(stem):
        yield stem
    elif ending == "る" and stem[-1] in _FEW and stem[-2:-1] < _FIRST_HAN:
        yield from (stem + one for one in _AFTER_FEW)
    elif f"{stem}{ending}".endswith(_GO):
        yield from (stem + one for one in "くかきっけこ")
    else:
        yield from (stem + one for one in _ENDINGS[ending])


def _of_stem(stem: str) -> Iterator[str]:
    """Yield prefixes of an inflected form, given what precedes た, ます and the like: 食べ, 話し, 行っ."""
    last = stem[-1]
    if last in _PAST:
        yield from (stem[:-1] + one for one in _PAST[last])
    elif last == "し":
        yield from (stem[:-1] + one for one in "しすさ")
    elif last in _ROWS:
        yield stem
