"""From a question to what Meilisearch is asked: `q`, a filter, an order. Pure.

Each word travels in quotes: Meilisearch then looks for exactly that word, without typing errors, word parts or
prefixes, and without the order of the words. A plain word is asked for by its keys (`search.words.forms`); where it has
several, `q` becomes a list of which a document must satisfy one. With `fuzzy` plain words also stand bare, which
forgives typing errors in them. Excluded words come first in `q`: what stands behind the tenth word is not read.

Not answered faithfully, so `Unanswerable` with the reason: OR between words, a group of words that is excluded as a
whole, prefixes, more than ten words, and more than two words one behind the other (it compares pairs of words, which
in a long text may stand in different places).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from itertools import product
from math import prod
from typing import Any, Final

from search.engine.facets import FacetName, is_utc
from search.engine.page import parse_position, parse_rank
from search.engine.protocol import Question
from search.errors import Unanswerable
from search.meili.filters import ALL, compile_filter, is_after, join, one_of, unanswerable, within
from search.meili.settings import FORMS, MAX_HITS, ORDER, TERMS
from search.meili.words import LOCALE, encode, form_words, is_plain
from search.query.tree import And, Node, Not, Or, Phrase, Prefix, Text, Word, text_leaves
from search.query.widen import AdjacentWords, group_adjacent, word_variants
from search.text.normalize import Needle

MAX_WORDS: Final = 10
MAX_QUERIES: Final = 128
"""It joins words by AND only: of two words that may each stand in three ways nine questions are made."""
MAX_EXCLUDED: Final = 200
"""Meilisearch reads the first 1,000 words, quotes and spaces of `q`."""
MAX_NEIGHBOURS: Final = 2
MARKS: Final = ("\ue000", "\ue001")
"""Around a match; folding leaves no such character in a text."""
COUNTED: Final = "is_service"
"""A field that every document has once, of two values: the sum of its facet is the exact number of hits."""

FACETS: Final[Mapping[FacetName, str]] = {"channel": "channel_id", "day": "day", "month": "day", "lang": "lang"}
"""What hits can be counted by, and its field: a channel's bare id, a day of UTC since 1970, a language."""


@dataclass(slots=True)
class Parts:
    """A tree taken apart: words that must be, words that must not be, and filters, all joined by AND."""

    wanted: list[tuple[str, ...]] = field(default_factory=list)
    """Of each word what it may stand as; one of these must be there."""
    words: int = 0
    """How many words must be."""
    excluded: list[str] = field(default_factory=list)
    filters: list[str] = field(default_factory=list)

    def want(self, ways: tuple[str, ...], words: int = 1) -> None:
        """One of these must be, of so many words."""
        if ways not in self.wanted:
            self.wanted.append(ways)
            self.words += words


def can_answer(question: Question) -> str | None:
    """Why Meilisearch cannot answer this question as the embedded engine does; None if it can."""
    try:
        take_apart(question)
    except Unanswerable as error:
        return error.message
    return None


def cannot_count(names: Iterable[FacetName], zone: tzinfo) -> str | None:
    """Why Meilisearch cannot count by these facets as the embedded engine does; None if it can."""
    for name in names:
        if name not in FACETS:
            return f"The index cannot count by '{name}' exactly."
        if FACETS[name] == "day" and not is_utc(zone):
            return "The index counts by days of UTC only."
    return None


def by_rank(question: Question) -> bool:
    """Whether the hits of this question have an order by relevance; without words they have none."""
    return question.sort == "relevance" and next(text_leaves(question.tree), None) is not None


def search_body(question: Question) -> dict[str, Any]:
    """The body of a search for one page and one hit more; its `q` is a list.

    Raises Unanswerable, or SearchError for a foreign cursor."""
    parts = take_apart(question)
    body = _question(parts)
    body["attributesToRetrieve"] = list(ORDER)
    body["limit"] = question.limit + 1
    if by_rank(question):
        offset = 0 if question.cursor is None else parse_rank(question.cursor)
        if offset + question.limit > MAX_HITS:
            raise Unanswerable(
                f"Meilisearch ranks no more than the best {MAX_HITS}.", hint="Narrow the question, or sort by date."
            )
        # From the first on: what stands before the page is known only when the answers of all nodes are merged.
        body |= {"limit": offset + question.limit + 1, "showRankingScore": True}
    else:
        newest = question.sort != "oldest"
        body["sort"] = [f"{name}:{'desc' if newest else 'asc'}" for name in ORDER]
        if question.cursor is not None:
            body["filter"] = join(
                "AND", [body["filter"], is_after(parse_position(question.cursor), newest=newest)], empty=ALL
            )
    if question.fuzzy:
        # What was matched is known to Meilisearch alone.
        body |= {
            "attributesToHighlight": [TERMS],
            "highlightPreTag": MARKS[0],
            "highlightPostTag": MARKS[1],
        }
    return body


def facet_body(question: Question, names: list[str]) -> dict[str, Any]:
    """The body of a search that only counts values of these fields. Raises Unanswerable."""
    return {**_question(take_apart(question)), "limit": 0, "facets": names}


