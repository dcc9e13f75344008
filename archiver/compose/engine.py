"""Choose the engine for a search, and describe it: its name, whether results are exact, its lag."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from archiver.compose.engine_choice import Choice
from archiver.compose.hung_servers import find_hung, forget_hung, note_hung
from archiver.compose.query import open_engine
from archiver.errors import UsageError
from archiver.ids import ChannelId
from archiver.store.database import Connection, read
from archiver.store.index.index_due import count_held, count_lag
from archiver.store.index.index_home import find_serving, list_hidden
from search.engine.protocol import Engine, Question, without_typos
from search.errors import IndexStale, SearchError, ServerError, ServerUnreachable
from search.exact.reader import ExactEngine
from search.meili.routing import node_name

if TYPE_CHECKING:
    from config.settings import MeilisearchSettings
    from search.meili.node import Node

SECONDS = 3.0
"""Timeout for an answer from Meilisearch, after which the embedded engine answers; a hanging one is given up sooner."""

MOST_CHANNELS = 10_000
"""Channels that a server counts one by one (`search.meili.settings`)."""


@dataclass(slots=True)
class SelectedEngine:
    """The engine in use, and notes about its answers."""

    engine: Engine
    lag: int = 0
    """Messages that wait to be sent to the index."""
    lacking: int = 0
    """Further messages that the index does not have, although nothing waits: it was emptied, say."""
    fuzzy: bool = False
    dropped: int = 0
    """Hits of the index that are not in the archive."""
    away: SearchError | None = None
    """Why Meilisearch did not answer, so that the embedded engine did."""
    exact: Engine | None = None
    """The embedded engine, where Meilisearch was asked."""

    async def count_missed(self, question: Question) -> int:
        """Count the hits of the embedded engine for a question for which Meilisearch has none."""
        if self.exact is None or self.engine.name == ExactEngine.name:
            return 0
        return await self.exact.count(without_typos(question))

    @property
    def behind(self) -> int:
        """Number of messages that the engine which answered does not have."""
        return 0 if self.engine.name == ExactEngine.name else self.lag + self.lacking

    def describe(self) -> str:
        """Which engine answered, and how exactly."""
        name = self.engine.name
        if name == ExactEngine.name:
            return f"engine={name} exact=yes{self._say_why()}"
        lacking = f" lacking={self.lacking}" if self.lacking else ""
        dropped = f" dropped={self.dropped}" if self.dropped else ""
        return f"engine={name} exact=no lag={self.lag}{lacking}{dropped}"

    def explain(self) -> str:
        """The same in plain words; empty if there is nothing to add, as without Meilisearch."""
        return ", ".join(self.list_said())

    def list_said(self) -> list[str]:
        """The parts of what `explain` says."""
        if self.engine.name == ExactEngine.name:
            return [self._say_why().removeprefix(" (").removesuffix(")")] if self.away is not None else []
        said = ["answered by Meilisearch"]
        said += ["tolerating typos, so the number of hits is not exact"] if self.fuzzy else []
        said += [f"whose index still lacks {self.lag:,} message{'' if self.lag == 1 else 's'}"] if self.lag else []
        if self.lacking:
            said.append(f"whose index lacks {self.lacking:,} messages (`telekeep index verify` sends them again)")
        said += [f"{self.dropped:,} of its hits left out: they are not in the archive"] if self.dropped else []
        return said

    def note_away(self, error: SearchError) -> None:
        """Record that Meilisearch did not answer, to report it once with the results."""
        self.away = error
        _note(error)

    def _say_why(self) -> str:
        if self.away is not None:
            strict = ", without tolerating typos" if self.fuzzy else ""
            return f" ({str(self.away).rstrip('.')}; the embedded engine answers instead{strict})"
        return ""


@asynccontextmanager
async def select_engine(
    conn: Connection, settings: MeilisearchSettings, choice: Choice, question: Question
) -> AsyncIterator[SelectedEngine]:
    """Open the engine for this question. Raises UsageError, NotSearchable.

    `auto` is the embedded engine: exact, never behind, and quicker. Meilisearch answers where it is asked for; the
    embedded engine replaces it when it fails.
    """
    exact = await open_engine(conn)
    wanted = choice == "meilisearch" or question.fuzzy
    if wanted and not settings.addresses:
        what = "--fuzzy" if question.fuzzy else "--engine meilisearch"
        raise UsageError(
            f"{what} needs Meilisearch, which is not configured.", hint="Set [meilisearch] url, or omit the option."
        )
    if choice == "exact" and question.fuzzy:
        raise UsageError("--fuzzy needs Meilisearch.", hint="Omit --engine exact.")
    if not wanted:
        yield SelectedEngine(exact)
        return
    async with _open_meilisearch(conn, settings, question, exact) as selected:
        yield selected


@asynccontextmanager
async def _open_meilisearch(
    conn: Connection, settings: MeilisearchSettings, question: Question, exact: Engine
) -> AsyncIterator[SelectedEngine]:
    from search.auto import FallbackEngine, UnaskedEngine
    from search.engine.union import UnionEngine
    from search.exact.respell import respell
    from search.meili.engine import MeiliEngine

    names = [node_name(url) for url in settings.addresses]
    lag = await read(conn, count_lag, names, settings.index)
    serving = await read(conn, find_serving, map(ChannelId, question.channels)) if question.channels else None
    asked = [url for url in settings.addresses if serving is None or node_name(url) in serving]
    hidden = {name: await read(conn, list_hidden, name) for name in names}
    asked = asked or list(settings.addresses)
    if hung := find_hung(map(node_name, asked)):
        unasked = UnaskedEngine(_hung_lately(*hung))
        selected = SelectedEngine(unasked, lag, fuzzy=question.fuzzy)
        selected.engine = FallbackEngine(unasked, exact, selected.note_away)
        yield selected
        return
    async with _open_nodes(asked, settings) as nodes:
        engine = MeiliEngine(*nodes, hidden=hidden)
        selected = SelectedEngine(engine, lag, fuzzy=question.fuzzy, exact=exact)
        selected.engine = fallback = FallbackEngine(engine, exact, selected.note_away)
        try:
            selected.lacking = max(await _count_lacking(conn, engine, question) - lag, 0)
        except (ServerError, IndexStale) as error:
            fallback.give_up(error)
        if selected.away is None:
            forget_hung(node.name for node in nodes)
            if question.fuzzy:
                union = UnionEngine(exact, engine, partial(respell, conn, exact))
                selected.engine = FallbackEngine(union, exact, selected.note_away)
        try:
            yield selected
        except ServerUnreachable as error:
            _note(error)
            raise


def _note(error: SearchError) -> None:
    """Note a server that hung, for a minute; not one for which a question only took long."""
    if isinstance(error, ServerUnreachable) and error.hung:
        note_hung(error.hung)


def _hung_lately(name: str, seconds: int) -> ServerUnreachable:
    return ServerUnreachable(f"Meilisearch at {name} did not answer {seconds} s ago: it is asked again after a minute.")


async def _count_lacking(conn: Connection, engine: Engine, question: Question) -> int:
    """Count the messages of the searched channels that the index does not have: its own word is not enough.

    Channel by channel, as far as the server counts: what is too much of one does not make up for what another lacks.
    """
    held = await read(conn, count_held)
    searched = {one: count for one, count in held.items() if question.channels is None or one in question.channels}
    if not searched:
        return 0
    if len(searched) > MOST_CHANNELS:
        return sum(searched.values()) - await engine.count(Question(channels=frozenset(searched)))
    counts = (await engine.facets(Question(channels=frozenset(searched)), ["channel"]))["channel"]
    indexed = {count.value: count.count for count in counts}
    return sum(max(count - indexed.get(str(one), 0), 0) for one, count in searched.items())


@asynccontextmanager
async def _open_nodes(addresses: Sequence[str], settings: MeilisearchSettings) -> AsyncIterator[Sequence[Node]]:
    from archiver.compose.index import closing
    from search.meili.watched import WatchedNode

    key = settings.search_key or settings.api_key
    secret = key.get_secret_value() if key else None
    opened = [WatchedNode(url, secret, index=settings.index, seconds=SECONDS) for url in addresses]
    opened[0].beside = opened[1:]
    async with closing(opened) as nodes:
        yield nodes
