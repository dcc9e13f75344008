"""The protocol of search engines, with their requests and results.

Terminology: a *question* is a parsed query with its bounds, order and page; a *hit* identifies one matching message; an
*answer* is one page of hits. A message is a hit if and only if its document matches the question's tree, is within its
bounds and belongs to its channels. Hits carry no text: rows are read from the archive, and `highlight` finds the
matches in them.

Contract of every engine, held by `tests/contract/test_engine.py` and `test_reference.py` (words are found by each in
its own way: in all their forms by the embedded engine, as they are written by Meilisearch):
- One hit per message, for its present content. Earlier contents are searched only with `in:revisions`; the message is
  then a hit if any of its contents matches the tree, and the hit has the number of that revision. States (missing,
  pinned) are those of the message, all else is that of the content.
- newest: by (date, channel_id, message_id) descending; oldest: the same ascending; relevance: best first, newer first
  among equals. The order is total, so pages neither overlap nor have gaps.
- `Answer.cursor` continues an answer: the same question with that cursor gives the next page. None: no more hits.
- `facets` counts all hits exactly, by each of the requested facets (`search/engine/facets.py`).
- `count` is the number of hits on all pages. `Answer.total` is None unless the engine knows it at no extra cost.
- A question that an engine cannot answer correctly raises `Unanswerable`; no part of a question is silently ignored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from typing import Literal, Protocol, TypeAlias

from search.document import Key
from search.engine.facets import Counts, FacetName
from search.engine.page import Position
from search.query.dates import Bounds
from search.query.parse import EVERYTHING, Node

Sort: TypeAlias = Literal["newest", "oldest", "relevance"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request for one page of hits."""

    tree: Node = EVERYTHING
    bounds: Bounds = field(default_factory=Bounds)
    """Bounds given outside the query (`--since`, `--until`); dates within the query are in the tree."""
    channels: frozenset[int] | None = None
    """Bare ids; None searches all channels."""
    sort: Sort = "newest"
    limit: int = 20
    cursor: str | None = None
    fuzzy: bool = False
    """Whether to tolerate typos in words; engines that cannot do so raise `Unanswerable`."""


def without_typos(question: Question) -> Question:
    """The same question, tolerating no typos."""
    return replace(question, fuzzy=False)


@dataclass(frozen=True, slots=True)
class Hit:
    """One matching message."""

    channel_id: int
    message_id: int
    date: int
    """Unix seconds."""
    score: float | None = None
    """Higher is better; comparable only within one answer; None unless sorted by relevance."""
    matched: tuple[str, ...] = ()
    """Matched terms that differ from those of the question (`fuzzy`)."""
    revision: int | None = None
    """Number of the newest matching revision, if the present content does not match."""

    @property
    def key(self) -> Key:
        """The message."""
        return (self.channel_id, self.message_id)

    @property
    def position(self) -> Position:
        """Sort key by date."""
        return Position(self.date, self.channel_id, self.message_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One page of hits."""

    hits: Sequence[Hit]
    total: int | None = None
    exact: bool = True
    """Whether `total` is exact."""
    engine: str
    cursor: str | None = None


class Engine(Protocol):
    """A search engine; the contract is in the docstring of this module."""

    @property
    def name(self) -> str:
        """`exact` or `meilisearch`, as shown with every answer."""
        ...

    async def search(self, question: Question) -> Answer:
        """Return one page of hits."""
        ...

    async def count(self, question: Question) -> int:
        """Count the hits of all pages exactly."""
        ...

    async def facets(self, question: Question, names: Sequence[FacetName], zone: tzinfo = UTC) -> Counts:
        """Count the hits by each of these facets, sorted by `facets.order`; days and months of the zone."""
        ...
