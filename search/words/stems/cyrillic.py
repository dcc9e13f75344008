"""Stemming of folded Cyrillic words: Russian by Snowball, Ukrainian by our own rules. Pure.

Folding has turned ё into е and ґ into г and removed the apostrophe of Ukrainian words. Letters that only one of the two
languages uses identify it; other words get stems in both. https://snowballstem.org/algorithms/russian/stemmer.html
"""

from __future__ import annotations

import re
from typing import Final

import Stemmer

from search.words.stems.endings import Endings

MIN_STEM: Final = 3
_RUSSIAN = Stemmer.Stemmer("russian", 0)
_ONLY_RUSSIAN = re.compile("[ыэъ]")
_ONLY_UKRAINIAN = re.compile("[іїє]")
_VOWELS: Final = "аеиоуыэюяіїє"


def cyrillic_stems(word: str) -> set[str]:
    """Return the stems of a word in each language it may belong to: `r:` Russian, `u:` Ukrainian."""
    stems: set[str] = set()
    if not _ONLY_UKRAINIAN.search(word):
        stems.update(f"r:{stem}" for stem in russian(word))
    if not _ONLY_RUSSIAN.search(word):
        stems.update(f"u:{stem}" for stem in ukrainian(word))
    return stems


_NOUN = Endings("ами ями ах ях ам ям ов ев ей ой ом ем ую юю ою ею а е и о у ы ю я й ь")
_PARTICIPLE = re.compile("(.{2,}?)(жд|[бпвмф]л|ч|щ|ж|ш)ен(?:[аоы]|н(?:ый|ая|ое|ые|ого|ой|ому|ых|ым|ую|ыми|ом))?")
_BEFORE_PARTICIPLE: Final = {
    "жд": ("д",), "дж": ("д",), "ч": ("т",), "щ": ("т", "ст"), "ж": ("з",), "ш": ("с",),
    "бл": ("б",), "пл": ("п",), "вл": ("в",), "мл": ("м",), "фл": ("ф",),
}  # fmt: skip
"""захватить, захвачен; освободить, освобожден; разместить, размещен; купить, куплен."""
_PRESENT = re.compile("(.{2,}?)([ую])(?:ет|ют|ем|ешь|ете|ет?ся|ются|ющ[а-я]+)")
_PERSON = re.compile("(.{3,}[ая]н)ин(?:а|у|ом|е)?")
"""гражданин, граждане."""
_FLEETING = re.compile(f"(?<=..[^{_VOWELS}])[оеь](?=[кцн]$)|(?<=.т)е(?=р$)")


def russian(word: str) -> set[str]:
    """Return Snowball's stem and a noun stem, as Snowball mistakes the end of `урал` or `состав` for a verb ending.

    A fleeting vowel before the last consonant (`участок`, `участка`) is dropped."""
    if len(word) <= MIN_STEM:
        return {word}
    stem: str = _RUSSIAN.stemWord(word)
    noun = _NOUN.apply(word)
    verb = stem[:-1] if len(stem) > MIN_STEM + 1 and stem[-1] in _VOWELS else stem
    # A noun may have no ending at all: Snowball would strip ем from `проблем`.
    bare = word if word[-1] not in _VOWELS else noun
    found = _PARTICIPLE.fullmatch(word)
    done = {found[1] + one for one in _BEFORE_PARTICIPLE[found[2]]} if found else set()
    if present := _PRESENT.fullmatch(word):
        # требует, требовать; воюет, воевать.
        done.add(present[1] + ("ов" if present[2] == "у" else "ев"))
    if person := _PERSON.fullmatch(word):
        done.add(person[1])
    if word[-3:-2] in _VOWELS and word.endswith("ец"):
        done.add(f"{word[:-2]}йц")
    return done | {_FLEETING.sub("", one) for one in (verb if len(stem) >= MIN_STEM else noun, noun, bare)}


_UKRAINIAN_VERB = (
    "ював ювала ювали ювало ює юють юючи уючи аючи яючи овано ований ована овані ованих "
    "увати ювати овувати увала ували увало ував увавши ує ують уємо уєте уйте ував "
    "ати яти ити іти їти оти ути ала яла ила іла їла ула али яли или іли їли ули ало яло ило іло їло уло "
    "ав яв ив їв ає яє аю яю ають яють аємо яємо аєте ить їть ять уть ють емо имо їмо ете ите иш еш аєш "
    "нути нув нула нули нуло атиме атимуть итиме итимуть уватиме уватимуть ено ано"
)
_UKRAINIAN_NOUN = (
    "шей:ш чей:ч жей:ж стей:ст цем:ц шем:ш чем:ч жем:ж "
    "ами ями ах ях ам ям им ім їм ів їв ом єм ою ею єю ого ього ому ьому ими іми їми их іх їх ій їй ий ої ьої "
    "ую юю ення а я о е є у ю и і ї ь й"
)
_UKRAINIAN = Endings(f"{_UKRAINIAN_VERB} {_UKRAINIAN_NOUN}", min_stem=2)
_UKRAINIAN_NOUNS = Endings(_UKRAINIAN_NOUN)
_UKRAINIAN_DONE = re.compile("(.{2,}?)(дж|[бпвмф]л|щ|ч|ж|ш)(?:ен(?:о|ий|а|е|і|их|ими|ого|ому|у|ої|ою)|ять)")
_REFLEXIVE = Endings("ся сь")
_CLOSED = re.compile("і(?=[^аеиоуюяіїє]{1,2}$)")


def ukrainian(word: str) -> set[str]:
    """Strip endings of nouns, adjectives and verbs; і in a closed last syllable becomes о, as in the other forms.

    Before і, г may have become з, as к becomes ц."""
    if len(word) <= MIN_STEM:
        return {word}
    stems = {
        _normalize_stem(_UKRAINIAN.apply(_REFLEXIVE.apply(word))),
        _normalize_stem(_UKRAINIAN_NOUNS.apply(word)),
    }
    if found := _UKRAINIAN_DONE.fullmatch(word):
        # пошкодити, пошкоджено; робити, роблять.
        stems.update(found[1] + one for one in _BEFORE_PARTICIPLE[found[2]])
    return {*stems, *(f"{stem[:-1]}г" for stem in stems)} if word.endswith("зі") else stems


def _normalize_stem(stem: str) -> str:
    """Undo sound changes, so that all forms share a stem: рішен(н)ь, організаці(й), ніч, руц(і)."""
    stem = _CLOSED.sub("о", _FLEETING.sub("", stem))
    if len(stem) > MIN_STEM:
        stem = stem.removesuffix("і")
        stem = stem[:-1] if stem[-1] == stem[-2] else stem
    stem = f"{stem[:-2]}йц" if stem.endswith("єц") else stem
    return stem[:-1] + "к" if stem.endswith("ц") else stem
