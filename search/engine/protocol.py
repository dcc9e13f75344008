"""The protocol of an engine, and what is asked of it and answered by it.

Terminology: a *question* is a parsed query with its bounds, order and page; a *hit* names one message that answers
it; an *answer* is one page of hits. A message is in an answer if and only if its document satisfies the question's
tree, lies within its bounds and belongs to its channels. Hits carry no text: the archive reads the rows and
`highlight` finds the matches in them.

Contract of every engine, held by `tests/contract/test_engine.py` and `test_reference.py`:
- One hit a message, for its present content. An earlier content is answered only to a question that asks in
  revisions (`in:revisions`), and then with its number: the message is a hit if any of its contents satisfies the tree.
  States (missing, pinned) are those of the message, everything else is that of the content.
- newest: by (date, channel_id, message_id) descending; oldest: the same ascending; relevance: best first, and of
  equals the newer first. The order is total, so that pages neither overlap nor leave out.
- `cursor` of an answer continues it: the same question with that cursor gives the next page. None: no more hits.
- `facets` counts all hits, by each of the facets that are asked for (`search/engine/facets.py`), exactly.
- `count` is the number of hits of all pages. `Answer.total` is None unless the engine knows it without more work.
- What an engine cannot answer faithfully raises `Unanswerable`; nothing is ever left out of a question silently.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Literal, Protocol, TypeAlias

from search.document import Key
from search.engine.facets import Counts, FacetName
from search.query.dates import Bounds
from search.query.parse import EVERYTHING, Node

Sort: TypeAlias = Literal["newest", "oldest", "relevance"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: one page of the hits of a query."""

    tree: Node = EVERYTHING
    bounds: Bounds = field(default_factory=Bounds)
    """Instants given beside the query (`--since`, `--until`); dates within the query are in the tree."""
    channels: frozenset[int] | None = None
    """Bare ids; None asks in all channels."""
    sort: Sort = "newest"
    limit: int = 20
    cursor: str | None = None
    fuzzy: bool = False
    """Whether typing errors in words are forgiven; an engine that cannot raises `Unanswerable`."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One message that answers the question."""

    channel_id: int
    message_id: int
    date: int
    """Unix seconds."""
    score: float | None = None
    """Higher is better; comparable within one answer only; None unless sorted by relevance."""
    matched: tuple[str, ...] = ()
    """Terms by which it was found, where they are not those of the question (`fuzzy`)."""
    revision: int | None = None
    """The number of the newest earlier content that satisfies the question, where the present one does not."""

    @property
    def key(self) -> Key:
        """The message."""
        return (self.channel_id, self.message_id)


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
    """Something that answers questions; see the contract above."""

    @property
    def name(self) -> str:
        """`exact` or `meilisearch`, as shown with every answer."""
        ...

    async def search(self, question: Question) -> Answer:
        """One page of hits."""
        ...

    async def count(self, question: Question) -> int:
        """How many hits all pages together have, exactly."""
        ...

    async def facets(self, question: Question, names: Sequence[FacetName], zone: tzinfo = UTC) -> Counts:
        """The hits counted by each of these facets, in the order of `facets.order`; days and months of the zone."""
        ...
