"""Stems of folded French, Spanish, Italian and Portuguese words. Pure.

Snowball does the verbs, nouns and adjectives; here is what it cannot: endings whose accents folding took, and words
that are derived from others (`nation-al`, `inform-acion`), which it would take for their forms.
"""

from __future__ import annotations

from typing import Final

import Stemmer

from search.words.stems.endings import Endings

SHORTEST: Final = 3
_FRENCH = Stemmer.Stemmer("french", 0)
_SPANISH = Stemmer.Stemmer("spanish", 0)
_ITALIAN = Stemmer.Stemmer("italian", 0)
_PORTUGUESE = Stemmer.Stemmer("portuguese", 0)

_FRENCH_FORMS = Endings(
    "eaux:eau aux:al eux:eu euse:eu euses:eu eur:eu eurs:eu ive:if ives:if trice:teu trices:teu "
    "drice:deu drices:deu iere:ier ieres:ier",
    least=2,
)
_FRENCH_DERIVED = Endings(
    "ation ition ution sion stion ction ment ite isme iste able ible ance ence eu if age ure ier aire ique", least=2
)
_FRENCH_VERBS = Endings(
    "issent:ir issons:ir issez:ir issait:ir issaient:ir issant:ir issants:ir "
    "aient:er ee:er ees:er ent:er geons:ger ere:er erent:er eres:er ons:er"
)


def french(word: str) -> str:
    """The stem of a French word."""
    word = _FRENCH_FORMS.change(word)
    single = word[:-1] if word[-1] in "sx" and len(word) > SHORTEST else word
    if _FRENCH_DERIVED.end(single):
        return single
    stem: str = _FRENCH.stemWord(_FRENCH_VERBS.change(word) if len(word) > 5 else word)
    return stem if len(stem) >= SHORTEST else single


_SPANISH_DERIVED = Endings(
    "cion ciones mente dad dades dor dora dores doras tor tora tores toras ismo ismos ista istas able ables ible ibles "
    "ancia ancias encia encias iva ivo ivas ivos osa oso osas osos miento mientos ico ica icos icas",
    least=2,
)
_SPANISH_NUMBER = Endings("es os as s o a e")
_SPANISH_VERBS = Endings(
    "io:ar ia:er ias:er iamos:er ian:er "
    "aria:ar arian:ar eria:er erian:er iria:ir irian:ir ara:ar aran:ar ira:ir iran:ir"
)
_SPANISH_SOUNDS = Endings("qu:c gu:g z:c", least=2)


def spanish(word: str) -> str:
    """The stem of a Spanish word."""
    if _SPANISH_DERIVED.end(word):
        return _SPANISH_NUMBER.change(word)
    stem: str = _SPANISH.stemWord(_SPANISH_VERBS.change(word))
    if stem == word or len(stem) < SHORTEST:
        stem = _SPANISH_NUMBER.change(word)
    return _SPANISH_SOUNDS.change(stem)


_ITALIAN_DERIVED = Endings(
    "zione zioni mente ita ismo ismi ista isti iste abile abili ibile ibili anza anze enza enze tore tori trice trici "
    "iva ivo ive ivi osa oso ose osi mento menti ica ico ici iche",
    least=2,
)
_ITALIAN_NUMBER = Endings("trice:tor trici:tor iche:ic a e i o")
_ITALIAN_SOUNDS = Endings("ch:c gh:g", least=2)


def italian(word: str) -> str:
    """The stem of an Italian word."""
    if _ITALIAN_DERIVED.end(word):
        return _ITALIAN_NUMBER.change(word)
    stem: str = _ITALIAN.stemWord(word)
    return _ITALIAN_SOUNDS.change(stem if len(stem) >= SHORTEST else word)


_PORTUGUESE_FORMS = Endings("oes:ao aes:ao ais:al eis:el ois:ol ns:m ou:ar veis:vel", least=2)
_PORTUGUESE_DERIVED = Endings(
    "cao mente dade dades dor dora dores doras tor tora tores toras ismo ismos ista istas ancia ancias encia encias "
    "iva ivo ivas ivos osa oso osas osos mento mentos ico ica icos icas",
    least=2,
)


def portuguese(word: str) -> str:
    """The stem of a Portuguese word."""
    word = _PORTUGUESE_FORMS.change(word)
    if word.endswith("cao"):
        return word
    if _PORTUGUESE_DERIVED.end(word):
        return _SPANISH_NUMBER.change(word)
    stem: str = _PORTUGUESE.stemWord(word)
    return stem if len(stem) >= SHORTEST else word
