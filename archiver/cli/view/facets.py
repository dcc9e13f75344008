"""`search --facet`: the number of hits by channel, day, attachment ..."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from archiver.cli import output
from archiver.cli.view.searched import incomplete_object
from archiver.ids import ChannelId
from archiver.model.row import ChannelName
from archiver.reading.shortfall import SearchScope
from search.engine.facets import Count, Counts, FacetName, order


def name_channels(counts: Counts, names: Mapping[ChannelId, ChannelName]) -> Counts:
    """Label channels with their current names, as far as archived, and order them by those names."""
    return {
        facet: order(facet, [_named(one, names) for one in found]) if facet in {"channel", "fwd"} else found
        for facet, found in counts.items()
    }


def print_counts(counts: Counts, shape: str, over: SearchScope) -> None:
    """Print a table for each facet; TSV in a pipe (facet, name, count); or JSON."""
    if shape == "json":
        counted: dict[str, Any] = {facet: [_object(one) for one in found] for facet, found in counts.items()}
        output.json(counted | {"incomplete": incomplete_object(over)})
    elif shape == "jsonl":
        for facet, found in counts.items():
            for one in found:
                output.jsonl({"facet": facet, **_object(one)})
    else:
        for facet, found in counts.items():
            _print_table(facet, found)


def _print_table(facet: FacetName, found: Sequence[Count]) -> None:
    if not found:
        return
    if output.is_terminal():
        rows = [(one.name or one.value, one.count) for one in found]
        output.table((facet, "messages"), rows, right=("messages",))
        output.line()
        return
    for one in found:
        output.tsv(facet, one.name or one.value, one.count)


def _object(one: Count) -> dict[str, Any]:
    return {"value": one.value, "name": one.name, "count": one.count}


def _named(one: Count, names: Mapping[ChannelId, ChannelName]) -> Count:
    known = names.get(ChannelId(int(one.value))) if one.value.isascii() and one.value.isdecimal() else None
    return replace(one, name=known.name) if known else one
