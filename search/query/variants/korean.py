"""Korean nouns without their particle, and prefixes of the commonest verb forms. Pure.

Any substring of a word is found, so particles in texts need no handling; a particle in the query is removed to find the
noun with others: 서울에서, 서울. Verb stems contract with their endings: 가다 is 갔, 간다; 발표하다 is 발표했, 발표한.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_FIRST: Final = 0xAC00
_VOWELS: Final = 21
_FINALS: Final = 28
_N, _L, _M, _B, _SS = 4, 8, 16, 17, 20
"""Indexes of the finals ㄴ ㄹ ㅁ ㅂ ㅆ."""
_EO, _YEO, _O, _WA, _WAE, _OE, _U, _WEO, _EU, _I = 4, 6, 8, 9, 10, 11, 13, 14, 18, 20
_CONTRACTED: Final = {_I: _YEO, _O: _WA, _U: _WEO, _OE: _WAE, _EU: _EO}
"""Vowel of a stem to its contraction with 어 or 아."""
_WORD = re.compile("[가-힣]{2,}")
_MIN_COMPOUND: Final = 4
_MAX_COMPOUND: Final = 6
"""Syllables."""
_LONG_PARTICLES = re.compile(
    "(?<=..)(?:에서는|에서도|으로는|에게서|에서|에게|에는|에도|으로|까지|부터|처럼|들은|들이|들을|들의|들에게)$"
)
_AFTER_FINAL: Final = frozenset("은을이과")
_AFTER_VOWEL: Final = frozenset("는를가와")
_NOUNS: Final = frozenset(("바다", "소다", "판다", "혼다", "수다", "람다", "캐나다", "르완다", "우간다", "베란다"))
_NOUNS_IN_I: Final = frozenset(("어린이", "젊은이", "늙은이"))

_SOFTENED: Final = {"듣": "들", "걷": "걸", "깨닫": "깨달", "묻": "물"}


def korean_variants(word: str) -> Iterator[str]:
    """Yield other forms of a folded word; there may be none."""
    if _WORD.fullmatch(word) is None:
        return
    if _MIN_COMPOUND <= len(word) <= _MAX_COMPOUND:
        # 정상회담, 정상 회담: compounds are written both ways.
        yield from (f"{word[:at]} {word[at:]}" for at in range(2, len(word) - 1))
    noun = _noun(word)
    if noun != word:
        yield noun
    if word.endswith("다") and word not in _NOUNS:
        yield from _of_verb(word[:-1])


def _noun(word: str) -> str:
    """Strip a particle; at least two syllables remain."""
    bare = _LONG_PARTICLES.sub("", word)
    if bare != word or len(word) <= 2 or word in _NOUNS_IN_I:
        return bare
    closed = _final(word[-2]) != 0
    return word[:-1] if word[-1] in (_AFTER_FINAL if closed else _AFTER_VOWEL) else word


def _of_verb(stem: str) -> Iterator[str]:
    """Yield prefixes of a verb, given its stem before 다."""
    last = stem[-1]
    if _final(last):
        # Already inflected: 갔다, 발표했다, 간다.
        if _final(last) in (_SS, _N) and (bare := _uncontracted(last)):
            yield from _of_vowel_stem(stem[:-1], bare)
        elif _final(last) == _B:
            # 어렵다 is 어려운, 어려웠; 돕다 is 도왔.
            yield stem
            bare = stem[:-1] + _with(last, _vowel(last), 0)
            yield from (bare + ending for ending in ("운", "우", "워", "웠", "왔"))
        elif _final(last) == _L:
            # 살다 is 산다, 사는; 만들다 is 만든.
            bare = _with(last, _vowel(last), 0)
            yield from (stem[:-1] + _with(last, _vowel(last), _N) + "다", stem[:-1] + bare + "는")
            yield from (stem,) if len(stem) > 1 else (stem + ending for ending in ("았", "었", "고", "아", "어", "면"))
        elif stem in _SOFTENED:
            yield from (stem, _SOFTENED[stem] + "었", _SOFTENED[stem] + "은", _SOFTENED[stem] + "어")
        elif len(stem) > 1:
            yield stem
        else:
            yield from (stem + ending for ending in ("었", "았", "은", "을", "는", "고", "어", "아", "지"))
    else:
        yield from _of_vowel_stem(stem[:-1], last)


def _of_vowel_stem(before: str, last: str) -> Iterator[str]:
    """Yield prefixes of a verb stem that ends in a vowel, its last syllable given separately."""
    vowel = _vowel(last)
    past = _with(last, _CONTRACTED.get(vowel, vowel), _SS)
    if last == "하":
        past, plain = "했", "해"
    else:
        plain = _with(last, _CONTRACTED.get(vowel, vowel), 0)
    yield before + past
    if last == "르" and before:
        # 오르다 is 올랐, 부르다 is 불렀.
        doubled = before[:-1] + _with(before[-1], _vowel(before[-1]), _L)
        yield from (doubled + ending for ending in ("라", "랐", "러", "렀"))
    if before:
        finals = (0, _N, _L, _M, _B)
        yield from (before + _with(last, vowel, final) for final in finals)
        yield before + plain
    else:
        yield from (last + ending for ending in ("고", "는", "며", "지", "다"))
        yield from (_with(last, vowel, _N) + "다", _with(last, vowel, _B) + "니", plain + "서")


def _uncontracted(last: str) -> str:
    """Undo a contraction: 했 to 하, 졌 to 지, 갔 and 간 to 가."""
    vowel = _vowel(last)
    if last == "했":
        return "하"
    if _final(last) == _SS:
        vowel = {became: was for was, became in _CONTRACTED.items()}.get(vowel, vowel)
    return _with(last, vowel, 0)


def _vowel(syllable: str) -> int:
    return (ord(syllable) - _FIRST) // _FINALS % _VOWELS


def _final(syllable: str) -> int:
    return (ord(syllable) - _FIRST) % _FINALS


def _with(syllable: str, vowel: int, final: int) -> str:
    """Replace vowel and final of a syllable."""
    first = (ord(syllable) - _FIRST) // (_FINALS * _VOWELS)
    return chr(_FIRST + (first * _VOWELS + vowel) * _FINALS + final)
