"""Base forms of the words of a text, for questions that other programs send as people typed them. Pure.

Such a question reaches the server as it is, and people mostly type base forms: `city`, not `cities`. So a document also
has the base forms of its words: lemmas of the dictionary, stems, Arabic and Hebrew words without their particles. The
digit at the end keeps them apart from words of the text: a plain word of a question finds them as the beginning of a
word, or with one typing error, but a word in quotes only finds texts that have it as it is written.

Left out is what a question finds in the text itself in one of these ways: `bridge` for `bridges`. So are lemmas with
less in common with the word than others of the same entry: entries list aspects, prefixes and irregular forms, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Final
from unicodedata import normalize

from search.words.dictionary.lookup import paradigms
from search.words.forms import MAX_LETTERS, form_keys
from search.words.listed import text_keys
from search.words.stems.arabic import arabic_candidates
from search.words.stems.hebrew import hebrew_candidates

MARK: Final = "0"
PERSIAN: Final = str.maketrans("كي", "کی")
"""Folded letters to those that people type in Persian."""
ONE_TYPO: Final = 5
"""Letters of the shortest word in which the server forgives a typing error."""
TWO_TYPOS: Final = 9
_MAX_LEMMAS: Final = 2
"""Of one entry of the dictionary."""
_FOREIGN: Final = 4
"""Letters of the shortest word that may be of another language than its text."""
_ARTICLE: Final = "ال"
_AFTER_PARTICLE: Final = re.compile("[وف]?(?:[بكوف]ال|لل)(..+)")
_FEMININE: Final = re.compile("(..+)(?:ات|ت(?:ها|هم|هن|نا|كم|ين|ان|ه|ي|ك))")
_FINALS: Final = str.maketrans("מנצפכ", "םןץףך")
_RULES: Final = {"e": ("en", "", None), "g": ("de",), "t": ("tr", "az")}
"""Labels of the texts to which the rules of a Latin language are applied."""


def base_forms(folded: Iterable[str], lang: str | None) -> list[str]:
    """Return the base forms of the words of folded texts, as documents have them."""
    words = {word for text in folded for word in text.split()}
    found = {base for word in words for base in _bases(word, lang)} - words
    # The server splits off the article from the words of a question, and wants to find both.
    articles = [_ARTICLE] if any(map(_AFTER_PARTICLE.match, words)) else []
    return [*articles, *sorted(base + MARK for base in found)]


@lru_cache(maxsize=65_536)
def _bases(word: str, lang: str | None) -> tuple[str, ...]:
    if not 1 < len(word) <= MAX_LETTERS or not word.isalpha():
        return ()
    read = word if lang == "fa" else word.removeprefix(_ARTICLE)
    bases = set(_each_base(word, lang))
    if "\u05d0" <= word[0] <= "\u05ea":
        bases = _without_particles(bases, word, hebrew_candidates)
    elif "\u0600" < word[0] < "\u06ff" and lang != "fa":
        bases = _without_particles(bases, word, arabic_candidates)
    found = {base for base in bases if len(base) > 1 and not _is_found(base, read)}
    if lang == "fa":
        found = {base.translate(PERSIAN) for base in found}
    return tuple(base for base in found if not any(other.startswith(base) for other in found if other != base))


def _is_found(base: str, word: str) -> bool:
    """Whether a question for the base finds the word: as its beginning, or with typing errors."""
    if word.startswith(base):
        return True
    typos = (len(base) >= ONE_TYPO) + (len(base) >= TWO_TYPOS)
    # An error in the first letter counts as two. й and ї are two letters, as for the server.
    return base[0] == word[0] and _is_near(normalize("NFKD", base), normalize("NFKD", word), typos)


def _is_near(one: str, other: str, typos: int) -> bool:
    """Whether two words differ by at most `typos` letters: missing, replaced, or swapped with the next."""
    same = _shared(one, other)
    one, other = one[same:], other[same:]
    if not (one and other and typos):
        return max(len(one), len(other)) <= typos
    rests = [(one[1:], other), (one, other[1:]), (one[1:], other[1:])]
    if one[:2] == other[1::-1]:
        rests.append((one[2:], other[2:]))
    return any(_is_near(*rest, typos - 1) for rest in rests)


def _shared(one: str, other: str) -> int:
    """The number of letters at the beginning that two words share."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (letter, its) in enumerate(pairs) if letter != its), min(len(one), len(other)))


def _each_base(word: str, lang: str | None) -> Iterator[str]:
    keys = form_keys(word)
    yield from [key[1:] for key in keys if key[0] == "="] or _lemmas(word, lang)
    for key in keys:
        group, _, stem = key.partition(":")
        if group == "f" or (group == "a" and lang != "fa") or lang in _RULES.get(group, ()):
            yield stem
        elif group == "h":
            yield stem[:-1] + stem[-1:].translate(_FINALS)
        elif group in {"u", "r"} and word[0] > "\u0400" and not paradigms(word):
            yield stem
    if "\u0600" < word[0] < "\u06ff":
        yield from _persian(word) if lang == "fa" else _arabic(word)
    elif "\u05d0" <= word[0] <= "\u05ea":
        yield from _hebrew(word)


def _lemmas(word: str, lang: str | None) -> Iterator[str]:
    """Yield the lemmas of the dictionary, of the text's own language if it has any."""
    known = text_keys(word, lang)
    found = [one for one in paradigms(word) if one.key in known]
    own = [one for one in found if lang in one.labels]
    foreign = found if len(word) >= _FOREIGN or lang is None else []
    return (lemma for one in own or foreign for lemma in _nearest(one.lemmas(), word))


def _nearest(lemmas: Iterable[str], word: str) -> Iterator[str]:
    """Yield the lemmas that begin most like the word, of those that do not find it themselves."""
    others = (lemma for lemma in lemmas if not _is_found(lemma, word))
    found = sorted((-_shared(lemma, word), len(lemma), lemma) for lemma in others)
    return (lemma for shared, _, lemma in found[:_MAX_LEMMAS] if shared <= found[0][0] + 1)


def _arabic(word: str) -> Iterator[str]:
    """Yield an Arabic word without particles, and feminine nouns without endings."""
    if found := _AFTER_PARTICLE.fullmatch(word):
        yield found[1]
    for one in arabic_candidates(word):
        yield one
        if feminine := _FEMININE.fullmatch(one):
            yield f"{feminine[1]}ه"


def _hebrew(word: str) -> Iterator[str]:
    """Yield a Hebrew word without particles, and feminine nouns without endings."""
    for one in hebrew_candidates(word):
        yield one
        if one.endswith("ת"):
            yield f"{one.removesuffix('ת').removesuffix('ו')}ה"


def _without_particles(bases: set[str], word: str, candidates: Callable[[str], Iterator[str]]) -> set[str]:
    """Leave out bases with a particle that are there without it, too."""
    whole = set(candidates(word))
    return {base for base in bases if base in whole or bases.isdisjoint(islice(candidates(base), 1, None))}


def _persian(word: str) -> Iterator[str]:
    """Yield the infinitive of a form of a Persian verb."""
    return (f"{key[1:]}ن" for key in form_keys(word) if key[0] == "=" and key[-1] in "تد")
