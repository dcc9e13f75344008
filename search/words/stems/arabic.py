"""Light stemming of folded words in Arabic script: Arabic and Persian. Pure.

The particles attached to the front of an Arabic word (و ف ب ل ك, the article, the future marker س) may just as well be
its first letters, so a word gets stems with and without them; two words sharing a stem are forms of the same word.
`unprefixed.txt` lists common words that begin with no particle. Endings are stripped once, and never from short words.
Snowball's Arabic stemmer was measured and rejected: it relies on letters that folding unifies, and stems القوات and
قوات differently.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from search.words.stems.endings import Endings
from search.words.stems.lexicon import lemmas, past_stems, present_stems, unprefixed

MIN_STEM = 3

_ARTICLE = re.compile("(?:[وف]?(?:ال|لل|بال|كال|وال|فال))(?=..)")
_PARTICLES = re.compile("[وف]?[بلك]|[وف]?س(?=[يتن])|[وف]")
_POSSESSIVE = Endings("هما هم هن ها كم نا")
_ENDING = Endings("تين تان ته تي تك ات ون ين وا تم و ه ت")
_DUAL = Endings("ان", min_stem=4)
_TANWIN = Endings("ا")
_DERIVED_VERB = re.compile("ست|.ت|ت")
_IMPERFECT = re.compile("[يتن](.{2,4}?[^هت])(?:ون|وا|ين)?")


def arabic_candidates(word: str) -> Iterator[str]:
    """Yield the word, then what remains of it without possible particles in front."""
    yield word
    article = _ARTICLE.match(word)
    if article and word not in unprefixed():
        yield word[article.end() :]
        if article[0].endswith("لل"):
            # ل, the article and a word beginning with ل: two of the three ل are written.
            yield word[article.end() - 1 :]
        return
    if word.endswith("وه") and len(word) > MIN_STEM + 1:
        # قتلوه: they killed him.
        yield word[:-2]
    particle = _PARTICLES.match(word)
    if particle and word not in unprefixed() and len(word) - particle.end() >= MIN_STEM:
        yield word[particle.end() :]
        if particle.end() > 1 and word[1:] not in unprefixed():
            yield word[1:]


def arabic_noun(word: str) -> str:
    """Strip endings of number, gender, person and possession."""
    return _TANWIN.apply(_DUAL.apply(_ENDING.apply(_POSSESSIVE.apply(word))))


def arabic_without_possessive(word: str) -> str:
    """Strip endings of possession only."""
    return _POSSESSIVE.apply(word)


def arabic_singular(noun: str) -> Iterator[str]:
    """Yield singulars of common broken plural patterns: كتايب كتيبه, رسايل رساله, اهداف هدف, حروب حرب."""
    if noun in unprefixed():
        return
    if len(noun) == 5 and noun[2:4] == "اي":
        yield f"{noun[:2]}ي{noun[4]}"
        yield f"{noun[:2]}ا{noun[4]}"
    elif len(noun) == 5 and noun[1:3] == "وا":
        # نوافذ, نافذه
        yield f"{noun[0]}ا{noun[3:]}"
    elif len(noun) == 5 and noun[0] == "ا" and noun[3] == "ا":
        yield f"{noun[1:3]}{noun[4]}"
    elif len(noun) == 4 and noun[2] == "و":
        yield f"{noun[:2]}{noun[3]}"


def arabic_verb(word: str) -> Iterator[str]:
    """Yield the past of a present-tense verb: يكتب كتب, يعلن اعلن."""
    found = _IMPERFECT.fullmatch(word)
    if found and (word[0] == "ي" or len(found[1]) == MIN_STEM or _DERIVED_VERB.match(found[1])):
        yield found[1]
        yield f"ا{found[1]}"


_PERSIAN_VERB = re.compile("(?:نمي|مي)(?=..)")
_PLURAL = Endings("هايي هاي ها هايم هايش هايشان هايمان", min_stem=2)
_NOUN = Endings(
    "شدگان شده شدگي كنندگان كننده ديدگان ديده زدگان زده "
    "هام:ه هات:ه هاش:ه گان گي ترين تر يان ان ات اي يي ي شان مان تان م ه"
)
_INFINITIVE = ("تن", "دن")
_NO_INFINITIVE = frozenset(("اردن", "گردن", "لندن", "معدن", "تمدن", "بدن", "وطن"))
_PERSON = Endings("ند يم يد د م ي", min_stem=2)
_PAST = Endings("تند:ت دند:د تيم:ت ديم:د تيد:ت ديد:د تم:ت دم:د ته:ت ده:د")


def persian_stems(word: str) -> Iterator[str]:
    """Yield stems: nouns without plural, ezafe and possession; verbs without می, نمی and personal endings."""
    yield word
    if word.startswith("نمي") or (word[0] in "نب" and word[1:] in lemmas()):
        yield word[1:]
    plural = _PLURAL.apply(word)
    yield plural if plural != word else _NOUN.apply(word)
    verb = _PERSIAN_VERB.match(word)
    if verb:
        yield word[verb.end() :]
        yield from _persian_present(word[verb.end() :])
    else:
        yield _PAST.apply(word)
        if word[0] == "ب":
            yield from (past for past in _persian_present(word[1:]) if past in present_stems())
        if word.endswith(_INFINITIVE) and len(word) > MIN_STEM and word not in _NO_INFINITIVE:
            yield word[:-1]


def _persian_present(word: str) -> Iterator[str]:
    """Yield stems of a present-tense verb stripped of its prefix: its own, and its past, irregular or in يد."""
    yield _PERSON.apply(word)
    for stem, _ in _PERSON.splits(word):
        yield from past_stems().get(stem, (f"{stem}يد",))
