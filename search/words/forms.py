"""Which words are forms of one another. Pure.

Each folded word has *keys*; two words are forms of one word if they are equal or share a key. A key is a stem with the
language, or the group of languages, that took the endings off; a word has several because nothing tells which language
it is of, nor whether its first letter is a particle. Quoted phrases and prefixes never ask for keys.

Scripts without inflection in writing, numbers and symbols have none. Documents and questions fold first, so both go the
same way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from search.words.stems import arabic, cyrillic, hebrew, latin
from search.words.stems.lexicon import families, turkish_nouns
from search.words.stems.turkish import turkish
from search.words.stems.umlauts import without_umlauts

FORMS_VERSION: Final = 6
"""To be raised with any change of what `keys` gives: an index that holds keys must be rebuilt."""

SHORTEST: Final = 3
"""Letters; shorter words have no endings, but may be listed."""
LONGEST: Final = 40
"""Letters; longer words are links, hashes and the like."""

_SCRIPTS: Final = re.compile(
    "(?P<latin>[a-z]{2,})|(?P<cyrillic>[\u0430-\u045f]{2,})"
    "|(?P<arabic>[\u0621\u0627\u0628\u062a-\u063a\u0641-\u0648\u064a\u067e\u0686\u0698\u06af]{2,})|(?P<hebrew>[\u05d0-\u05ea]{2,})"
)


def has_forms(word: str) -> bool:
    """Whether a folded word may have other forms."""
    return len(word) <= LONGEST and _SCRIPTS.fullmatch(word) is not None


@lru_cache(maxsize=65_536)
def keys(word: str) -> frozenset[str]:
    """The keys of a folded word; empty for words that have no other forms."""
    found = _SCRIPTS.fullmatch(word) if len(word) <= LONGEST else None
    if found is None:
        return frozenset()
    if len(word) < SHORTEST:
        kind = {"hebrew": "h", "arabic": "a"}.get(found.lastgroup or "")
        return _listed(word) or (frozenset({f"{kind}:{word}"}) if kind else frozenset())
    if listed := _listed(word):
        return listed
    match found.lastgroup:
        case "latin":
            return frozenset(
                (*latin.latin_stems(word), *_turkish(word), *_prefixed(word), *_listed(without_umlauts(word)))
            )
        case "cyrillic":
            return frozenset(cyrillic.cyrillic_stems(word))
        case "arabic":
            return _arabic(word)
        case _:
            return _hebrew(word)


_APOSTROPHE: Final = "['\u2019\u02bc`]"
_ELISION: Final = re.compile(
    f"^(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|dell|nell|all|dall|sull|un){_APOSTROPHE}(?=[^\\W\\d_]{{2}})", re.IGNORECASE
)
_CASE_ENDING: Final = re.compile(
    f"(?<=[^\\W\\d_]{{3}}){_APOSTROPHE}(?:s|[dt][ae]n?|[ny]?[ıiuüae]n?|l[ae]r\\w*|[nsy]\\w{{1,4}}|)$", re.IGNORECASE
)


def bare_word(text: str) -> str:
    """A plain word as typed, without what an apostrophe parts from it: `l'attaque`, `Iran's`, `Ankara'da`."""
    if not any(sign in text for sign in "'\u2019\u02bc`"):
        return text
    return _CASE_ENDING.sub("", _ELISION.sub("", text, count=1))


def are_forms(one: str, other: str) -> bool:
    """Whether two folded words are forms of one word."""
    return one == other or not keys(one).isdisjoint(keys(other))


def _listed(word: str) -> frozenset[str]:
    return frozenset(f"={name}" for name in families().get(word, ()))


_BEFORE_ENDING: Final = re.compile("(..+)ت(?:هما|هم|هن|ها|كم|نا|ين|ان|ه|ي|ك)")
_BEFORE_VERBS: Final = frozenset(("", "و", "ف", "س", "وس", "فس", "ل", "ول", "فل"))


def _arabic(word: str) -> frozenset[str]:
    found: set[str] = set()
    for candidate in arabic.arabic_candidates(word):
        noun = arabic.arabic_noun(candidate)
        owned = arabic.arabic_owned(candidate)
        listed = _listed(candidate) or _listed(owned) or _listed(noun)
        if not listed and (found_t := _BEFORE_ENDING.fullmatch(candidate)):
            # Before an ending ه is written ت.
            listed = _listed(f"{found_t[1]}ه")
        verbs = tuple(arabic.arabic_verb(candidate)) if word.removesuffix(candidate) in _BEFORE_VERBS else ()
        found |= listed or {f"a:{stem}" for stem in (noun, *arabic.arabic_singular(noun), *verbs)}
        if not listed and candidate.startswith("ي"):
            found.update(key for stem in verbs if stem[0] != "ا" for key in _listed(stem))
    for stem in arabic.persian_stems(word):
        found |= _listed(stem) or {f"f:{stem}"}
    return frozenset(found)


_BEFORE: Final = """
    ab an auf aus be bei durch ein emp ent er fest fort her hin los mit nach statt teil um unter uber ver vor weg zer zu
    zuruck zusammen over under mis fore for re with out up un
    ad ap com con de dis entre in inter main ob par per pre pro sou sub sur tra trans
"""
_PREFIXES: Final = frozenset(_BEFORE.split())
"""What stands before the verbs of German, English and the Romance languages."""
_LONGEST_PREFIX: Final = 8
_SHORTEST_BEHIND: Final = 3


def _prefixed(word: str) -> Iterator[str]:
    """Of a word that is a listed one with something before it: over-came, be-trat, ver-boten, an-zu-nehmen, ob-tenu."""
    for size in range(2, min(_LONGEST_PREFIX, len(word) - _SHORTEST_BEHIND) + 1):
        if word[:size] in _PREFIXES:
            rest = word[size:]
            for listed in (rest, f"ge{rest}", rest[2:] if rest.startswith("zu") else ""):
                if len(listed) >= _SHORTEST_BEHIND:
                    yield from (f"p:{word[:size]}={name}" for name in families().get(listed, ()))


def _turkish(word: str) -> Iterator[str]:
    """Of a word that hangs more on a listed noun than the list has: asker-imiz, ev-lerinden."""
    for stem in turkish(word) - {word}:
        noun = turkish_nouns().get(stem)
        if noun is not None:
            yield f"={noun}"


def _hebrew(word: str) -> frozenset[str]:
    found: set[str] = set()
    for candidate in hebrew.hebrew_candidates(word):
        noun = hebrew.hebrew_noun(candidate)
        found |= _listed(candidate) or _listed(noun) or {f"h:{noun}"}
        if root := hebrew.hebrew_verb(candidate):
            found.add(f"v:{root}")
    return frozenset(found)