def take_apart(question: Question) -> Parts:
    """The words and filters of a question. Raises Unanswerable."""
    parts = Parts()
    for part in [question.tree] if question.fuzzy else group_adjacent(question.tree):
        _take_part(part, parts, fuzzy=question.fuzzy)
    if parts.words > MAX_WORDS:
        raise unanswerable(f"Meilisearch reads the first {MAX_WORDS} words of a question only.")
    if prod(len(ways) for ways in parts.wanted) > MAX_QUERIES:
        raise unanswerable(f"Meilisearch is asked {MAX_QUERIES} questions for the forms of the words at most.")
    if len(parts.excluded) > MAX_EXCLUDED:
        raise unanswerable(f"Meilisearch excludes {MAX_EXCLUDED} words at most.")
    if question.channels is not None:
        parts.filters.append(one_of("channel_id", [str(one) for one in sorted(question.channels)]))
    if (bounds := within(question.bounds)) != ALL:
        parts.filters.append(bounds)
    return parts


def _take_part(part: Node | AdjacentWords, parts: Parts, *, fuzzy: bool) -> None:
    """Adds a part of a tree, or words that may be read in several ways."""
    if isinstance(part, tuple):
        read = (product(*(_ways(word, fuzzy=fuzzy) for word in words)) for words in part)
        parts.want(tuple(" ".join(words) for one in read for words in one), len(part[0]))
        return
    for node in _flat(part):
        if not _has_words(node):
            parts.filters.append(compile_filter(node))
        elif isinstance(node, Word | Phrase | Prefix):
            parts.want(_ways(node, fuzzy=fuzzy))
        elif isinstance(node, Not) and isinstance(node.part, Word | Phrase | Prefix):
            parts.excluded += [f"-{way}" for way in _ways(node.part, fuzzy=False)]
        elif isinstance(node, Not):
            raise unanswerable("Meilisearch cannot exclude several words together.")
        else:
            raise unanswerable("Meilisearch joins words by AND only, not by OR.")


def federated(body: Mapping[str, Any], index: str) -> dict[str, Any]:
    """The same asked with each of its `q`s, in one federated question, which gives each document once."""
    query = {name: value for name, value in body.items() if name not in {"q", "limit", "facets"}}
    federation: dict[str, Any] = {"limit": body["limit"]}
    if "facets" in body:
        federation["facetsByIndex"] = {index: body["facets"]}
    return {"federation": federation, "queries": [{"indexUid": index, **query, "q": q} for q in body["q"]]}


def _question(parts: Parts) -> dict[str, Any]:
    return {
        # The space at the end says that the last word is whole.
        "q": [" ".join([*parts.excluded, *ways, ""]).lstrip() for ways in product(*parts.wanted)],
        "filter": join("AND", parts.filters, empty=ALL),
        "matchingStrategy": "all",
        "attributesToSearchOn": [TERMS, FORMS],
        "locales": [LOCALE],
    }


def _flat(node: Node, *, excluded: bool = False) -> Iterator[Node]:
    """The parts of a tree that are joined by AND; parts without words stay whole."""
    match node:
        case Not(part) if _has_words(part):
            yield from _flat(part, excluded=not excluded)
        case And(parts) if not excluded:
            for part in parts:
                yield from _flat(part)
        case Or(parts) if excluded:
            # Not one of them: each of them not.
            for part in parts:
                yield from _flat(part, excluded=True)
        case And((only,)) | Or((only,)):
            yield from _flat(only, excluded=excluded)
        case _:
            yield Not(node) if excluded else node


def _has_words(node: Node) -> bool:
    match node:
        case Word() | Phrase() | Prefix():
            return True
        case And(parts) | Or(parts):
            return any(map(_has_words, parts))
        case Not(part):
            return _has_words(part)
        case _:
            return False


def _ways(leaf: Text, *, fuzzy: bool) -> tuple[str, ...]:
    """What a word is looked for as: one of its keys, or as it is written; in every way to write it.

    With `fuzzy` also with typing errors, which other ways to write it mostly are."""
    if fuzzy or not isinstance(leaf, Word):
        return _ways_written(leaf, fuzzy=fuzzy)
    return tuple(dict.fromkeys(one for word in word_variants(leaf) for one in _ways_written(word, fuzzy=False)))


def _ways_written(leaf: Text, *, fuzzy: bool) -> tuple[str, ...]:
    if isinstance(leaf, Word) and leaf.tail and not fuzzy:
        raise unanswerable("Meilisearch cannot be asked for the forms of a word with a hyphen.")
    keys = form_words(leaf.inflected) if isinstance(leaf, Word) and leaf.inflected else ()
    found = tuple(f'"{key}"' for key in keys)
    return (_text(leaf, fuzzy=fuzzy), *found) if fuzzy or not found else found


def _text(leaf: Text, *, fuzzy: bool) -> str:
    needle: Needle = leaf.needle
    if needle.prefix:
        raise unanswerable("Meilisearch is not asked for beginnings of words, nor for a single character of a script.")
    if len(needle.terms) > MAX_NEIGHBOURS:
        raise unanswerable(f"Meilisearch cannot tell whether more than {MAX_NEIGHBOURS} words stand side by side.")
    words = [encode(term) for term in needle.terms]
    if fuzzy and isinstance(leaf, Word) and all(map(is_plain, words)):
        return " ".join(words)
    return f'"{" ".join(words)}"'
