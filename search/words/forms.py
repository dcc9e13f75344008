"""Which words are forms of the same word. Pure.

Each folded word has *keys*; two words are forms of the same word if they are equal or share a key. A key is a stem
prefixed with the language, or language group, whose rules produced it. A word has several keys because neither its
language nor the role of its first letter (part of the word, or a particle) is known. Quoted phrases and prefix queries
never use keys.

Scripts whose writing shows no inflection, numbers and symbols have no keys. Words of documents and of queries are
folded before they get here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from search.words.listed import asked_keys, text_keys
from search.words.stems import arabic, cyrillic, hebrew, latin
from search.words.stems.lexicon import lemmas, turkish_nouns
from search.words.stems.turkish import turkish
from search.words.stems.umlauts import without_umlauts

MIN_LETTERS: Final = 3
"""Shorter words are not stemmed, but may be in the lexicon."""
MAX_LETTERS: Final = 40
"""Longer words are links, hashes or noise."""

_SCRIPTS: Final = re.compile(
    "(?P<latin>[a-z]{2,})|(?P<cyrillic>[\u0430-\u045f]{2,})|(?P<greek>[\u03b1-\u03c9]{2,})"
    "|(?P<arabic>[\u0621\u0627\u0628\u062a-\u063a\u0641-\u0648\u064a\u067e\u0686\u0698\u06af]{2,})|(?P<hebrew>[\u05d0-\u05ea]{2,})"
)


def has_forms(word: str) -> bool:
    """Whether a folded word can have other forms."""
    return len(word) <= MAX_LETTERS and _SCRIPTS.fullmatch(word) is not None


@lru_cache(maxsize=65_536)
def form_keys(word: str) -> frozenset[str]:
    """Return the keys of a folded word; empty if it cannot have other forms."""
    found = _SCRIPTS.fullmatch(word) if len(word) <= MAX_LETTERS else None
    if found is None:
        return frozenset()
    if len(word) < MIN_LETTERS:
        kind = {"hebrew": "h", "arabic": "a"}.get(found.lastgroup or "")
        return _lemma_keys(word) or (frozenset({f"{kind}:{word}"}) if kind else frozenset())
    if irregular := _lemma_keys(word):
        return irregular
    match found.lastgroup:
        case "latin":
            return _latin_keys(word)
        case "cyrillic":
            return frozenset(cyrillic.cyrillic_stems(word))
        case "arabic":
            return _arabic_keys(word)
        case "greek":
            return frozenset()
        case _:
            return _hebrew_keys(word)


_APOSTROPHE: Final = "['\u2019\u02bc`]"
_ELISION: Final = re.compile(
    f"^(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|dell|nell|all|dall|sull|un){_APOSTROPHE}(?=[^\\W\\d_]{{2}})", re.IGNORECASE
)
_CASE_ENDING: Final = re.compile(
    f"(?<=[^\\W\\d_]{{3}}){_APOSTROPHE}(?:s|[dt][ae]n?|[ny]?[ıiuüae]n?|l[ae]r\\w*|[nsy]\\w{{1,4}}|)$", re.IGNORECASE
)


def bare_word(text: str) -> str:
    """Strip what an apostrophe separates from a word as typed: `l'attaque`, `Iran's`, `Ankara'da`."""
    if not any(sign in text for sign in "'\u2019\u02bc`"):
        return text
    return _CASE_ENDING.sub("", _ELISION.sub("", text, count=1))


def are_forms(one: str, other: str, lang: str | None = None) -> bool:
    """Whether a folded word of a text in this language is a form of the one asked for."""
    return (
        one == other
        or not form_keys(one).isdisjoint(form_keys(other))
        or not asked_keys(one).isdisjoint(text_keys(other, lang))
    )


def _lemma_keys(word: str) -> frozenset[str]:
    return frozenset(f"={lemma}" for lemma in lemmas().get(word, ()))


_T_BEFORE_SUFFIX: Final = re.compile("(..+)ت(?:هما|هم|هن|ها|كم|نا|ين|ان|ه|ي|ك)")
_VERB_PARTICLES: Final = frozenset(("", "و", "ف", "س", "وس", "فس", "ل", "ول", "فل"))


def _arabic_keys(word: str) -> frozenset[str]:
    found: set[str] = set()
    for candidate in arabic.arabic_candidates(word):
        noun = arabic.arabic_noun(candidate)
        without_possessive = arabic.arabic_without_possessive(candidate)
        irregular = _lemma_keys(candidate) or _lemma_keys(without_possessive) or _lemma_keys(noun)
        if not irregular and (before := _T_BEFORE_SUFFIX.fullmatch(candidate)):
            # Before a suffix, final ه is written ت.
            irregular = _lemma_keys(f"{before[1]}ه")
        # With an object or without: يقصفونها.
        whole = (
            dict.fromkeys((candidate, without_possessive)) if word.removesuffix(candidate) in _VERB_PARTICLES else ()
        )
        verbs = tuple(verb for one in whole for verb in arabic.arabic_verb(one))
        found |= irregular or {f"a:{stem}" for stem in (noun, *arabic.arabic_singular(noun), *verbs)}
        if not irregular and candidate.startswith("ي"):
            found.update(key for stem in verbs if stem[0] != "ا" for key in _lemma_keys(stem))
    for stem in arabic.persian_stems(word):
        found |= _lemma_keys(stem) or {f"f:{stem}"}
    return frozenset(found)


_VERB_PREFIXES: Final = """
    ab an auf aus be bei durch ein emp ent er fest fort her hin los mit nach statt teil um unter uber ver vor weg zer zu
    zuruck zusammen over under mis fore for re with out up un
    ad ap com con de dis entre in inter main ob par per pre pro sou sub sur tra trans
"""
_PREFIXES: Final = frozenset(_VERB_PREFIXES.split())
"""Prefixes of German, English and Romance verbs."""
_MAX_PREFIX: Final = 8
_MIN_AFTER_PREFIX: Final = 3


def _latin_keys(word: str) -> frozenset[str]:
    listed = _lemma_keys(without_umlauts(word))
    return listed.union(latin.latin_stems(word), _turkish_keys(word), _prefixed_keys(word))


def _prefixed_keys(word: str) -> Iterator[str]:
    """Yield keys of a prefix plus an irregular form: over-came, be-trat, ver-boten, an-zu-nehmen, ob-tenu."""
    for size in range(2, min(_MAX_PREFIX, len(word) - _MIN_AFTER_PREFIX) + 1):
        if word[:size] in _PREFIXES:
            rest = word[size:]
            for form in (rest, f"ge{rest}", rest[2:] if rest.startswith("zu") else ""):
                if len(form) >= _MIN_AFTER_PREFIX:
                    yield from (f"p:{word[:size]}={lemma}" for lemma in lemmas().get(form, ()))


def _turkish_keys(word: str) -> Iterator[str]:
    """Yield the key of a listed noun with further suffixes that the list lacks: asker-imiz, ev-lerinden."""
    for stem in turkish(word) - {word}:
        lemma = turkish_nouns().get(stem)
        if lemma is not None:
            yield f"={lemma}"


def _hebrew_keys(word: str) -> frozenset[str]:
    found: set[str] = set()
    for candidate in hebrew.hebrew_candidates(word):
        noun = hebrew.hebrew_noun(candidate)
        found |= _lemma_keys(candidate) or _lemma_keys(noun) or {f"h:{noun}"}
        if root := hebrew.hebrew_verb(candidate):
            found.add(f"v:{root}")
    return frozenset(found)
