"""Light stemming of folded Hebrew words. Pure.

The letters ו ה ב ל מ ש כ at the front of a word may be particles or part of the word; as in `arabic`, a word gets stems
with and without them, and `unprefixed.txt` lists common words that begin with no particle.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from search.words.stems.endings import Endings
from search.words.stems.lexicon import unprefixed

_FRONT = re.compile("ו?(?:כש|מש|ש|ל|ב|מ|כ)?ה?")
_PLURAL = Endings("ים ות יים יות", min_stem=2)
_ENDING = Endings("יהם יה ית תי נו י ה ת ו")
_ROOTS = """
    אמר בדק בחר ברח גנב גרמ דחפ דרש הלכ הרג זכר זרק חזר חטפ חקר חשב חשש חתמ טענ יצא ירד ידע כבש כשל כתב לבש לקח מכר מנע
    מסר נהג נפל סבל סגר עבד עבר עמד עצר פגע פעל פרצ פרס פתח צעק קבע קרא רצח שבר שלח שמר שרד שרפ תמכ תקפ
"""
_VERBS = frozenset(_ROOTS.split())
"""Roots of common verbs. Accepting any three letters would make too many unrelated nouns forms of one another."""
_VERB = re.compile("(.)(.)(.)(?:ה|ו|תי|נו|ת|תמ)?|(.)ו(.)(.)(?:ת|ימ|ות|ה)?|[יתאנ](.)(.)ו?(.)(?:ו|י)?|ל(.)(.)ו?(.)")
_FINALS = str.maketrans("םןץףך", "מנצפכ")


def hebrew_candidates(word: str) -> Iterator[str]:
    """Yield the word, then what remains of it without one or more of the possible particles in front."""
    yield word
    found = _FRONT.match(word)
    end = found.end() if found else 0
    for cut in range(1, end + 1):
        # Only the article may leave two letters: כלב is not כ and לב.
        if len(word) - cut < (2 if word[cut - 1] == "ה" else 3) or word[cut - 1 :] in unprefixed():
            return
        yield word[cut:]


def hebrew_verb(word: str) -> str | None:
    """Return the root of a form of a common verb (תקפו, תוקף, יתקוף, לתקוף), None for other words."""
    found = _VERB.fullmatch(word.translate(_FINALS))
    root = "".join(letter for letter in found.groups() if letter) if found else ""
    return root if root in _VERBS else None


def hebrew_noun(word: str) -> str:
    """Strip endings of number, gender and the construct state; final letters become their ordinary forms."""
    plural = _PLURAL.apply(word)
    return (plural if plural != word else _ENDING.apply(word)).translate(_FINALS)
