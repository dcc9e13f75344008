"""The Meilisearch engine: one node, or several that hold different channels, whose answers are merged.

The index follows the archive with a delay. Words are found as Meilisearch's tokenizer cuts them; filters, bounds, order
by date, pages and counts are as in the embedded engine. The ranking by relevance is Meilisearch's own: exact words
before typing errors, words close to each other first, then words near the beginning.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, tzinfo
from operator import attrgetter
from typing import Any

from search.engine.facets import UNKNOWN, Count, Counts, FacetName, by_date, order
from search.engine.page import Position, format_position, format_rank, parse_position, parse_rank
from search.engine.protocol import Answer, Hit, Question
from search.errors import invalid_response
from search.meili.compile import COUNT_FIELD, FACETS, HIGHLIGHT_TAGS, by_rank, cannot_count, facet_body, search_body
from search.meili.filters import unanswerable, without
from search.meili.node import Node
from search.meili.remotes import Remotes
from search.meili.settings import READABLE

_EPOCH = date(1970, 1, 1).toordinal()
_ARTICLE = re.compile(f"([\u0621-\u064a]){HIGHLIGHT_TAGS[1]}{HIGHLIGHT_TAGS[0]}")
"""Between an Arabic article and its word, which are marked one by one."""
_MATCH = re.compile(f"{HIGHLIGHT_TAGS[0]}([^{HIGHLIGHT_TAGS[1]}]*){HIGHLIGHT_TAGS[1]}")


class MeiliEngine:
    """Searches the index of one or more nodes; each message is on one node only."""

    name = "meilisearch"

    def __init__(self, *nodes: Node, hidden: Mapping[str, Sequence[int]] | None = None) -> None:
        """`hidden`: by node name, channels to exclude because another node serves them."""
        self._nodes = nodes
        self._hidden = hidden or {}
        self._remotes = Remotes(nodes)

    async def search(self, question: Question) -> Answer:
        """Return one page of hits. Raises Unanswerable and ServerError."""
        # Check first that the question can be answered: otherwise its cursor is the embedded engine's.
        body, ranked = search_body(question), by_rank(question)
        before = parse_rank(question.cursor) if ranked and question.cursor is not None else 0
        answers = await self._ask(body)
        hits = [_hit(one, ranked=ranked) for found in answers for one in found["hits"]]
        if len(self._nodes) > 1:
            # Another archiver may be moving a channel between nodes.
            hits = list({hit.key: hit for hit in hits}.values())
            hits.sort(key=_by_score if ranked else attrgetter("position"), reverse=question.sort != "oldest")
        page = hits[before : before + question.limit]
        more = len(hits) > before + question.limit
        if more and not ranked and not _goes_on(question, page):  # whatever it is asked, it sends the same
            raise invalid_response(" or ".join(node.name for node in self._nodes))
        return Answer(hits=page, engine=self.name, cursor=_cursor(question, page) if more else None)

    async def count(self, question: Question) -> int:
        """Count the hits exactly."""
        return sum((await self._distribution(question, [COUNT_FIELD]))[COUNT_FIELD].values())

    async def facets(self, question: Question, names: Sequence[FacetName], zone: tzinfo = UTC) -> Counts:
        """Count the hits by each of these facets. Raises Unanswerable for facets the index cannot count."""
        if why := cannot_count(names, zone):
            raise unanswerable(why)
        found = await self._distribution(question, list({COUNT_FIELD, *(FACETS[name] for name in names)}))
        total = sum(found[COUNT_FIELD].values())
        return {name: order(name, _counts(name, found[FACETS[name]], total)) for name in names}

    async def _distribution(self, question: Question, fields: list[str]) -> dict[str, dict[str, int]]:
        sums: dict[str, Counter[str]] = {field: Counter() for field in fields}
        for found in await self._ask(facet_body(question, fields)):
            for field in fields:
                sums[field].update(found["facetDistribution"].get(field, {}))
        return {field: dict(counts.most_common()) for field, counts in sums.items()}

    async def _ask(self, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        bodies = [self._for(node, body) for node in self._nodes]
        if "facets" not in body and (found := await self._remotes.search(bodies)) is not None:
            return [found]
        return await asyncio.gather(*map(Node.search, self._nodes, bodies))

    def _for(self, node: Node, body: Mapping[str, Any]) -> Mapping[str, Any]:
        hidden = self._hidden.get(node.name)
        return {**body, "filter": without(body["filter"], hidden)} if hidden else body


def _counts(name: FacetName, found: Mapping[str, int], total: int) -> list[Count]:
    if name in {"day", "month"}:
        days = {date.fromisoformat(day).toordinal() - _EPOCH: count for day, count in found.items()}
        return by_date(name, days, UTC)
    counts = [Count(value, count) for value, count in found.items()]
    unknown = total - sum(found.values())
    return [*counts, Count(UNKNOWN, unknown)] if unknown and name == "lang" else counts


def _by_score(hit: Hit) -> tuple[float, Position]:
    return hit.score or 0.0, hit.position


def _hit(found: Mapping[str, Any], *, ranked: bool) -> Hit:
    return Hit(
        found["channel_id"],
        found["message_id"],
        found["date"],
        score=found.get("_rankingScore") if ranked else None,
        matched=_matched(found.get("_formatted")),
    )


def _matched(formatted: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return the matched words, if they were requested."""
    if formatted is None:
        return ()
    texts = [text for name in READABLE if (found := formatted.get(name)) for text in _texts(found)]
    return tuple(dict.fromkeys(word for text in texts for word in _MATCH.findall(_ARTICLE.sub(r"\1", text))))


def _texts(value: str | list[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value


def _goes_on(question: Question, page: Sequence[Hit]) -> bool:
    """Whether a page sorted by date ends after the page before it."""
    if question.cursor is None:
        return True
    before, last = parse_position(question.cursor), page[-1].position
    return last > before if question.sort == "oldest" else last < before


def _cursor(question: Question, page: Sequence[Hit]) -> str | None:
    if not by_rank(question):
        return format_position(page[-1].position) if page else None
    end = (0 if question.cursor is None else parse_rank(question.cursor)) + len(page)
    return format_rank(end)
