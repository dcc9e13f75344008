"""Compile a question to a Meilisearch request: `q`, filter and sort order. Pure.

Words are sent folded and phrases as they were typed, each in quotes: exactly that word then, without typing errors,
splitting or prefixes, and regardless of word order. With `fuzzy` words are sent without quotes, which forgives typing
errors; so are beginnings of words (clos*), of which `q` can have one, at its end. Excluded words come first, since
Meilisearch ignores everything after the tenth word.

Words are found as they are written: inflected forms and other spellings are for the embedded engine. Questions that
Meilisearch cannot express raise `Unanswerable` with the reason: OR between words, the exclusion of a group of words,
more than ten words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, Final

from search.engine.facets import FacetName, is_utc
from search.engine.page import parse_position, parse_rank
from search.engine.protocol import Question
from search.errors import Unanswerable
from search.meili.filters import ALL, compile_filter, is_after, join, one_of, unanswerable, within
from search.meili.folding import folded_text
from search.meili.settings import MAX_HITS, ORDER, READABLE, SEARCHED
from search.query.tree import And, Grouped, Node, Not, Or, Phrase, Prefix, Text, Word, text_leaves
from search.words.forms import bare_word

MAX_WORDS: Final = 10
MAX_LENGTH: Final = 1000
"""Characters; Meilisearch reads only the first 1,000 words, quotes and spaces of `q`."""
HIGHLIGHT_TAGS: Final = ("\ue000", "\ue001")
"""Tags around a match; folding removes these characters from texts."""
COUNT_FIELD: Final = "month"
"""A field with one value in every document: the sum of its facet is the exact number of hits."""

FACETS: Final[Mapping[FacetName, str]] = {
    "channel": "channel_id", "day": "day", "month": "day", "lang": "lang",
}  # fmt: skip
"""Facets that the index can count, with their fields: bare channel id, UTC day since 1970, language."""

_ONE_SCRIPT: Final = re.compile(
    "[a-z]+|[\u0370-\u03ff]+|[\u0400-\u052f]+|[\u05d0-\u05ea]+|[\u0620-\u06ff]+|[\u10a0-\u10ff]+"
)
"""A word that Meilisearch does not cut, so that it stays one without quotes."""


@dataclass(slots=True)
class QueryParts:
    """A tree split into required words, excluded words and filters, all combined by AND."""

    words: list[str] = field(default_factory=list)
    beginning: str = ""
    """Beginning of a word, the last of `q`."""
    excluded: list[str] = field(default_factory=list)
    filters: list[str] = field(default_factory=list)

    @property
    def q(self) -> str:
        """The words as Meilisearch reads them; a space at the end marks the last word as complete."""
        return " ".join([*self.excluded, *dict.fromkeys(self.words), self.beginning]).lstrip()


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
    """Build the body of a search for one page plus one hit.

    Raises Unanswerable, or SearchError for a cursor of another query.
    """
    body = _query_body(split_question(question))
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
    for node in _flat(question.tree):
        _add_part(node, parts, fuzzy=question.fuzzy)
    if len(dict.fromkeys(parts.words)) + bool(parts.beginning) > MAX_WORDS:
        raise unanswerable(f"Meilisearch reads only the first {MAX_WORDS} words of a query.")
    if len(parts.q) > MAX_LENGTH:
        raise unanswerable("Meilisearch does not read a query of this length to its end.")
    if question.channels is not None:
        parts.filters.append(one_of("channel_id", [str(one) for one in sorted(question.channels)]))
    if (bounds := within(question.bounds)) != ALL:
        parts.filters.append(bounds)
    return parts


def _add_part(node: Node, parts: QueryParts, *, fuzzy: bool) -> None:
    match node:
        case Prefix():
            if not fuzzy:
                raise unanswerable("Meilisearch finds beginnings of words only with typing errors: add --fuzzy.")
            if parts.beginning:
                raise unanswerable("Meilisearch finds the beginning of one word only.")
            parts.beginning = _folded(node)
        case Word() if fuzzy and _ONE_SCRIPT.fullmatch(word := _folded(node)):
            parts.words.append(word)
        case Word() | Phrase() | Grouped():
            parts.words.append(f'"{_folded(node)}"')
        case Not(Word() | Phrase() | Grouped() as leaf):
            parts.excluded.append(f'-"{_folded(leaf)}"')
        case Not(Prefix()):
            raise unanswerable("Meilisearch cannot exclude the beginnings of words.")
        case _ if not _has_words(node):
            parts.filters.append(compile_filter(node))
        case Not():
            raise unanswerable("Meilisearch cannot exclude a group of words.")
        case _:
            raise unanswerable("Meilisearch cannot combine words by OR.")


def _folded(leaf: Text) -> str:
    text = leaf.number if isinstance(leaf, Grouped) else leaf.text
    found = folded_text(bare_word(text) if isinstance(leaf, Word) else text)
    if not any(map(str.isalnum, found)):
        # It would be left out of the question without a word.
        raise unanswerable("Meilisearch does not find symbols.")
    return _as_typed(text) if isinstance(leaf, Phrase) and " " in found else found


def _as_typed(phrase: str) -> str:
    """Words in their order are found in the texts themselves: folded words need not be next to each other."""
    return " ".join(phrase.encode("utf-8", "replace").decode().replace('"', " ").split())


def federated(body: Mapping[str, Any], index: str) -> dict[str, Any]:
    """Build the query of a federated search."""
    return {"indexUid": index, **{name: value for name, value in body.items() if name not in {"limit", "facets"}}}


def _query_body(parts: QueryParts) -> dict[str, Any]:
    return {
        "q": parts.q,
        "filter": join("AND", parts.filters, empty=ALL),
        "matchingStrategy": "all",
        "attributesToSearchOn": list(SEARCHED),
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
        case Word() | Phrase() | Prefix() | Grouped():
            return True
        case And(parts) | Or(parts):
            return any(map(_has_words, parts))
        case Not(part):
            return _has_words(part)
        case _:
            return False
