"""Which engine answers: Meilisearch what it answers as the embedded engine does, the embedded engine all else.

The embedded engine also answers when Meilisearch does not: at once, with the same cursor, so that pages go on where
they were, and for the rest of the questions too.
"""

from __future__ import annotations

from collections.abc import Callable

from search.engine import Answer, Engine, Question
from search.errors import IndexStale, SearchError, ServerError
from search.meili.compile import by_rank, can_answer


def left_to_exact(question: Question) -> str | None:
    """Why a question is left to the embedded engine; None: Meilisearch answers alike."""
    if by_rank(question):
        return "Meilisearch has an order by relevance of its own."
    return can_answer(question)


class AutoEngine:
    """Answers by one engine or the other; `Answer.engine` and `name` say which."""

    def __init__(self, meilisearch: Engine, exact: Engine, tell: Callable[[SearchError], None]) -> None:
        self._meilisearch = meilisearch
        self._exact = exact
        self._tell = tell
        self._failed = False
        self.name = exact.name
        """Of the engine that answered last."""

    async def search(self, question: Question) -> Answer:
        """One page of hits."""
        if self._is_for_meilisearch(question):
            try:
                return await self._meilisearch.search(question)
            except (ServerError, IndexStale) as error:
                self._fall_back(error)
        return await self._exact.search(question)

    async def count(self, question: Question) -> int:
        """The number of hits, exactly."""
        if self._is_for_meilisearch(question):
            try:
                return await self._meilisearch.count(question)
            except (ServerError, IndexStale) as error:
                self._fall_back(error)
        return await self._exact.count(question)

    def _is_for_meilisearch(self, question: Question) -> bool:
        found = not self._failed and left_to_exact(question) is None
        self.name = (self._meilisearch if found else self._exact).name
        return found

    def _fall_back(self, error: SearchError) -> None:
        self._failed = True
        self.name = self._exact.name
        self._tell(error)
