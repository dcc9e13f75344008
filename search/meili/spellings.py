"""Other spellings of the words of a text, for questions that other programs send as people typed them. Pure.

Chinese in the other characters, digits of other scripts, Persian words typed with Arabic letters, German words with and
without umlauts. The server cuts Japanese and Korean by dictionaries, a text often in another way than a question: so
Japanese words are given apart from what surrounds them, and long Korean ones without their beginning.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from search.meili.base_forms import PERSIAN
from search.query.variants.han import other_characters
from search.words.stems.umlauts import without_umlauts

_HAN: Final = re.compile("[\u3005\u4e00-\u9fff]+")
_KANA: Final = re.compile("[\u3041-\u30fc]")
_HIRAGANA: Final = re.compile("[\u3041-\u3096]")
_JAPANESE: Final = re.compile("[\u30a1-\u30fa\u30fc]{2,}|[\u3005\u4e00-\u9fff]{2,}")
_VERB: Final = re.compile("([\u3005\u4e00-\u9fff]{1,2}[\u3041-\u3093]??)([っんいしきぎちみびり]?)(?=[たてだでま])")
_LAST: Final = {"": "る", "っ": "うつる", "ん": "むぶぬ", "い": "くぐ"} | dict(
    zip("しきぎちみびり", "すくぐつむぶる", strict=True)
)
"""Kana before た and ます to those that the dictionary form of a verb may end in."""
_HANGUL: Final = re.compile("[\uac00-\ud7a3]{4,}")
_LISTED: Final = """
    했다 됐다 났다 졌다 한다 된다 였다 었다 았다 니다 습니다 했습니다 됐습니다 합니다 됩니다 입니다
    들이 들을 들은 들의 들에게 에서 에서도 서도 으로 까지 부터 에게 과의 하고 하는 되는
"""
_ENDINGS: Final = frozenset(_LISTED.split())
"""Endings of Korean words that nobody looks for."""
_NUMBER: Final = re.compile("[0-9]{2,}")
_DIGITS: Final = (
    (re.compile("[\u0621-\u064a]"), ("\u0660", "\u06f0")),
    (re.compile("[\u0e01-\u0e3a]"), ("\u0e50",)),
)
"""Letters of a script, and its zeros."""
_WORD: Final = re.compile("\\w+")
_ARABIC_LETTERS: Final = re.compile("[كي]")
_GERMAN: Final = re.compile("ss|ae|oe|ue")


def unspaced_spellings(texts: Iterable[str], folded: Iterable[str]) -> list[str]:
    """Return other spellings of Chinese, Japanese and Korean words, for the server to cut."""
    found: dict[str, None] = {}
    for text, words in zip(texts, folded, strict=True):
        if text.isascii():
            continue
        if _KANA.search(text):
            found |= dict.fromkeys(_japanese(words))
        elif runs := _HAN.findall(text):
            found |= dict.fromkeys(filter(None, map(other_characters, runs)))
        found |= dict.fromkeys(run[at:] for run in _HANGUL.findall(text) for at in range(2, len(run) - 1))
    return [one for one in found if one not in _ENDINGS]


def spellings(texts: Iterable[str], folded: Iterable[str], lang: str | None) -> list[str]:
    """Return other spellings of words and numbers of these texts."""
    found: dict[str, None] = {}
    for text, words in zip(texts, folded, strict=True):
        if lang == "de":
            found |= dict.fromkeys(one for word in _words_with(_GERMAN, text.lower()) for one in _german(word))
        elif lang == "fa":
            found |= dict.fromkeys(word.translate(PERSIAN) for word in _words_with(_ARABIC_LETTERS, text))
        for script, zeros in _DIGITS:
            if script.search(text):
                found |= {_with_digits(number, zero): None for number in _NUMBER.findall(words) for zero in zeros}
    return list(found)


def _words_with(part: re.Pattern[str], text: str) -> Iterator[str]:
    """Yield the words with such a part; a single pattern for both would be quadratic in the length of a word."""
    return (word for word in _WORD.findall(text) if part.search(word))


def _with_digits(number: str, zero: str) -> str:
    return number.translate({ord("0") + at: ord(zero) + at for at in range(10)})


def _japanese(folded: str) -> Iterator[str]:
    if sum(map(len, _HAN.findall(folded))) > len(_HIRAGANA.findall(folded)):
        yield from _JAPANESE.findall(folded)  # the server takes it for Chinese
    for stem, end in _VERB.findall(folded):
        yield from (stem + one for one in _LAST[end])
        if end and end not in "っんい":
            yield f"{stem}{end}る"


def _german(word: str) -> Iterator[str]:
    """Yield a German word with ß for ss, and with umlauts for two letters."""
    yield from {word.replace("ss", "ß"), without_umlauts(word)} - {word}
