"""Stemming of folded French, Spanish, Italian and Portuguese words. Pure.

Snowball stems verbs, nouns and adjectives. The tables here handle what it cannot: endings whose accents folding
removed, and derived words (`nation-al`, `inform-acion`), which it would take for forms of their base.
"""

from __future__ import annotations

from typing import Final

import Stemmer

from search.words.stems.endings import Endings

MIN_STEM: Final = 3
_FRENCH = Stemmer.Stemmer("french", 0)
_SPANISH = Stemmer.Stemmer("spanish", 0)
_ITALIAN = Stemmer.Stemmer("italian", 0)
_PORTUGUESE = Stemmer.Stemmer("portuguese", 0)

_FRENCH_FORMS = Endings(
    "eaux:eau aux:al eux:eu euse:eu euses:eu eur:eu eurs:eu ive:if ives:if trice:teu trices:teu "
    "drice:deu drices:deu iere:ier ieres:ier",
    min_stem=2,
)
_FRENCH_DERIVED = Endings(
    "ation ition ution sion stion ction ment ite isme iste able ible ance ence eu if age ure ier aire ique", min_stem=2
)
_FRENCH_VERBS = Endings(
    "issent:ir issons:ir issez:ir issait:ir issaient:ir issant:ir issants:ir "
    "aient:er ee:er ees:er ent:er geons:ger ere:er erent:er eres:er ons:er"
)


def french(word: str) -> str:
    """Return the stem of a French word."""
    word = _FRENCH_FORMS.apply(word)
    single = word[:-1] if word[-1] in "sx" and len(word) > MIN_STEM else word
    if _FRENCH_DERIVED.matches(single):
        return single
    stem: str = _FRENCH.stemWord(_FRENCH_VERBS.apply(word) if len(word) > 5 else word)
    return stem if len(stem) >= MIN_STEM else single


_SPANISH_DERIVED = Endings(
    "cion ciones mente dad dades dor dora dores doras tor tora tores toras ismo ismos ista istas able ables ible ibles "
    "ancia ancias encia encias iva ivo ivas ivos osa oso osas osos miento mientos ico ica icos icas",
    min_stem=2,
)
_SPANISH_NUMBER = Endings("es os as s o a e")
_SPANISH_VERBS = Endings(
    "io:ar ia:er ias:er iamos:er ian:er "
    "aria:ar arian:ar eria:er erian:er iria:ir irian:ir ara:ar aran:ar ira:ir iran:ir"
)
_SPANISH_SOUNDS = Endings("qu:c gu:g z:c", min_stem=2)


def spanish(word: str) -> str:
    """Return the stem of a Spanish word."""
    if _SPANISH_DERIVED.matches(word):
        return _SPANISH_NUMBER.apply(word)
    stem: str = _SPANISH.stemWord(_SPANISH_VERBS.apply(word))
    if stem == word or len(stem) < MIN_STEM:
        stem = _SPANISH_NUMBER.apply(word)
    return _SPANISH_SOUNDS.apply(stem)


_ITALIAN_DERIVED = Endings(
    "zione zioni mente ita ismo ismi ista isti iste abile abili ibile ibili anza anze enza enze tore tori trice trici "
    "iva ivo ive ivi osa oso ose osi mento menti ica ico ici iche",
    min_stem=2,
)
_ITALIAN_NUMBER = Endings("trice:tor trici:tor iche:ic a e i o")
_ITALIAN_SOUNDS = Endings("ch:c gh:g", min_stem=2)


def italian(word: str) -> str:
    """Return the stem of an Italian word."""
    if _ITALIAN_DERIVED.matches(word):
        return _ITALIAN_NUMBER.apply(word)
    stem: str = _ITALIAN.stemWord(word)
    return _ITALIAN_SOUNDS.apply(stem if len(stem) >= MIN_STEM else word)


_PORTUGUESE_FORMS = Endings("oes:ao aes:ao ais:al eis:el ois:ol ns:m ou:ar veis:vel", min_stem=2)
_PORTUGUESE_DERIVED = Endings(
    "cao mente dade dades dor dora dores doras tor tora tores toras ismo ismos ista istas ancia ancias encia encias "
    "iva ivo ivas ivos osa oso osas osos mento mentos ico ica icos icas",
    min_stem=2,
)


def portuguese(word: str) -> str:
    """Return the stem of a Portuguese word."""
    word = _PORTUGUESE_FORMS.apply(word)
    if word.endswith("cao"):
        return word
    if _PORTUGUESE_DERIVED.matches(word):
        return _SPANISH_NUMBER.apply(word)
    stem: str = _PORTUGUESE.stemWord(word)
    return stem if len(stem) >= MIN_STEM else word
