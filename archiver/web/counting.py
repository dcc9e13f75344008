"""Counts of the hits by channel, day, kind and state: exact, or none where a reader would have to wait."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from archiver.compose.query import open_engine
from archiver.store.reading_pool import OutOfTime
from archiver.web.charts import Chart, draw_chart
from archiver.web.finding import Finding
from archiver.web.site import Asked, Site
from search.engine.facets import Counts, FacetName
from search.query.tree import And, Is, Node, State

COUNTING: Final = 0.15
"""Seconds for the counts beside the hits."""
PATIENT: Final = 20.0
"""The same, where a person asked for them."""
STATES: Final[tuple[State, ...]] = ("edited", "missing", "forwarded")
_FACETS: Final[tuple[FacetName, ...]] = ("channel", "day", "media", "lang", "file")


class Counted(NamedTuple):
    """Hits by what they share."""

    facets: Counts
    total: int
    states: Mapping[str, int]
    chart: Chart


async def count_hits(site: Site, asked: Asked, finding: Finding) -> Counted | None:
    """Count all hits; None if that takes long, and nobody asked for it."""
    until = time.monotonic() + (PATIENT if asked.get("counts") else COUNTING)
    question = replace(finding.question, cursor=None)
    try:
        async with site.glancing(until - time.monotonic()) as conn:
            facets = await (await open_engine(conn)).facets(question, _FACETS, asked.times.zone)
    except OutOfTime:
        return None
    states: dict[str, int] = {}
    try:
        async with site.glancing(until - time.monotonic()) as conn:
            engine = await open_engine(conn)
            for state in STATES:
                states[state] = await engine.count(replace(question, tree=_and(question.tree, state)))
    except OutOfTime:
        pass  # the links are shown without their counts
    total = sum(one.count for one in facets["channel"])
    return Counted(facets, total, states, draw_chart(asked.times, {one.value: one.count for one in facets["day"]}))


def _and(tree: Node, state: State) -> Node:
    return And((*(tree.parts if isinstance(tree, And) else (tree,)), Is(state)))
