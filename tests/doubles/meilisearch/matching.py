"""Which rows hold the words of a question: each term with its derivations, and the ways through all of them.

A term is found by itself, by words that begin with it (the last one), by words with typos, by its two halves side by
side, and together with its neighbours written as one word (query_graph.rs, compute_derivations.rs).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from tests.doubles.meilisearch.index import Index
from tests.doubles.meilisearch.query import Question, Term
from tests.doubles.meilisearch.typos import allowed, derived
from tests.doubles.meilisearch.words import Words, is_number

MAX_DISTANCE = 4
_MAX_PREFIXES = 1000


@dataclass
class Node:
    """A term, or two or three neighbours as one word: which terms it covers, and its rows by number of typos."""

    first: int
    last: int
    term: Term
    levels: list[set[int]]  # without, with one, with two typos; each holds the one before it
    words: list[set[str]]  # by typos, not cumulated
    phrases: list[tuple[str | None, ...]] = field(default_factory=list)
    most_typos: int = 0  # that are thought of, found or not; two halves count as one

    @property
    def rows(self) -> set[int]:
        return self.levels[-1]

    def typos(self, row: int) -> int | None:
        return next((count for count, rows in enumerate(self.levels) if row in rows), None)


class Matcher:
    """Looks for words in an index, in some attributes only if they are given."""

    def __init__(self, index: Index, attributes: set[str] | None, alive: set[int]) -> None:
        self.settings = index.settings
        self.words: Words = index.words
        self.attributes = attributes
        self.alive = alive
        self._exact_used = bool(self.settings["typoTolerance"]["disableOnAttributes"])
        self._no_number_typos = self.settings["typoTolerance"]["disableOnNumbers"]

    def rows(self, word: str, *, is_derived: bool = False) -> set[int]:
        """Rows with a word. A derived one does not count where typos are not tolerated."""
        found = self.alive.intersection(self.words.rows_of.get(word, ()))
        if is_derived and self._no_number_typos and is_number(word):
            return set()
        if self.attributes is None and not (is_derived and self._exact_used):
            return found
        return {
            row
            for row in found
            if any(
                word in place.words
                for place in self.words.places[row]
                if (self.attributes is None or place.attribute in self.attributes) and not (is_derived and place.exact)
            )
        }

    def distance(self, row: int, left: str, right: str) -> int:
        """The least distance of two words in one attribute; one more when they stand the wrong way round."""
        best = MAX_DISTANCE
        for place in self.words.places[row]:
            if left not in place.words or right not in place.words:
                continue
            if self.settings["proximityPrecision"] == "byAttribute":
                return 1
            lefts = [at for at, word in zip(place.positions, place.words, strict=True) if word == left]
            rights = [at for at, word in zip(place.positions, place.words, strict=True) if word == right]
            best = min(best, *(proximity(a, b) for a in lefts for b in rights if left != right or a != b), best)
        return best

    def phrase_rows(self, phrase: tuple[str | None, ...]) -> set[int]:
        """Rows with a phrase: all its words, and each within three of its neighbours as near as it should be."""
        words = [word for word in phrase if word is not None]
        if not words:
            return set()
        found = self.rows(words[0])
        for word in words[1:]:
            found &= self.rows(word)
        pairs = {
            (phrase[start], phrase[start + gap], gap)
            for start in range(len(phrase))
            for gap in (1, 2)
            if start + gap < len(phrase) and phrase[start] is not None and phrase[start + gap] is not None
        }
        return {row for row in found if all(self.distance(row, a or "", b or "") <= gap for a, b, gap in pairs)}

    def excluded(self, question: Question) -> set[int]:
        found: set[int] = set()
        for word in question.not_words:
            found |= self.rows(word)
        for term in question.not_phrases:
            found |= self.phrase_rows(term.words)
        return found

    def nodes(self, terms: list[Term]) -> list[Node]:
        """Every term, and every two or three neighbours as one word."""
        found = []
        for last, term in enumerate(terms):
            found.append(self._node(last, last, term))
            for count in (2, 3):
                first = last - count + 1
                joined = _joined(terms[first : last + 1]) if first >= 0 else None
                if joined is not None:
                    found.append(self._node(first, last, joined))
        return found

    def _node(self, first: int, last: int, term: Term) -> Node:
        if term.is_phrase:
            rows = self.phrase_rows(term.words)
            return Node(first, last, term, [rows], [{word for word in term.words if word}], [term.words])
        is_joined = first < last
        word = term.word
        zero = {word}
        if term.is_prefix:
            for count, other in enumerate(self.words.with_prefix(word)):
                if count >= _MAX_PREFIXES:
                    break
                zero.add(other)
        rows = set().union(*(self.rows(one, is_derived=is_joined) for one in zero))
        phrases: list[tuple[str | None, ...]] = []
        for synonym in self.settings["synonyms"].get(word, ()):
            words = tuple(lemma for _, lemma in self.words.tokenizer.words(synonym))
            phrases.append(words)
            rows |= self.phrase_rows(words)
        most = max(allowed(word, self.settings["typoTolerance"]) - (last - first), 0)
        one, two = derived(word, most, self._candidates(word, most), prefix=term.is_prefix)
        first_level = rows.union(*(self.rows(other, is_derived=True) for other in one))
        halves = self._halves(word)
        if halves is not None and not (is_joined and "".join(halves) == word and halves == self._parts(term)):
            first_level |= self.phrase_rows(halves)
            phrases.append(halves)
        second_level = first_level.union(*(self.rows(other, is_derived=True) for other in two))
        levels = [rows, first_level, second_level]
        return Node(first, last, term, levels, [zero, set(one), set(two)], phrases, max(most, 1))

    def _parts(self, term: Term) -> tuple[str | None, ...]:
        return term.words[1:]

    def _candidates(self, word: str, most: int) -> list[str]:
        if most == 0:
            return []
        words = self.words.sorted_words()
        if most == 1:
            words = list(self.words.with_prefix(word[:1]))
        return [one for one in words if one in self.words.tolerant]

    def _halves(self, word: str) -> tuple[str, str] | None:
        """The two words that a word falls into and that stand side by side most often."""
        best, most = None, 0
        for cut in range(1, len(word)):
            left, right = word[:cut], word[cut:]
            if left not in self.words.rows_of or right not in self.words.rows_of:
                continue
            together = self.alive.intersection(self.words.rows_of[left]).intersection(self.words.rows_of[right])
            count = sum(self.distance(row, left, right) == 1 for row in together)
            if count > most:
                best, most = (left, right), count
        return best


def _joined(terms: list[Term]) -> Term | None:
    """Neighbours as one word; its parts come after it in `words`."""
    if any(term.is_phrase for term in terms):
        return None
    if any(right.start != left.end + 1 for left, right in itertools.pairwise(terms)):
        return None
    parts = tuple(term.word for term in terms)
    whole = "".join(parts)
    if len(whole.encode()) > 250:
        return None
    return Term((whole, *parts), terms[0].start, terms[-1].end, is_prefix=terms[-1].is_prefix)


def proximity(left: int, right: int) -> int:
    return min(right - left if left <= right else left - right + 1, MAX_DISTANCE)


class Graph:
    """The ways through the terms of a question, and what is left of them when terms may be missing."""

    def __init__(self, nodes: list[Node], count: int, strategy: str) -> None:
        self.nodes = nodes
        self.count = count
        self.groups = self._removal_groups(strategy)

    def _removal_groups(self, strategy: str) -> list[set[int]]:
        """Terms that may go, in the order in which they go; groups of places of nodes."""
        if strategy == "all" or self.count < 2:
            return []
        costs = (
            self._frequency_costs() if strategy == "frequency" else [self.count - term for term in range(self.count)]
        )
        groups: dict[int, set[int]] = {}
        mandatory = False
        for place, node in enumerate(self.nodes):
            if node.term.is_phrase:
                mandatory = True
                continue
            groups.setdefault(max(costs[node.first : node.last + 1]), set()).add(place)
        ordered = [groups[cost] for cost in sorted(groups)]
        return ordered if mandatory else ordered[:-1]

    def _frequency_costs(self) -> list[int]:
        """The most frequent terms go first; a term without any row goes before all."""
        rows: list[set[int]] = [set() for _ in range(self.count)]
        for node in self.nodes:
            for term in range(node.first, node.last + 1):
                rows[term] |= node.rows
        frequencies = [len(one) or 1 << 62 for one in rows]
        ranks = {frequency: rank for rank, frequency in enumerate(sorted(set(frequencies), reverse=True), 1)}
        return [ranks[frequency] for frequency in frequencies]

    def rows(self, universe: set[int], missing: int = 0) -> set[int]:
        """Rows that fit when the first `missing` groups may be absent."""
        gone = set().union(*self.groups[:missing]) if missing else set()
        reached: list[set[int]] = [universe, *(set() for _ in range(self.count))]
        for place, node in enumerate(self.nodes):  # nodes come in the order of their last term
            if place not in gone:
                reached[node.last + 1] = reached[node.last + 1] | (reached[node.first] & node.rows)
            elif node.first == node.last:
                reached[node.last + 1] = reached[node.last + 1] | reached[node.first]
        return reached[-1]

    def kept(self, missing: int) -> list[Node]:
        gone = set().union(*self.groups[:missing]) if missing else set()
        return [node for place, node in enumerate(self.nodes) if place not in gone]
