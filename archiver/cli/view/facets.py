"""`search --facet`: the number of hits by channel, day, attachment ..."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from archiver.cli import output, screen
from archiver.cli.terminal import isolate, terminal_safe, width
from archiver.cli.view import figures
from archiver.cli.view.fields import CsvTable
from archiver.cli.view.searched import incomplete_object
from archiver.cli.view.wrapping import text_width, wrap_lines
from archiver.ids import ChannelId
from archiver.model.row import ChannelName
from archiver.reading.shortfall import SearchScope
from search.engine.facets import Count, Counts, FacetName, order

_DATES = frozenset({"day", "month"})
_EIGHTHS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")
_SHORTEST = 8
"""Columns of a name and of a bar."""


def name_channels(counts: Counts, names: Mapping[ChannelId, ChannelName], *, for_people: bool = False) -> Counts:
    """Label archived channels with their current names, and sort by name."""
    return {
        facet: order(facet, [_named(one, names, for_people) for one in found]) if facet in {"channel", "fwd"} else found
        for facet, found in counts.items()
    }


def limit_counts(counts: Counts, most: int, *, newest: bool) -> Counts:
    """Keep at most `limit` values of each facet: the newest or oldest days and months, else the largest; 0: all."""
    return {facet: _limited(facet, found, most, newest=newest) for facet, found in counts.items()}


def _limited(facet: FacetName, found: Sequence[Count], most: int, *, newest: bool) -> Sequence[Count]:
    if not most or len(found) <= most:
        return found
    return found[-most:] if newest and facet in _DATES else found[:most]


def print_counts(counts: Counts, shape: str, over: SearchScope) -> None:
    """Print a table for each facet; TSV in a pipe (facet, name, count); or JSON, or CSV."""
    if shape == "json":
        counted: dict[str, Any] = {facet: [_object(one) for one in found] for facet, found in counts.items()}
        output.json(counted | {"incomplete": incomplete_object(over)})
    elif shape == "jsonl":
        for row in _objects(counts):
            output.jsonl(row)
    elif shape == "csv":
        table = CsvTable(("facet", "value", "name", "count"))
        for row in _objects(counts):
            table.add(row)
    elif output.is_terminal():
        for facet, found in counts.items():
            for line in bars(facet, [(one.name or one.value, one.count) for one in found], screen.columns()):
                output.line(line)
    else:
        for facet, found in counts.items():
            for one in found:
                output.tsv(facet, one.name or one.value, one.count)


def bars(facet: str, rows: Sequence[tuple[str, int]], columns: int) -> Iterator[str]:
    """A table with a bar for each count; days and months without any, between others, are summed up in a line."""
    if not rows:
        return
    names = [terminal_safe(name) for name, _ in rows]
    numbers = [figures.number(count) for _, count in rows]
    left = min(max(map(width, (facet, *names))), max(columns // 2, _SHORTEST))
    right = max(map(len, ("messages", *numbers)))
    room = text_width(columns) - left - right - 4
    largest = max(count for _, count in rows)
    yield f"{_pad(facet, left)}  {'messages':>{right}}"
    for at, (name, number, (_, count)) in enumerate(zip(names, numbers, rows, strict=True)):
        if at and (without := _skipped(facet, names[at - 1], name)):
            only = "" if without > 1 else f"{_next(facet, names[at - 1]):{left}}  {0:>{right}}"
            yield only or f"… {figures.count(without, facet)} without"
        drawn = bar(count, largest, room) if room >= _SHORTEST else ""
        yield f"{_pad(name, left)}  {number:>{right}}  {drawn}".rstrip()
    yield ""


def _next(facet: str, value: str) -> str:
    """The day or month after this one."""
    if facet == "day":
        return (date.fromisoformat(value) + timedelta(1)).isoformat()
    year, month = (int(part) for part in value.split("-"))
    return f"{year + month // 12:04}-{month % 12 + 1:02}"


def _skipped(facet: str, before: str, after: str) -> int:
    """The days or months between two of them."""
    if facet == "day":
        return (date.fromisoformat(after) - date.fromisoformat(before)).days - 1
    if facet == "month":
        (year, month), (to_year, to_month) = ((int(part) for part in one.split("-")) for one in (before, after))
        return (to_year - year) * 12 + to_month - month - 1
    return 0


def bar(value: int, largest: int, columns: int) -> str:
    """A bar of up to `columns` columns; at least one unless the count is 0."""
    if screen.has_blocks():
        eighths = max(1, value * columns * 8 // largest)
        return "█" * (eighths // 8) + _EIGHTHS[eighths % 8]
    return "#" * max(1, value * columns // largest)


def _pad(text: str, columns: int) -> str:
    """The text cut or padded to a width in columns."""
    if width(text) > columns:
        [(_, end), *_] = wrap_lines(text.replace(" ", "\u00a0"), columns - 1)
        text = f"{text[:end]}…"
    return isolate(text) + " " * (columns - width(text))


def _objects(counts: Counts) -> Iterator[dict[str, Any]]:
    for facet, found in counts.items():
        for one in found:
            yield {"facet": facet, **_object(one)}


def _object(one: Count) -> dict[str, Any]:
    return {"value": one.value, "name": one.name, "count": one.count}


def _named(one: Count, names: Mapping[ChannelId, ChannelName], for_people: bool) -> Count:
    known = names.get(ChannelId(int(one.value))) if one.value.isascii() and one.value.isdecimal() else None
    return replace(one, name=known.label if for_people else known.name) if known else one
