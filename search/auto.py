"""Meilisearch with the embedded engine behind it.

`left_to_exact` says which questions Meilisearch does not answer as the embedded engine does. When Meilisearch does not
answer at all, the embedded engine does: at once, with the same cursor, so that pages go on where they were, and for
the rest of the questions too. It forgives no typing errors: it answers without.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, tzinfo

from search.engine.facets import Counts, FacetName
from search.engine.protocol import Answer, Engine, Question
from search.errors import IndexStale, SearchError, ServerError
from search.meili.compile import by_rank, can_answer


def left_to_exact(question: Question) -> str | None:
    """Why a question is left to the embedded engine; None: Meilisearch answers alike."""
    if by_rank(question):
        return "Meilisearch has an order by relevance of its own."
    return can_answer(question)


class AutoEngine:
    """Asks Meilisearch, and the embedded engine when that does not answer; `Answer.engine` and `name` say which."""

    def __init__(self, meilisearch: Engine, exact: Engine, tell: Callable[[SearchError], None]) -> None:
        self._meilisearch = meilisearch
        self._exact = exact
        self._tell = tell
        self.name = meilisearch.name
        """Of the engine that answers."""

    async def search(self, question: Question) -> Answer:
        """One page of hits. Raises Unanswerable for what neither answers."""
        if self.name != self._exact.name:
            try:
                return await self._meilisearch.search(question)
            except (ServerError, IndexStale) as error:
                if question.cursor is not None and by_rank(question):
                    raise  # the other order would repeat hits, and leave others out
                self._fall_back(error)
        return await self._exact.search(_strict(question))

    async def count(self, question: Question) -> int:
        """The number of hits, exactly. Raises Unanswerable for what neither answers."""
        if self.name != self._exact.name:
            try:
                return await self._meilisearch.count(question)
            except (ServerError, IndexStale) as error:
                self._fall_back(error)
        return await self._exact.count(_strict(question))

    async def facets(self, question: Question, names: Sequence[FacetName], zone: tzinfo = UTC) -> Counts:
        """The hits counted by each of these facets. Raises Unanswerable for what neither answers."""
        if self.name != self._exact.name:
            try:
                return await self._meilisearch.facets(question, names, zone)
            except (ServerError, IndexStale) as error:
                self._fall_back(error)
        return await self._exact.facets(_strict(question), names, zone)

    def _fall_back(self, error: SearchError) -> None:
        self.name = self._exact.name
        self._tell(error)


def _strict(question: Question) -> Question:
    return replace(question, fuzzy=False)
