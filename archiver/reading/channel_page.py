"""A page of a channel's messages, by id, with what lies between them: for people who read it like a book.

A page ends at a number of messages, or earlier where they are long; it never cuts an album.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from archiver.model.completeness import IdRun
from archiver.reading.coverage_report import find_top, iter_runs
from archiver.reading.post_size import estimate_size
from archiver.store.channels.channel import Mirrored
from archiver.store.database import Connection, read
from archiver.store.messages.rows import HeldMessage, find_first_dated, list_after, list_before, list_languages

LIMIT = 100
"""Messages on a page."""
BUDGET = 140_000
"""Bytes of HTML of the messages of a page, roughly."""
_END = 2**31

PlaceKind: TypeAlias = Literal["newest", "before", "after", "around", "on"]


class Place(NamedTuple):
    """Where a page is: next to an id, or from a time (unix seconds) on."""

    kind: PlaceKind = "newest"
    at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPage:
    """One page."""

    messages: Sequence[HeldMessage]
    """Ascending by id."""
    languages: Mapping[int, str]
    """Of their texts, by id, where known."""
    has_earlier: bool
    """Whether messages are held below the first one."""
    has_later: bool
    runs: Sequence[IdRun]
    """The ids that are not held between the last message before the page and its own last message, or the top."""


class _Window(NamedTuple):
    """Messages around the wanted ones: `[first, end)` may be shown, those outside tell what follows."""

    messages: list[HeldMessage]
    first: int
    end: int
    anchor: int
    """The place of the message that must be shown."""


async def read_page(conn: Connection, channel: Mirrored, place: Place, *, limit: int = LIMIT) -> ChannelPage:
    """Read the page at this place."""
    if place.kind == "on":
        found = await read(conn, find_first_dated, channel.channel_id, place.at)
        place = Place("newest") if found is None else Place("after", found - 1)
    window = await _read_window(conn, channel, place, limit)
    first, end = _fit(window, limit)
    shown = window.messages[first:end]
    has_later = end < len(window.messages)
    lo = window.messages[first - 1][0].message_id + 1 if first else 1
    hi = shown[-1][0].message_id if has_later and shown else await find_top(conn, channel)
    runs = await iter_runs(conn, channel, lo=lo, hi=hi, claims=False)
    ids = [message.message_id for message, _ in shown]
    return ChannelPage(
        messages=shown,
        languages=await read(conn, list_languages, channel.channel_id, ids),
        has_earlier=first > 0,
        has_later=has_later,
        runs=[run for run in runs if run.state != "missing"],
    )


async def _read_window(conn: Connection, channel: Mirrored, place: Place, limit: int) -> _Window:
    """One more message is read on each side than can be shown."""
    number, at = channel.channel_id, place.at
    if place.kind == "after":
        below = await read(conn, list_before, number, at + 1, 1)
        above = await read(conn, list_after, number, at, limit + 1)
        return _Window([*below, *above], len(below), len(below) + limit, len(below))
    if place.kind == "around":
        below = await read(conn, list_before, number, at, limit + 1)
        above = await read(conn, list_after, number, at - 1, limit + 1)
        anchor = len(below) if above else len(below) - 1
        return _Window([*below, *above], 0, len(below) + len(above), max(anchor, 0))
    top = at if place.kind == "before" else _END
    below = await read(conn, list_before, number, top, limit + 1)
    above = await read(conn, list_after, number, top - 1, 1) if place.kind == "before" else []
    return _Window([*below, *above], 0, len(below), max(len(below) - 1, 0))


def _fit(window: _Window, limit: int) -> tuple[int, int]:
    """The part to show: grown from the anchor, below and above in turn, as far as it may."""
    messages, last = window.messages, min(window.end, len(window.messages))
    first = end = min(window.anchor, last)
    budget = BUDGET
    while end - first < limit and budget > 0 and (first > window.first or end < last):
        if end < last and (end - window.anchor <= window.anchor - first or first == window.first):
            budget -= estimate_size(*messages[end])
            end += 1
        else:
            first -= 1
            budget -= estimate_size(*messages[first])
    return _whole_albums(messages, first, end, anchor=window.anchor)


def _whole_albums(messages: Sequence[HeldMessage], first: int, end: int, *, anchor: int) -> tuple[int, int]:
    """Leave out the part of an album at either end whose rest is not shown; the next page there has all of it.

    Never the anchor: no other page would show it.
    """
    start, stop = first, end
    while 0 < start < anchor and _is_album(messages[start - 1], messages[start]):
        start += 1
    while anchor + 1 < stop < len(messages) and _is_album(messages[stop - 1], messages[stop]):
        stop -= 1
    within = 0 < start == anchor < len(messages)
    first = first if within and _is_album(messages[start - 1], messages[start]) else start
    end = end if stop == anchor + 1 < len(messages) and _is_album(messages[stop - 1], messages[stop]) else stop
    return first, end


def _is_album(one: HeldMessage, other: HeldMessage) -> bool:
    return one[0].grouped_id is not None and one[0].grouped_id == other[0].grouped_id
