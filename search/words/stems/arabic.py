"""Stems of folded words in Arabic script: Arabic and Persian, by light rules of our own. Pure.

What hangs on an Arabic word in front (و ف ب ل ك, the article, س of the future) may as well be its first letter, so a
word has a stem with it and a stem without it; two words are forms of one another if they share one. `unprefixed.txt` names
common words whose first letter is their own. Endings are taken off once, never of short words. Snowball's Arabic
stemmer was measured and not taken: it needs letters that folding made one, and cuts القوات and قوات differently.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from search.words.stems.endings import Endings
from search.words.stems.lexicon import families, pasts, presents, whole

SHORTEST = 3

_ARTICLE = re.compile("(?:[وف]?(?:ال|لل|بال|كال|وال|فال))(?=..)")
_PARTICLES = re.compile("[وف]?[بلك]|[وف]?س(?=[يتن])|[وف]")
_POSSESSIVE = Endings("هما هم هن ها كم نا")
_ENDING = Endings("تين تان ته تي تك ات ون ين وا تم و ه ت")
_DUAL = Endings("ان", least=4)
_TANWIN = Endings("ا")
_DERIVED_VERB = re.compile("ست|.ت|ت")
_IMPERFECT = re.compile("[يتن](.{2,4}?[^هت])(?:ون|وا|ين)?")


def arabic_candidates(word: str) -> Iterator[str]:
    """The word, and what is left of it without what may hang on it in front."""
    yield word
    article = _ARTICLE.match(word)
    if article and word not in whole():
        yield word[article.end() :]
        if article[0].endswith("لل"):
            # ل before the article before a word that begins with ل writes two of the three.
            yield word[article.end() - 1 :]
        return
    if word.endswith("وه") and len(word) > SHORTEST + 1:
        # قتلوه: who killed him.
        yield word[:-2]
    particle = _PARTICLES.match(word)
    if particle and word not in whole() and len(word) - particle.end() >= SHORTEST:
        yield word[particle.end() :]
        if particle.end() > 1 and word[1:] not in whole():
            yield word[1:]


def arabic_noun(word: str) -> str:
    """Without the endings of number, gender, person and possession."""
    return _TANWIN.change(_DUAL.change(_ENDING.change(_POSSESSIVE.change(word))))


def arabic_owned(word: str) -> str:
    """Without the endings of possession alone."""
    return _POSSESSIVE.change(word)


def arabic_singular(noun: str) -> Iterator[str]:
    """What a broken plural of a common shape is the plural of: كتايب كتيبه, رسايل رساله, اهداف هدف, حروب حرب."""
    if noun in whole():
        return
    if len(noun) == 5 and noun[2:4] == "اي":
        yield f"{noun[:2]}ي{noun[4]}"
        yield f"{noun[:2]}ا{noun[4]}"
    elif len(noun) == 5 and noun[0] == "ا" and noun[3] == "ا":
        yield f"{noun[1:3]}{noun[4]}"
    elif len(noun) == 4 and noun[2] == "و":
        yield f"{noun[:2]}{noun[3]}"


def arabic_verb(word: str) -> Iterator[str]:
    """What a verb of the present is in the past: يكتب كتب, يعلن اعلن."""
    found = _IMPERFECT.fullmatch(word)
    if found and (word[0] == "ي" or len(found[1]) == SHORTEST or _DERIVED_VERB.match(found[1])):
        yield found[1]
        yield f"ا{found[1]}"


_PERSIAN_VERB = re.compile("(?:نمي|مي)(?=..)")
_PLURAL = Endings("هايي هاي ها هايم هايش هايشان هايمان", least=2)
_NOUN = Endings(
    "شدگان شده شدگي كنندگان كننده ديدگان ديده زدگان زده "
    "هام:ه هات:ه هاش:ه گان گي ترين تر يان ان ات اي يي ي شان مان تان م ه"
)
_INFINITIVE = ("تن", "دن")
_NO_INFINITIVE = frozenset(("اردن", "گردن", "لندن", "معدن", "تمدن", "بدن", "وطن"))
_PERSON = Endings("ند يم يد د م ي", least=2)
_PAST = Endings("تند:ت دند:د تيم:ت ديم:د تيد:ت ديد:د تم:ت دم:د ته:ت ده:د")


def persian_stems(word: str) -> Iterator[str]:
    """Nouns without plural, ezafe and possession; verbs without می, نمی and the person."""
    yield word
    if word.startswith("نمي") or (word[0] in "نب" and word[1:] in families()):
        yield word[1:]
    plural = _PLURAL.change(word)
    yield plural if plural != word else _NOUN.change(word)
    verb = _PERSIAN_VERB.match(word)
    if verb:
        yield word[verb.end() :]
        yield from _persian_present(word[verb.end() :])
    else:
        yield _PAST.change(word)
        if word[0] == "ب":
            yield from (past for past in _persian_present(word[1:]) if past in presents())
        if word.endswith(_INFINITIVE) and len(word) > SHORTEST and word not in _NO_INFINITIVE:
            yield word[:-1]


def _persian_present(word: str) -> Iterator[str]:
    """Of a present without what stands before it: its stem, and the past, which is another one's or has يد."""
    yield _PERSON.change(word)
    for stem, _ in _PERSON.cuts(word):
        yield from pasts().get(stem, (f"{stem}يد",))
