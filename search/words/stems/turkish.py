"""Stems of folded Turkish words: endings are taken off one after the other while they agree with the vowels. Pure.

Folding wrote ı as i, ö as o, ü as u, so of the harmony of vowels only e against a is left; it still tells most foreign
words from Turkish ones. Snowball's stemmer knows no verbs and needs the letters that folding took.
"""

from __future__ import annotations

import re
from typing import Final

from search.words.stems.endings import Endings

SHORTEST: Final = 3
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
"""Endings that many short words end in: temmuz, yalniz, kirmizi."""
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
"""Endings whose first letter may be the last of the word: insan-da, kapi-nin, polis-i, orgut-u."""
_WITH_N: Final = ("nin", "nun", "ni", "nu")


def turkish(word: str) -> set[str]:
    """The stems of a Turkish word; a word that cannot be Turkish stays as it is.

    The first letter of `nin` may be the last of the word before it: `kopru-nun`, `bakan-in`."""
    if len(word) <= SHORTEST or _FOREIGN.search(word):
        return {word}
    stems = {_stem(word)}
    if word.endswith(_WITH_N):
        stems.add(_stem(word[:-2] if word.endswith("n") else word[:-1]))
    found = (ending.fullmatch(word) for ending in _AMBIGUOUS)
    stems.update(_stem(one[1]) for one in found if one)
    # Of verbs in -lamak the passive: yakalandi is of yakal(a).
    return stems | {stem[:-2] for stem in stems if stem != word and _PASSIVE.fullmatch(stem)}


def _stem(word: str) -> str:
    stem = word
    while (shorter := _shorter(stem)) != stem:
        stem = shorter
    if stem == word or len(stem) <= SHORTEST:
        # ardindan is not art: of three letters too many words of other languages are made.
        return stem
    return stem[:-1] + _HARD.get(stem[-1], stem[-1])


def _shorter(word: str) -> str:
    for stem, ending in _ENDINGS.cuts(word):
        if ((len(ending) > _TINY and ending not in _RARE) or len(stem) > SHORTEST) and _agree(stem, ending):
            return stem
    return word


def _agree(stem: str, ending: str) -> bool:
    """Whether the vowels may stand in one word: an `a` never follows an e, nor an `e` an a, nor a `u` an e, a or i."""
    last = next((letter for letter in reversed(stem) if letter in "aeiou"), "")
    first = next((letter for letter in ending if letter in "aeiou"), last)
    return last + first not in _DISCORD and last != ""


_DISCORD: Final = frozenset(("ae", "ea", "eu", "au", "iu", "eo", "ao", "io"))
