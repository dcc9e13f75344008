"""Choose the engine for a search, and describe it: its name, whether results are exact, its lag."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Literal, TypeAlias

from archiver.compose.query import open_engine
from archiver.errors import UsageError
from archiver.ids import ChannelId
from archiver.store.database import Connection, read
from archiver.store.home import find_serving, list_hidden
from archiver.store.indexing import count_lag
from search.engine.facets import FacetName
from search.engine.protocol import Engine, Question
from search.errors import SearchError
from search.exact.writer import ExactEngine
from search.meili.routing import node_name

if TYPE_CHECKING:
    from config.settings import MeilisearchSettings


Choice = Literal["auto", "exact", "meilisearch"]
Counting: TypeAlias = tuple[Sequence[FacetName], tzinfo]

SECONDS = 15.0
"""Timeout for an answer from Meilisearch; after it the embedded engine answers."""


@dataclass(slots=True)
class Finder:
    """The engine in use, and notes about its answers."""

    engine: Engine
    lag: int
    """Messages not yet in the index."""
    fuzzy: bool = False
    dropped: int = 0
    """Hits of the index that are not in the archive."""
    left: str | None = None
    """Why `auto` chose the embedded engine although there is an index."""
    away: SearchError | None = None
    """Why Meilisearch did not answer, so that the embedded engine did."""

    def describe(self) -> str:
        """Which engine answered, and how exactly."""
        name = self.engine.name
        if name == ExactEngine.name:
            return f"engine={name} exact=yes{self._say_why()}"
        exact = "no" if self.fuzzy or self.lag or self.dropped else "yes"
        dropped = f" dropped={self.dropped}" if self.dropped else ""
        return f"engine={name} exact={exact} lag={self.lag}{dropped}"

    def explain(self) -> str:
        """The same in plain words; empty if there is nothing to know, as without Meilisearch."""
        if self.engine.name == ExactEngine.name:
            return self._say_why().removeprefix(" (").removesuffix(")")
        said = ["answered by Meilisearch"]
        said += ["tolerating typos, so the number of hits is not exact"] if self.fuzzy else []
        said += [f"whose index still lacks {self.lag:,} message{'' if self.lag == 1 else 's'}"] if self.lag else []
        said += [f"{self.dropped:,} of its hits left out: they are not in the archive"] if self.dropped else []
        return ", ".join(said)

    def note_away(self, error: SearchError) -> None:
        """Record that Meilisearch did not answer, to report it once with the results."""
        self.away = error

    def _say_why(self) -> str:
        if self.away is not None:
            strict = ", without tolerating typos" if self.fuzzy else ""
            return f" ({str(self.away).rstrip('.')}; the embedded engine answers instead{strict})"
        return f" (not asked of Meilisearch: {self.left.rstrip('.')})" if self.left else ""


@asynccontextmanager
async def open_finder(
    conn: Connection,
    settings: MeilisearchSettings,
    choice: Choice,
    question: Question,
    *,
    counting: Counting = ((), UTC),
) -> AsyncIterator[Finder]:
    """Open the engine for this question, with the embedded one as fallback. Raises UsageError, NotSearchable.

    `counting`: the facets to count hits by, and the time zone of their days.
    """
    exact = await open_engine(conn)
    names = [node_name(url) for url in settings.addresses]
    if not names and (choice == "meilisearch" or question.fuzzy):
        what = "--fuzzy" if question.fuzzy else "--engine meilisearch"
        raise UsageError(
            f"{what} needs Meilisearch, which is not configured.", hint="Set [meilisearch] url, or omit the option."
        )
    if choice == "exact" and question.fuzzy:
        raise UsageError("--fuzzy needs Meilisearch.", hint="Omit --engine exact.")
    lag = await read(conn, count_lag, names, settings.index) if names else 0
    left = _why_left(question, lag, counting) if names and choice == "auto" else None
    if not names or choice == "exact" or left is not None:
        yield Finder(exact, lag, left=left)
        return
    from search.auto import AutoEngine

    serving = await read(conn, find_serving, map(ChannelId, question.channels)) if question.channels else None
    asked = [url for url in settings.addresses if serving is None or node_name(url) in serving]
    hidden = {name: await read(conn, list_hidden, name) for name in names}
    async with _meilisearch(asked or settings.addresses, settings, hidden) as engine:
        finder = Finder(exact, lag, question.fuzzy)
        finder.engine = AutoEngine(engine, exact, finder.note_away)
        yield finder


def _why_left(question: Question, lag: int, counting: Counting) -> str | None:
    """Why `auto` chooses the embedded engine; None if Meilisearch can answer equally well."""
    from search.auto import left_to_exact
    from search.meili.compile import cannot_count

    if question.fuzzy:
        return None
    if lag > 0:
        return f"the index still lacks {lag:,} message{'' if lag == 1 else 's'}"
    return cannot_count(*counting) or left_to_exact(question)


@asynccontextmanager
async def _meilisearch(
    addresses: Sequence[str], settings: MeilisearchSettings, hidden: Mapping[str, Sequence[int]]
) -> AsyncIterator[Engine]:
    from archiver.compose.index import closing
    from search.meili.engine import MeiliEngine
    from search.meili.node import Node

    key = settings.search_key or settings.api_key
    secret = key.get_secret_value() if key else None
    opened = [Node(url, secret, index=settings.index, seconds=SECONDS) for url in addresses]
    async with closing(opened) as nodes:
        yield MeiliEngine(*nodes, hidden=hidden)
