"""Find the inflected forms of a word that occur in an archive. Pure; `word_list` reads the words from the index.

The embedded engine indexes words unstemmed; stems in addition would make the index half as large again. Its distinct
words are listed instead, and a plain word of a query is replaced by those that share a key with it: `term_ranges` gives
the parts of the alphabet to look in, `choose` selects the forms, `inflect` puts them into the query tree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from search.query.tree import And, Node, Not, Or, Phrase, Tag, Word, any_of
from search.words.designations import is_continued, may_continue
from search.words.dictionary.lookup import paradigms
from search.words.forms import form_keys
from search.words.listed import ANY_TEXT, labels
from search.words.separable import separable_verbs

MOST_LOOKED_AT: Final = 250
"""Candidates whose keys are computed for a word of a query, those closest in length first."""
MOST_FORMS: Final = 120
MOST_TAILS: Final = 30
"""Maximum forms of the last part of a hyphenated word: each is a phrase."""


def wanted_words(tree: Node) -> set[str]:
    """Words of a tree that also match in other forms, excluded words included."""
    match tree:
        case Word():
            found = (tree.inflected, tree.tail and tree.tail.last, tree.model and tree.model.last)
            return {word for word in found if word}
        case And(parts) | Or(parts):
            return {word for part in parts for word in wanted_words(part)}
        case Not(part):
            return wanted_words(part)
        case _:
            return set()


class Forms(NamedTuple):
    """Forms of a word that occur in an archive."""

    everywhere: tuple[str, ...]
    """Those that count in every text, the word itself first."""
    labelled: Mapping[tuple[str, ...], tuple[str, ...]] = MappingProxyType({})
    """Those that count in texts with these labels of language only."""
    verbs: tuple[str, ...] = ()
    """German verbs whose parts may be separated (`search.words.separable`)."""


def inflect(tree: Node, forms: Mapping[str, Forms]) -> Node:
    """Replace each word of a tree by the OR of its forms."""
    match tree:
        case Word() if tree.inflected and (found := forms.get(tree.inflected)):
            return _any_form("", found, MOST_FORMS)
        case Word() if (tail := tree.tail) and (found := forms.get(tail.last)):
            return _any_form(f"{tail.front} ", found, MOST_TAILS)
        case Word() if (model := tree.model) and (found := forms.get(model.last)):
            return any_of(tuple(Phrase(f"{model.front} {word}".lstrip()) for word in found.everywhere[:MOST_FORMS]))
        case And(parts):
            return And(tuple(inflect(part, forms) for part in parts))
        case Or(parts):
            return Or(tuple(inflect(part, forms) for part in parts))
        case Not(part):
            return Not(inflect(part, forms))
        case _:
            return tree


def _any_form(front: str, forms: Forms, most: int) -> Node:
    parts: list[Node] = [Phrase(f"{front}{word}") for word in forms.everywhere[:most]]
    for allowed, words in forms.labelled.items():
        phrases = any_of(tuple(Phrase(f"{front}{word}") for word in words[:most]))
        parts.append(And((phrases, any_of(tuple(Tag("lang", one) for one in allowed)))))
    if not front:
        parts += [Tag("verb", verb) for verb in forms.verbs]
    return any_of(tuple(parts))


def choose(word: str, candidates: Iterable[str]) -> Forms:
    """Return the word and the candidates that are forms of it, or continue it."""
    own = form_keys(word)
    others = {*candidates} - {word}
    near = _nearest(word, others)
    found = dict.fromkeys([word, *[one for one in near if not own.isdisjoint(form_keys(one))][:MOST_FORMS]])
    if may_continue(word):
        return Forms((word, *[one for one in near if is_continued(word, one)][:MOST_FORMS]))
    labelled: dict[tuple[str, ...], dict[str, None]] = {}
    for paradigm in paradigms(word):
        for one in sorted(others.intersection(paradigm.forms())):
            if paradigm in paradigms(one) and one not in found:
                allowed = labels(one, paradigm)
                (found if allowed is ANY_TEXT else labelled.setdefault(allowed, {}))[one] = None
    return Forms(tuple(found), {some: tuple(words) for some, words in labelled.items()}, separable_verbs(word))


def _nearest(word: str, others: Iterable[str]) -> list[str]:
    """Those closest to the word in length, then alphabetically."""
    by_distance: dict[int, list[str]] = {}
    for one in others:
        by_distance.setdefault(abs(len(one) - len(word)), []).append(one)
    near: list[str] = []
    for distance in sorted(by_distance):
        if len(near) < MOST_LOOKED_AT:
            near += sorted(by_distance[distance])
    return near[:MOST_LOOKED_AT]
