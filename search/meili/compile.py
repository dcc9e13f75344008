"""From a question to what Meilisearch is asked: `q`, a filter, an order. Pure.

Each word travels in quotes: Meilisearch then looks for exactly that word, without typing errors, word parts or
prefixes, and without the order of the words. With `fuzzy` plain words stand bare, which forgives typing errors in them.
Excluded words come first in `q`: what stands behind the tenth word is not read.

Not answered faithfully, so `Unanswerable` with the reason: OR between words, a group of words that is excluded as a
whole, prefixes, more than ten words, and more than two words one behind the other (it compares pairs of words, which
in a long text may stand in different places).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from search.engine import Question
from search.errors import Unanswerable
from search.meili.filters import ALL, behind, compile_filter, join, one_of, unanswerable, within
from search.meili.settings import MAX_HITS, ORDER, TERMS
from search.meili.words import LOCALE, encode, is_plain
from search.normalize import Needle
from search.page import read_place, read_rank
from search.tree import And, Node, Not, Or, Phrase, Prefix, Text, Word, texts

MAX_WORDS: Final = 10
MAX_EXCLUDED: Final = 200
"""Meilisearch reads the first 1,000 words, quotes and spaces of `q`."""
MAX_NEIGHBOURS: Final = 2
MARKS: Final = ("\ue000", "\ue001")
"""Around a match; folding leaves no such character in a text."""
COUNTED: Final = "is_service"
"""A field that every document has once, of two values: the sum of its facet is the exact number of hits."""


@dataclass(slots=True)
class Parts:
    """A tree taken apart: words that must be, words that must not be, and filters, all joined by AND."""

    wanted: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)
    filters: list[str] = field(default_factory=list)


def can_answer(question: Question) -> str | None:
    """Why Meilisearch cannot answer this question as the embedded engine does; None if it can."""
    try:
        take_apart(question)
    except Unanswerable as error:
        return error.message
    return None


def by_rank(question: Question) -> bool:
    """Whether the hits of this question have an order by relevance; without words they have none."""
    return question.sort == "relevance" and next(texts(question.tree), None) is not None


def search_body(question: Question) -> dict[str, Any]:
    """The body of a search for one page and one hit more. Raises Unanswerable, or SearchError for a foreign cursor."""
    parts = take_apart(question)
    body = _question(parts)
    body["attributesToRetrieve"] = list(ORDER)
    body["limit"] = question.limit + 1
    if by_rank(question):
        offset = 0 if question.cursor is None else read_rank(question.cursor)
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
                "AND", [body["filter"], behind(read_place(question.cursor), newest=newest)], empty=ALL
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
    for node in _flat(question.tree):
        if not _has_words(node):
            parts.filters.append(compile_filter(node))
        elif isinstance(node, Word | Phrase | Prefix):
            parts.wanted.append(_text(node, fuzzy=question.fuzzy))
        elif isinstance(node, Not) and isinstance(node.part, Word | Phrase | Prefix):
            parts.excluded.append(f"-{_text(node.part, fuzzy=False)}")
        elif isinstance(node, Not):
            raise unanswerable("Meilisearch cannot exclude several words together.")
        else:
            raise unanswerable("Meilisearch joins words by AND only, not by OR.")
    if len(parts.wanted) > MAX_WORDS:
        raise unanswerable(f"Meilisearch reads the first {MAX_WORDS} words of a question only.")
    if len(parts.excluded) > MAX_EXCLUDED:
        raise unanswerable(f"Meilisearch excludes {MAX_EXCLUDED} words at most.")
    if question.channels is not None:
        parts.filters.append(one_of("channel_id", [str(one) for one in sorted(question.channels)]))
    if (bounds := within(question.bounds)) != ALL:
        parts.filters.append(bounds)
    return parts


def _question(parts: Parts) -> dict[str, Any]:
    return {
        # The space at the end says that the last word is whole.
        "q": " ".join([*parts.excluded, *parts.wanted, ""]) if parts.excluded or parts.wanted else "",
        "filter": join("AND", parts.filters, empty=ALL),
        "matchingStrategy": "all",
        "attributesToSearchOn": [TERMS],
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
