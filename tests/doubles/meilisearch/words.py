"""The words of an index: which rows hold a word, and where in them. Rows are only added; the dead are left out later.

Settings decide what a word is (searchable attributes, separators, languages), so new settings make new Words.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from tests.doubles.meilisearch import patterns
from tests.doubles.meilisearch.filter_values import leaves
from tests.doubles.meilisearch.settings import LOCALES
from tests.doubles.meilisearch.tokens import GAP, Tokenizer


class Place(NamedTuple):
    """The words of one attribute of a row."""

    attribute: str
    weight: int
    exact: bool  # typos are not tolerated here
    words: tuple[str, ...]
    positions: array[int]


class Words:
    def __init__(self, settings: dict[str, Any]) -> None:
        self.searchable: list[str] = settings["searchableAttributes"]
        self.everything = "*" in self.searchable
        self.tokenizer = Tokenizer(settings["separatorTokens"], settings["nonSeparatorTokens"], settings["stopWords"])
        self._exact = settings["typoTolerance"]["disableOnAttributes"]
        self._no_numbers = settings["typoTolerance"]["disableOnNumbers"]
        self._localized = settings["localizedAttributes"] or []
        self.places: dict[int, tuple[Place, ...]] = {}
        self.rows_of: dict[str, array[int]] = {}
        self.tolerant: set[str] = set()  # words that stand where typos are tolerated
        self._sorted: list[str] = []
        self.seen = 0  # rows below this one are in

    def add(self, row: int, document: dict[str, Any]) -> None:
        found = tuple(self._places(document))
        self.places[row] = found
        for word in {word for place in found for word in place.words}:
            rows = self.rows_of.get(word)
            if rows is None:
                rows = self.rows_of[word] = array("L")
            rows.append(row)
        for place in found:
            if not place.exact:
                self.tolerant.update(word for word in place.words if not (self._no_numbers and is_number(word)))

    def languages(self, attribute: str) -> list[str] | None:
        for rule in self._localized:
            if any(patterns.matches(pattern, attribute) for pattern in rule["attributePatterns"]):
                return [LOCALES.get(one, one) for one in rule["locales"]]
        return None

    def query_languages(self, attributes: Iterable[str] | None) -> list[str] | None:
        """All languages of the attributes that are searched."""
        wanted = self.searchable if attributes is None else attributes
        return [one for name in wanted for one in self.languages(name) or ()] or None

    def weight(self, attribute: str) -> int | None:
        """The attribute's rank; None when it is not searched."""
        if self.everything:
            return 0
        for rank, name in enumerate(self.searchable):
            if patterns.is_below(attribute, name):
                return rank
        return None

    def sorted_words(self) -> list[str]:
        if len(self._sorted) != len(self.rows_of):
            self._sorted = sorted(self.rows_of)
        return self._sorted

    def with_prefix(self, prefix: str) -> Iterator[str]:
        words = self.sorted_words()
        for place in range(bisect_left(words, prefix), len(words)):
            if not words[place].startswith(prefix):
                return
            yield words[place]

    def _places(self, document: dict[str, Any]) -> Iterator[Place]:
        texts: dict[str, list[str]] = {}
        for name, value in leaves(document):
            if self.weight(name) is not None:
                texts.setdefault(name, []).extend(_texts(value))
        for name, values in texts.items():
            languages = self.languages(name)
            found: list[tuple[int, str]] = []
            position = -GAP
            for text in values:
                position = (found[-1][0] if found else position) + GAP
                found += self.tokenizer.words(text, languages, position)
            if found:
                words = tuple(word for _, word in found)
                exact = any(patterns.is_below(name, one) for one in self._exact)
                yield Place(name, self.weight(name) or 0, exact, words, array("L", (at for at, _ in found)))


def is_number(word: str) -> bool:
    """Whether typos are not tolerated in it under `disableOnNumbers`."""
    try:
        float(word)
    except ValueError:
        return False
    return True


def _texts(value: Any) -> Iterator[str]:
    match value:
        case bool():
            yield "true" if value else "false"
        case int():
            yield str(value)
        case float():
            yield repr(value)
        case str():
            yield value
        case list():
            for one in value:
                if not isinstance(one, dict):
                    yield from _texts(one)
