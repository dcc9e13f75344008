"""Which words the dictionary (`dictionary.lookup`) considers forms of one word, by language of the text. Pure.

A form that one language has counts in every text: *allons*. One that several have counts in texts of its own language
only: *alle* is a form of `aller` in French, another word in German. Related languages share many words, and short texts
have no label or one of a relative: so a form that no language outside the family has counts in texts of all the family,
except where it is a lemma (*vino* is `venir` in Spanish, wine in Italian), and in texts without a label.

A word of a query has all its keys, a word of a text those that the language of the text allows.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from search.words.dictionary.lookup import LABELS, Paradigm, languages, lemma_languages, paradigms

ANY_TEXT = None
"""Represents the labels of all texts."""
UNKNOWN: Final = ""
"""Label of texts without one."""
_FAMILIES: Final = tuple(
    tuple(line.split()) for line in ("fr es it pt ro", "en de nl", "ru uk bg sh", "pl cs sh", "el")
)


@lru_cache(maxsize=65_536)
def asked_keys(word: str) -> frozenset[str]:
    """Return the dictionary keys of a word of a query."""
    return frozenset(one.key for one in paradigms(word))


@lru_cache(maxsize=256)
def asked_forms(word: str) -> frozenset[str]:
    """Return all words that may have a key of this word of a query: no other one has to be looked up."""
    return frozenset(form for one in paradigms(word) for form in one.forms())


@lru_cache(maxsize=65_536)
def labelled_keys(word: str) -> tuple[tuple[str, tuple[str, ...] | None], ...]:
    """Return the dictionary keys of a word of a text, each with the labels of the texts where it counts."""
    return tuple((one.key, labels(word, one)) for one in paradigms(word))


def labels(word: str, paradigm: Paradigm) -> tuple[str, ...] | None:
    """Return the labels of the texts where this word is a form of the paradigm, which has it."""
    having = languages(word)
    if len(having) == 1:
        return ANY_TEXT
    own = paradigm.labels
    for family in _FAMILIES:
        if paradigm.language in family and having.issubset(family):
            others = set(family) - lemma_languages(word) - {paradigm.language}
            return tuple(dict.fromkeys((*own, UNKNOWN, *(label for one in sorted(others) for label in LABELS[one]))))
    return own


def text_keys(word: str, lang: str | None) -> frozenset[str]:
    """Return the dictionary keys of a word in a text of this language, None: unknown."""
    label = lang or UNKNOWN
    return frozenset(key for key, some in labelled_keys(word) if some is ANY_TEXT or label in some)
