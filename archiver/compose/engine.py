"""Which engine a search asks, and what is said of it: its name, whether its counts are exact, how far it lags."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Literal, TypeAlias

from archiver.compose.query import open_engine
from archiver.errors import UsageError
from archiver.store.database import Connection
from archiver.store.home import find_serving, list_hidden
from archiver.store.indexing import count_lag
from config.settings import MeilisearchSettings
from search.engine.facets import FacetName
from search.engine.protocol import Engine, Question
from search.errors import SearchError
from search.exact.writer import ExactEngine
from search.meili.routing import node_name

Choice = Literal["auto", "exact", "meilisearch"]
Counting: TypeAlias = tuple[Sequence[FacetName], tzinfo]

SECONDS = 15.0
"""How long Meilisearch may take for an answer before the embedded engine gives it."""


@dataclass(slots=True)
class Finder:
    """The engine that is asked, and what is known of its answers."""

    engine: Engine
    lag: int
    """Messages that the index does not know yet."""
    fuzzy: bool = False
    dropped: int = 0
    """Hits of the index that the archive does not have."""
    left: str | None = None
    """Why `auto` asked the embedded engine although there is an index."""
    away: SearchError | None = None
    """Why the embedded engine answered in place of Meilisearch."""

    def describe(self) -> str:
        """Who answered, and how exactly."""
        name = self.engine.name
        if name == ExactEngine.name:
            return f"engine={name} exact=yes{self._say_why()}"
        exact = "no" if self.fuzzy or self.lag or self.dropped else "yes"
        dropped = f" dropped={self.dropped}" if self.dropped else ""
        return f"engine={name} exact={exact} lag={self.lag}{dropped}"

    def note_away(self, error: SearchError) -> None:
        """Meilisearch did not answer; it is said once, with the answer."""
        self.away = error

    def _say_why(self) -> str:
        if self.away is not None:
            strict = ", and forgives no typing errors" if self.fuzzy else ""
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
    """The engine for this question, the embedded one behind it. Raises UsageError, NotSearchable.

    `counting`: the facets by which hits are to be counted, and the zone of their days.
    """
    exact = await open_engine(conn)
    names = [node_name(url) for url in settings.addresses]
    if not names and (choice == "meilisearch" or question.fuzzy):
        what = "--fuzzy" if question.fuzzy else "--engine meilisearch"
        raise UsageError(
            f"{what} needs Meilisearch, and none is set up.", hint="Set [meilisearch] url, or leave the option out."
        )
    if choice == "exact" and question.fuzzy:
        raise UsageError("--fuzzy is Meilisearch's alone.", hint="Leave --engine exact out.")
    lag = await count_lag(conn, names, settings.index) if names else 0
    left = _why_left(question, lag, counting) if names and choice == "auto" else None
    if not names or choice == "exact" or left is not None:
        yield Finder(exact, lag, left=left)
        return
    from search.auto import AutoEngine

    serving = await find_serving(conn, question.channels) if question.channels else None
    asked = [url for url in settings.addresses if serving is None or node_name(url) in serving]
    hidden = {name: await list_hidden(conn, name) for name in names}
    async with _meilisearch(asked or settings.addresses, settings, hidden) as engine:
        finder = Finder(exact, lag, question.fuzzy)
        finder.engine = AutoEngine(engine, exact, finder.note_away)
        yield finder


def _why_left(question: Question, lag: int, counting: Counting) -> str | None:
    """Why `auto` asks the embedded engine: it knows everything, the index only what has come to it."""
    from search.auto import left_to_exact
    from search.meili.compile import cannot_count

    if question.fuzzy:
        return None
    if lag > 0:
        return f"the index lacks {lag:,} message{'' if lag == 1 else 's'} yet"
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
