"""Compile a question to a Meilisearch request: `q`, filter and sort order. Pure.

Each word is sent in quotes, so that Meilisearch matches exactly that word, without typos, word splitting or prefixes,
and regardless of word order. A plain word is searched by its keys (`search.words.forms`); if it has several, `q`
becomes a list of alternatives. With `fuzzy`, plain words are also sent unquoted, which tolerates typos in them.
Excluded words come first in `q`, since Meilisearch ignores everything after the tenth word.

Questions that Meilisearch cannot answer correctly raise `Unanswerable` with the reason: OR between words, the exclusion
of a group of words, prefixes, more than ten words, and more than two adjacent words (it compares pairs of words, which
can match in different places of a long text).
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
from search.meili.settings import FORMS, MAX_HITS, ORDER, READABLE, TERMS
from search.meili.words import LOCALE, encode, form_words, is_plain
from search.query.tree import And, Node, Not, Or, Phrase, Prefix, Text, Word, text_leaves
from search.query.widen import AdjacentWords, group_adjacent, word_variants
from search.text.normalize import Needle
from search.text.numbers import ungrouped
from search.words.forms import form_keys

MAX_WORDS: Final = 10
MAX_QUERIES: Final = 128
"""Maximum alternatives of `q`: it has no OR, so two words with three alternatives each make nine queries."""
MAX_EXCLUDED: Final = 200
"""Meilisearch reads only the first 1,000 tokens of `q`: words, quotes and spaces."""
MAX_ADJACENT: Final = 2
HIGHLIGHT_TAGS: Final = ("\ue000", "\ue001")
"""Tags around a match; folding removes these characters from texts."""
COUNT_FIELD: Final = "is_service"
"""A field with one value in every document: the sum of its facet is the exact number of hits."""

FACETS: Final[Mapping[FacetName, str]] = {"channel": "channel_id", "day": "day", "month": "day", "lang": "lang"}
"""Facets that the index can count, with their fields: bare channel id, UTC day since 1970, language."""


@dataclass(slots=True)
class QueryParts:
    """A tree split into required words, excluded words and filters, all combined by AND."""

    wanted: list[tuple[str, ...]] = field(default_factory=list)
    """Alternatives of each required word."""
    words: int = 0
    """Number of required words."""
    excluded: list[str] = field(default_factory=list)
    filters: list[str] = field(default_factory=list)

    def require(self, alternatives: tuple[str, ...], words: int = 1) -> None:
        """Require one of these alternatives, each of `words` words."""
        if alternatives not in self.wanted:
            self.wanted.append(alternatives)
            self.words += words


def can_answer(question: Question) -> str | None:
    """Why Meilisearch cannot answer this question like the embedded engine; None if it can."""
    try:
        split_question(question)
    except Unanswerable as error:
        return error.message
    return None


def cannot_count(names: Iterable[FacetName], zone: tzinfo) -> str | None:
    """Why Meilisearch cannot count these facets like the embedded engine; None if it can."""
    for name in names:
        if name not in FACETS:
            return f"The index cannot count by '{name}' exactly."
        if FACETS[name] == "day" and not is_utc(zone):
            return "The index counts by UTC days only."
    return None


def by_rank(question: Question) -> bool:
    """Whether the hits are ranked by relevance; without words there is no ranking."""
    return question.sort == "relevance" and next(text_leaves(question.tree), None) is not None


def search_body(question: Question) -> dict[str, Any]:
    """Build the body of a search for one page plus one hit; its `q` is a list of alternatives.

    Raises Unanswerable, or SearchError for a cursor of another query.
    """
    parts = split_question(question)
    body = _query_body(parts)
    body["attributesToRetrieve"] = list(ORDER)
    body["limit"] = question.limit + 1
    if by_rank(question):
        offset = 0 if question.cursor is None else parse_rank(question.cursor)
        if offset + question.limit > MAX_HITS:
            raise Unanswerable(
                f"Meilisearch ranks only the best {MAX_HITS} hits.", hint="Narrow the query, or sort by date."
            )
        # From the first hit on: the earlier pages are known only after merging the answers of all nodes.
        body |= {"limit": offset + question.limit + 1, "showRankingScore": True}
    else:
        newest = question.sort != "oldest"
        body["sort"] = [f"{name}:{'desc' if newest else 'asc'}" for name in ORDER]
        if question.cursor is not None:
            body["filter"] = join(
                "AND", [body["filter"], is_after(parse_position(question.cursor), newest=newest)], empty=ALL
            )
    if question.fuzzy:
        # Only Meilisearch knows which words it matched.
        body |= {
            "attributesToHighlight": list(READABLE),
            "highlightPreTag": HIGHLIGHT_TAGS[0],
            "highlightPostTag": HIGHLIGHT_TAGS[1],
        }
    return body


def facet_body(question: Question, names: list[str]) -> dict[str, Any]:
    """Build the body of a search that only counts the values of these fields. Raises Unanswerable."""
    return {**_query_body(split_question(question)), "limit": 0, "facets": names}


def split_question(question: Question) -> QueryParts:
    """Split a question into words and filters. Raises Unanswerable."""
    parts = QueryParts()
    for part in [question.tree] if question.fuzzy else group_adjacent(question.tree):
        _add_part(part, parts, fuzzy=question.fuzzy)
    if parts.words > MAX_WORDS:
        raise unanswerable(f"Meilisearch reads only the first {MAX_WORDS} words of a query.")
    if prod(len(alternatives) for alternatives in parts.wanted) > MAX_QUERIES:
        raise unanswerable(f"The forms of these words would take more than {MAX_QUERIES} queries to Meilisearch.")
    if len(parts.excluded) > MAX_EXCLUDED:
        raise unanswerable(f"Meilisearch can exclude at most {MAX_EXCLUDED} words.")
    if question.channels is not None:
        parts.filters.append(one_of("channel_id", [str(one) for one in sorted(question.channels)]))
    if (bounds := within(question.bounds)) != ALL:
        parts.filters.append(bounds)
    return parts


def _add_part(part: Node | AdjacentWords, parts: QueryParts, *, fuzzy: bool) -> None:
    """Add a part of a tree, or adjacent words with several readings."""
    if isinstance(part, tuple):
        read = (product(*(_alternatives(word, fuzzy=fuzzy) for word in words)) for words in part)
        parts.require(tuple(" ".join(words) for one in read for words in one), len(part[0]))
        return
    for node in _flat(part):
        if not _has_words(node):
            parts.filters.append(compile_filter(node))
        elif isinstance(node, Word | Phrase | Prefix):
            parts.require(_alternatives(node, fuzzy=fuzzy))
        elif isinstance(node, Not) and isinstance(node.part, Word | Phrase | Prefix):
            parts.excluded += [f"-{one}" for one in _alternatives(node.part, fuzzy=False)]
        elif isinstance(node, Not):
            raise unanswerable("Meilisearch cannot exclude a group of words.")
        else:
            raise unanswerable("Meilisearch cannot combine words by OR.")


def federated(body: Mapping[str, Any], index: str) -> dict[str, Any]:
    """Build one federated search with a query for each `q`; it returns each document once."""
    query = {name: value for name, value in body.items() if name not in {"q", "limit", "facets"}}
    federation: dict[str, Any] = {"limit": body["limit"]}
    if "facets" in body:
        federation["facetsByIndex"] = {index: body["facets"]}
    return {"federation": federation, "queries": [{"indexUid": index, **query, "q": q} for q in body["q"]]}


def _query_body(parts: QueryParts) -> dict[str, Any]:
    return {
        # The trailing space marks the last word as complete.
        "q": [" ".join([*parts.excluded, *alternatives, ""]).lstrip() for alternatives in product(*parts.wanted)],
        "filter": join("AND", parts.filters, empty=ALL),
        "matchingStrategy": "all",
        "attributesToSearchOn": [TERMS, FORMS],
        "locales": [LOCALE],
    }


def _flat(node: Node, *, excluded: bool = False) -> Iterator[Node]:
    """Yield the parts of a tree that are combined by AND; parts without words are not split."""
    match node:
        case Not(part) if _has_words(part):
            yield from _flat(part, excluded=not excluded)
        case And(parts) if not excluded:
            for part in parts:
                yield from _flat(part)
        case Or(parts) if excluded:
            # NOT (a OR b) is NOT a AND NOT b.
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


def _alternatives(leaf: Text, *, fuzzy: bool) -> tuple[str, ...]:
    """Alternatives that match a word: its keys, or the word as written, for each of its variants.

    With `fuzzy` typos match too, which covers most variants.
    """
    if fuzzy or not isinstance(leaf, Word):
        return _written_alternatives(leaf, fuzzy=fuzzy)
    return tuple(dict.fromkeys(one for word in word_variants(leaf) for one in _written_alternatives(word, fuzzy=False)))


def _written_alternatives(leaf: Text, *, fuzzy: bool) -> tuple[str, ...]:
    if isinstance(leaf, Word) and leaf.tail and not fuzzy:
        raise unanswerable("Meilisearch cannot find the forms of a hyphenated word.")
    if isinstance(leaf, Phrase) and ungrouped(leaf.text):
        raise unanswerable("Meilisearch cannot tell a number from the beginning of a longer one.")
    if isinstance(leaf, Word) and leaf.model and not fuzzy:
        raise unanswerable("Meilisearch cannot find the variants of a model name.")
    word = leaf.inflected if isinstance(leaf, Word) else None
    keys = form_words(word) if word else ()
    found = tuple(f'"{key}"' for key in keys)
    # A word that the rules give no key may have some in texts of certain languages only.
    by_keys = found and form_keys(word or "")
    return found if by_keys and not fuzzy else (_text(leaf, fuzzy=fuzzy), *found)


def _text(leaf: Text, *, fuzzy: bool) -> str:
    needle: Needle = leaf.needle
    if needle.prefix:
        raise unanswerable("The index in Meilisearch has no prefixes, nor single characters of unspaced scripts.")
    if len(needle.terms) > MAX_ADJACENT:
        raise unanswerable(f"Meilisearch cannot match more than {MAX_ADJACENT} adjacent words.")
    words = [encode(term) for term in needle.terms]
    if fuzzy and isinstance(leaf, Word) and all(map(is_plain, words)):
        return " ".join(words)
    return f'"{" ".join(words)}"'
