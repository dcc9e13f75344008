"""Stemming of folded Turkish words: suffixes are stripped one by one as long as they obey vowel harmony. Pure.

Folding has turned ı into i, ö into o and ü into u, so only the contrast of e and a is left of vowel harmony; it still
separates most foreign words from Turkish ones. Snowball's stemmer handles no verbs and needs the letters that folding
replaced.
"""

from __future__ import annotations

import re
from typing import Final

from search.words.stems.endings import Endings

MIN_STEM: Final = 3
_LONG: Final = (
    "ler lar lerin larin leri lari lerini larini lerine larina lerinde larinda lerinden larindan lerinin larinin "
    "iyor uyor iyorlar uyorlar iyordu uyordu ecek acak ecekler acaklar "
    "mistir mustur misti mustu mis mus mek mak digi dugu tigi tugu"
)
_SHORT: Final = (
    "nin nun in un yi yu i u ni nu ye ya e a ne na de da te ta nde nda den dan ten tan nden ndan si su "
    "yle yla im um imiz umuz di du ti tu ip up ki me ma sinin sunun sinda sunda sinde sunde sina suna sine sini sunu "
    "miz muz iniz unuz niz nuz indan unda inda inde unde indan inden undan unden ini unu ine una inin unun"
)
_ENDINGS = Endings(f"{_LONG} {_SHORT}")
_TINY: Final = 2
_RARE: Final = frozenset(("miz", "muz", "niz", "nuz"))
"""Suffixes that look like the end of many short words: temmuz, yalniz, kirmizi."""
_FOREIGN = re.compile("[qwx]|^[^aeiou]{3}|th|sch|[^aeiou]{4}")
_HARD: Final = {"b": "p", "d": "t", "g": "k"}
"""kitap, kitabi."""


_PASSIVE: Final = re.compile("[a-z]{4,}l[ae]n")
_AMBIGUOUS: Final = tuple(map(re.compile, (
    "(.{3,}n)(?:d[ae]n?|[iu]n)",
    "(.{3,}[aeiou])(?:n[iu]n|m[iu]z)",
    "(.{3,}s)[iu](?:n(?:[iu]n?|[ae]|d[ae]n?))?",
    "(.{3,}t)[iuae]",
)))  # fmt: skip
"""Suffixes whose first letter may belong to the word: insan-da, kapi-nin, polis-i, orgut-u."""
_WITH_N: Final = ("nin", "nun", "ni", "nu")


def turkish(word: str) -> set[str]:
    """Return the stems of a Turkish word; a word that cannot be Turkish is returned unchanged.

    The first letter of `nin` may belong to the word before it: `kopru-nun`, `bakan-in`."""
    if len(word) <= MIN_STEM or _FOREIGN.search(word):
        return {word}
    stems = {_stem(word)}
    if word.endswith(_WITH_N):
        stems.add(_stem(word[:-2] if word.endswith("n") else word[:-1]))
    found = (ending.fullmatch(word) for ending in _AMBIGUOUS)
    stems.update(_stem(one[1]) for one in found if one)
    # Passive of verbs in -lamak: yakalandi belongs to yakal(a).
    return stems | {stem[:-2] for stem in stems if stem != word and _PASSIVE.fullmatch(stem)}


def _stem(word: str) -> str:
    stem = word
    while (shorter := _shorter(stem)) != stem:
        stem = shorter
    if stem == word or len(stem) <= MIN_STEM:
        # ardindan is not art: three-letter stems coincide with too many words of other languages.
        return stem
    return stem[:-1] + _HARD.get(stem[-1], stem[-1])


def _shorter(word: str) -> str:
    for stem, ending in _ENDINGS.splits(word):
        if ((len(ending) > _TINY and ending not in _RARE) or len(stem) > MIN_STEM) and _agree(stem, ending):
            return stem
    return word


def _agree(stem: str, ending: str) -> bool:
    """Whether the vowels may occur in one word: `a` never follows e, nor `e` a, nor `u` e, a or i."""
    last = next((letter for letter in reversed(stem) if letter in "aeiou"), "")
    first = next((letter for letter in ending if letter in "aeiou"), last)
    return last + first not in _DISCORD and last != ""


_DISCORD: Final = frozenset(("ae", "ea", "eu", "au", "iu", "eo", "ao", "io"))
