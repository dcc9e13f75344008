"""Count the documents of an index by channel and by day, on the server."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from search.engine.protocol import Question
from search.errors import SearchError
from search.meili.compile import facet_body

if TYPE_CHECKING:
    from search.meili.node import Node

MOST_VALUES: Final = 10_000
"""Maximum number of a field's values that a server counts at once (`maxValuesPerFacet`)."""
_EPOCH: Final = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class DocumentTally:
    """Numbers of documents."""

    channels: Mapping[int, int]
    days: Mapping[int, int]
    """By UTC day, counted from 1970."""


async def count_documents(node: Node, channel_ids: Collection[int]) -> DocumentTally | None:
    """Count the documents of these channels; None if the server cannot count by channel."""
    if not channel_ids or len(channel_ids) > MOST_VALUES:
        return None
    try:
        found = await node.search(facet_body(Question(channels=frozenset(channel_ids)), ["channel_id", "day"]))
        counts = found["facetDistribution"]
        channels = {int(one): int(count) for one, count in counts.get("channel_id", {}).items()}
        days = {date.fromisoformat(day).toordinal() - _EPOCH: int(n) for day, n in counts.get("day", {}).items()}
    except (SearchError, LookupError, TypeError, ValueError, AttributeError):
        return None  # an index of another version, or a key without search permission
    return DocumentTally(channels, days if len(days) < MOST_VALUES else {})
