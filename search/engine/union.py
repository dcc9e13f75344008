"""Two engines as one: all hits of an exact one, and what only one that tolerates typing errors finds.

So a search that tolerates typos finds at least what the same search without that does: all forms and spellings of the
words, in all messages, even if the other engine lacks some. By relevance, the words as typed come first, then their
forms, then guesses.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, tzinfo
from operator import attrgetter
from typing import Final, TypeAlias

from search.document import Key
from search.engine.facets import Count, Counts, FacetName, order
from search.engine.page import format_position, format_rank, parse_rank
from search.engine.protocol import Answer, Engine, Hit, Question, without_typos
from search.query.tree import And, Node, Or, Phrase, Word, text_leaves

MOST: Final = 1000
"""Hits of each engine that are compared to count those of both."""


Respell: TypeAlias = Callable[[Node], Awaitable[tuple[Node, tuple[str, ...]]]]
"""Returns the tree extended by what misspelt words may have meant, and those words."""


class UnionEngine:
    """Asks both engines; named after the one that tolerates typing errors, whose answers are not exact."""

    def __init__(self, exact: Engine, tolerant: Engine, respell: Respell | None = None) -> None:
        """`respell`: adds to misspelt words what they may have meant, for the exact engine."""
        self._exact = exact
        self._tolerant = tolerant
        self._respell = respell
        self._respelled: dict[Node, tuple[Node, tuple[str, ...]]] = {}
        self.name = tolerant.name

    async def search(self, question: Question) -> Answer:
        """Return one page of the hits of both. Raises what either engine does."""
        if question.sort == "relevance" and next(text_leaves(question.tree), None) is not None:
            return await self._ranked(question)
        strict = await self._meant(question)
        guesses, exact = await asyncio.gather(self._tolerant.search(question), self._search_meant(strict))
        hits = sorted(_join(exact.hits, guesses.hits), key=attrgetter("position"), reverse=question.sort != "oldest")
        page = hits[: question.limit]
        more = len(hits) > len(page) or guesses.cursor is not None or exact.cursor is not None
        return Answer(hits=page, engine=self.name, cursor=format_position(page[-1].position) if more and page else None)

    async def _ranked(self, question: Question) -> Answer:
        """Return a page by rank: it is known only after all pages before it."""
        before = 0 if question.cursor is None else parse_rank(question.cursor)
        end = before + question.limit
        first = replace(question, cursor=None, limit=end)
        strict = without_typos(first)
        respelled = await self._meant(first)
        guesses, exact, literal, meant = await asyncio.gather(
            self._tolerant.search(first),
            self._exact.search(strict),
            self._exact.search(replace(strict, tree=_literal(strict.tree))),
            self._search_meant(respelled),
        )
        hits = _join(literal.hits, exact.hits, meant.hits, guesses.hits)
        more = len(hits) > end or any(one.cursor is not None for one in (guesses, exact, literal, meant))
        page = hits[before:end]
        return Answer(hits=page, engine=self.name, cursor=format_rank(end) if more and page else None)

    async def count(self, question: Question) -> int:
        """Count the hits of both; with more than MOST of either, a lower bound."""
        strict, others = await self._meant(question)
        counts = await asyncio.gather(self._tolerant.count(question), self._exact.count(strict))
        if max(counts) > MOST or not min(counts):
            return max(counts)
        all_hits = replace(question, cursor=None, limit=MOST, sort="newest")
        meant = replace(strict, cursor=None, limit=MOST, sort="newest"), others
        guesses, exact = await asyncio.gather(self._tolerant.search(all_hits), self._search_meant(meant))
        return len(_join(exact.hits, guesses.hits))

    async def facets(self, question: Question, names: Sequence[FacetName], zone: tzinfo = UTC) -> Counts:
        """Count the hits of both by facets, each count a lower bound. Raises what either engine does."""
        strict, _ = await self._meant(question)
        one, other = await asyncio.gather(
            self._tolerant.facets(question, names, zone), self._exact.facets(strict, names, zone)
        )
        return {name: _most(name, one[name], other[name]) for name in names}

    async def _search_meant(self, meant: tuple[Question, tuple[str, ...]]) -> Answer:
        """The exact engine's hits for the words as typed and as they may have been meant; these count as matches."""
        strict, others = meant
        answer = await self._exact.search(strict)
        return replace(answer, hits=[replace(hit, matched=others) for hit in answer.hits]) if others else answer

    async def _meant(self, question: Question) -> tuple[Question, tuple[str, ...]]:
        if self._respell is None:
            return without_typos(question), ()
        if question.tree not in self._respelled:
            self._respelled[question.tree] = await self._respell(question.tree)
        tree, others = self._respelled[question.tree]
        return replace(without_typos(question), tree=tree), others


def _join(*answers: Sequence[Hit]) -> list[Hit]:
    """Join hits in their order, each once."""
    found: dict[Key, Hit] = {}
    for hits in answers:
        for hit in hits:
            found.setdefault(hit.key, hit)
    return list(found.values())


def _literal(tree: Node) -> Node:
    """Ask for the words as they were typed, not for their forms."""
    match tree:
        case Word(text):
            return Phrase(text)
        case And(parts):
            return And(tuple(map(_literal, parts)))
        case Or(parts):
            return Or(tuple(map(_literal, parts)))
        case _:
            return tree


def _most(name: FacetName, one: Sequence[Count], other: Sequence[Count]) -> list[Count]:
    found: dict[str, Count] = {}
    for count in (*one, *other):
        if count.value not in found or count.count > found[count.value].count:
            found[count.value] = count
    return order(name, found.values())
