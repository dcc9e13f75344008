"""Meilisearch with the embedded engine as its fallback.

When Meilisearch does not answer, the embedded engine does: immediately, with the same cursor, so that paging continues,
and for all later questions. It does not tolerate typos, so it drops `fuzzy`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, tzinfo

from search.engine.facets import Counts, FacetName
from search.engine.protocol import Answer, Engine, Question, without_typos
from search.errors import IndexStale, SearchError, ServerError
from search.meili.compile import by_rank


class FallbackEngine:
    """Meilisearch, or the embedded engine once Meilisearch has failed; `Answer.engine` and `name` say which."""

    def __init__(self, meilisearch: Engine, exact: Engine, report: Callable[[SearchError], None]) -> None:
        self._meilisearch = meilisearch
        self._exact = exact
        self._report = report
        self.name = meilisearch.name
        """Name of the engine in use."""

    async def search(self, question: Question) -> Answer:
        """Return one page of hits. Raises Unanswerable if neither engine can answer."""
        if self.name != self._exact.name:
            try:
                return await self._meilisearch.search(question)
            except (ServerError, IndexStale) as error:
                if question.cursor is not None and by_rank(question):
                    raise  # the embedded engine ranks differently: hits would be repeated or skipped
                self.give_up(error)
        return await self._exact.search(without_typos(question))

    async def count(self, question: Question) -> int:
        """Count the hits exactly. Raises Unanswerable if neither engine can answer."""
        if self.name != self._exact.name:
            try:
                return await self._meilisearch.count(question)
            except (ServerError, IndexStale) as error:
                self.give_up(error)
        return await self._exact.count(without_typos(question))

    async def facets(self, question: Question, names: Sequence[FacetName], zone: tzinfo = UTC) -> Counts:
        """Count the hits by each of these facets. Raises Unanswerable if neither engine can answer."""
        if self.name != self._exact.name:
            try:
                return await self._meilisearch.facets(question, names, zone)
            except (ServerError, IndexStale) as error:
                self.give_up(error)
        return await self._exact.facets(without_typos(question), names, zone)

    def give_up(self, error: SearchError) -> None:
        """Let the embedded engine answer from now on."""
        self.name = self._exact.name
        self._report(error)


class UnaskedEngine:
    """Used in place of a Meilisearch that must not be asked now: every question raises the reason."""

    name = "meilisearch"

    def __init__(self, why: ServerError) -> None:
        self._why = why

    async def search(self, question: Question) -> Answer:
        """Raise the reason."""
        raise self._why

    async def count(self, question: Question) -> int:
        """Raise the reason."""
        raise self._why

    async def facets(self, question: Question, names: Sequence[FacetName], zone: tzinfo = UTC) -> Counts:
        """Raise the reason."""
        raise self._why
