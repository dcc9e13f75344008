"""Stemming of folded words in Latin script. Pure.

The language of a word is unknown, so each language strips its own endings, and a word has one stem for each different
result. Snowball's stemmers rely on accents, which folding removes, and strip derivational suffixes (`organ-ization`).
Therefore English and Turkish have rules of their own here, the Romance languages keep such suffixes except for plural
and gender, and German adds the verb forms that Snowball leaves alone. https://snowballstem.org/algorithms/
"""

from __future__ import annotations

import re
from typing import Final

import Stemmer

from search.words.stems.endings import Endings
from search.words.stems.romance import french, italian, portuguese, spanish
from search.words.stems.spelling import american
from search.words.stems.turkish import turkish
from search.words.stems.umlauts import without_umlauts

MIN_STEM: Final = 3
"""Letters in a stem."""
_GERMAN = Stemmer.Stemmer("german", 0)


def latin_stems(word: str) -> set[str]:
    """Return the stems of a word in all languages, each prefixed with its language group."""
    single = (f"{group}:{stem(word)}" for group, stem in LANGUAGES)
    return {*single, *(f"g:{stem}" for stem in german(word)), *(f"t:{stem}" for stem in turkish(word))}


_PLURALS = Endings("sses:ss shes:sh ches:ch xes:x zzes:zz ss:ss us:us is:is s")
_VERBS = Endings("ied:y ies:y", min_stem=2)
_VOWELS: Final = frozenset("aeiouy")
_SYLLABLE: Final = re.compile("[^aeiouy]*[aeiouy][^aeiouwxy]")
"""Stems that double the last letter before a suffix, or end in a silent e: hop, hopping; hope, hoping."""
_DOUBLE_L: Final = re.compile("[aeiouy][^aeiouy]+[aeiou]ll$")


def english(word: str) -> str:
    """Stem plurals and regular verb forms, but not derived words; British spellings become American ones."""
    word = american(word)
    changed = _VERBS.apply(word)
    if changed != word:
        return changed
    word = _PLURALS.apply(word)
    stem = word[:-3] if word.endswith("ing") else word[:-2] if word.endswith("ed") and word[-3:] != "eed" else word
    if stem != word and len(stem) >= MIN_STEM and not _VOWELS.isdisjoint(stem):
        if len(stem) > MIN_STEM and stem[-1] == stem[-2] and stem[-1] in "bdgmnprt":
            return stem[:-1]
        if _SYLLABLE.fullmatch(stem):
            return f"{stem}e"
        word = stem
    if word.endswith("e") and _SYLLABLE.fullmatch(word[:-1]):
        return word
    if _DOUBLE_L.search(word):
        # labelled, labeled
        return word[:-1]
    # `bridge`, `bridged` and `bridging` get the same stem.
    return word[:-1] if word.endswith("e") and len(word) > MIN_STEM else word


_SHORTEST_IN_UM: Final = 5
SEPARABLE: Final = re.compile("ab|an|auf|aus|bei|durch|ein|her|hin|mit|nach|um|vor|weg|zuruck|zusammen|zu")
"""Separable prefixes of German verbs."""
_PARTICIPLE = re.compile(f"((?:{SEPARABLE.pattern})?)ge(.{{3,}}?e?t)(?:e[mnrs]?)?")
_WEAK = Endings("ete eten etet te ten tet etest test est st et t", min_stem=4)

_PAST = Endings(
    " ".join(f"{end}t{person}:{end}en" for end in "bcdfghklmnprsz" for person in ("e", "en", "est", "et"))
    + " iert:ieren ierte:ieren ierten:ieren",
    min_stem=2,
)


def german(word: str) -> set[str]:
    """Return Snowball's stem and a weak verb stem: `meldete`, `gemeldet`, `angemeldet`."""
    word = without_umlauts(word)
    found = _PARTICIPLE.fullmatch(word) if "ge" in word[:12] else None
    if found and found[2].endswith("ert"):
        return {_WEAK.apply(_snowball(f"{found[1]}{found[2][:-1]}n"))}
    if word.endswith("innen"):
        word = word[:-3]
    if word.endswith("um") and len(word) > _SHORTEST_IN_UM:
        # Museum, Museen.
        return {_snowball(word), _snowball(f"{word[:-2]}en")}
    if word.endswith("ers"):
        # A genitive of -er, never a form of a shorter word: Wetters is Wetter, officers is not office.
        return {word[:-1]}
    plain = found[1] + found[2] if found else word
    whole = {word} if word.endswith("er") else set()
    return whole | {_WEAK.apply(_snowball(one)) for one in (plain, _PAST.apply(plain))}


_TWO_SOUNDS: Final = re.compile("(?<![aeiouq])(?:u(?=e..)|a(?=e.)|o(?=e.))e")


def _snowball(word: str) -> str:
    """Stem with Snowball, hiding oe and ue, which it takes for umlauts: `guest` would be gust, and `does` dos."""
    stem: str = _GERMAN.stemWord(_TWO_SOUNDS.sub(lambda found: f"{found[0][0]}E", word))
    return stem.lower()


LANGUAGES: Final = (
    ("e", english),
    ("r", french),
    ("r", spanish),
    ("r", italian),
    ("r", portuguese),
)
"""(group, stemmer); only stems of the same group are compared, and the Romance languages form one group. More languages
were measured and left out: each one adds false forms in all the others."""
