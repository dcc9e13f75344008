"""Stems of folded Latin words: what each language's inflection leaves of a word. Pure.

Which language a word is of is not known, so each language takes its own endings off, and a word has as many stems as
the languages disagree. Snowball's stemmers want accents, which folding took, and take off what makes another word
(`organ-ization`): English and Turkish have rules of their own here, the Romance languages keep such endings but for
their plural and gender, and German gets the verbs that Snowball leaves. https://snowballstem.org/algorithms/
"""

from __future__ import annotations

import re
from typing import Final

import Stemmer

from search.words.stems.endings import Endings
from search.words.stems.romance import french, italian, portuguese, spanish
from search.words.stems.turkish import turkish
from search.words.stems.umlauts import without_umlauts

SHORTEST: Final = 3
"""Letters of a stem."""
_GERMAN = Stemmer.Stemmer("german", 0)


def latin_stems(word: str) -> set[str]:
    """The stems of a word in all languages, each behind the sign of its group."""
    single = (f"{group}:{stem(word)}" for group, stem in LANGUAGES)
    return {*single, *(f"g:{stem}" for stem in german(word)), *(f"t:{stem}" for stem in turkish(word))}


_PLURALS = Endings("sses:ss shes:sh ches:ch xes:x zzes:zz ss:ss us:us is:is s")
_VERBS = Endings("ied:y ies:y", least=2)
_VOWELS: Final = frozenset("aeiouy")
_SYLLABLE: Final = re.compile("[^aeiouy]*[aeiouy][^aeiouwxy]")
"""What doubles its last letter before an ending, or has an e behind it: hop, hopping; hope, hoping."""
_DOUBLE_L: Final = re.compile("[aeiouy][^aeiouy]+[aeiou]ll$")


def english(word: str) -> str:
    """Plurals and regular verb forms; no derived words."""
    changed = _VERBS.change(word)
    if changed != word:
        return changed
    word = _PLURALS.change(word)
    stem = word[:-3] if word.endswith("ing") else word[:-2] if word.endswith("ed") and word[-3:] != "eed" else word
    if stem != word and len(stem) >= SHORTEST and not _VOWELS.isdisjoint(stem):
        if len(stem) > SHORTEST and stem[-1] == stem[-2] and stem[-1] in "bdgmnprt":
            return stem[:-1]
        if _SYLLABLE.fullmatch(stem):
            return f"{stem}e"
        word = stem
    if word.endswith("e") and _SYLLABLE.fullmatch(word[:-1]):
        return word
    if _DOUBLE_L.search(word):
        # labelled, labeled
        return word[:-1]
    # `bridge`, `bridged` and `bridging` end alike.
    return word[:-1] if word.endswith("e") and len(word) > SHORTEST else word


_SHORTEST_IN_UM: Final = 5
SEPARABLE: Final = re.compile("ab|an|auf|aus|bei|durch|ein|her|hin|mit|nach|um|vor|weg|zuruck|zusammen|zu")
"""What may part from a German verb."""
_PARTICIPLE = re.compile(f"((?:{SEPARABLE.pattern})?)ge(.{{3,}}?e?t)(?:e[mnrs]?)?")
_WEAK = Endings("ete eten etet te ten tet etest test est st et t", least=4)

_PAST = Endings(
    " ".join(f"{end}t{person}:{end}en" for end in "bcdfghklmnprsz" for person in ("e", "en", "est", "et"))
    + " iert:ieren ierte:ieren ierten:ieren",
    least=2,
)


def german(word: str) -> set[str]:
    """Snowball's stem, and that of a weak verb: `meldete`, `gemeldet`, `angemeldet`."""
    word = without_umlauts(word)
    found = _PARTICIPLE.fullmatch(word) if "ge" in word[:12] else None
    if found and found[2].endswith("ert"):
        return {_WEAK.change(_snowball(f"{found[1]}{found[2][:-1]}n"))}
    if word.endswith("innen"):
        word = word[:-3]
    if word.endswith("um") and len(word) > _SHORTEST_IN_UM:
        # Museum, Museen.
        return {_snowball(word), _snowball(f"{word[:-2]}en")}
    if word.endswith("ers"):
        # Only what ends in -er has that: Wetters is of Wetter, and officers not of office.
        return {word[:-1]}
    plain = found[1] + found[2] if found else word
    whole = {word} if word.endswith("er") else set()
    return whole | {_WEAK.change(_snowball(one)) for one in (plain, _PAST.change(plain))}


_TWO_SOUNDS: Final = re.compile("(?<![aeiouq])(?:u(?=e..)|a(?=e..)|o(?=e.))e")


def _snowball(word: str) -> str:
    """Snowball's stem, but for its taking every oe and ue for an umlaut, which makes `guest` gust and `does` dos."""
    stem: str = _GERMAN.stemWord(_TWO_SOUNDS.sub(lambda found: f"{found[0][0]}E", word))
    return stem.lower()


LANGUAGES: Final = (
    ("e", english),
    ("r", french),
    ("r", spanish),
    ("r", italian),
    ("r", portuguese),
)
"""A stemmer each, and its group: stems of one group are compared with one another, which joins the Romance languages.
More languages were measured and left out: each makes more false forms in all the others."""
