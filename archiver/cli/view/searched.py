"""Describe what was searched: how many messages, up to when, and which channels are incomplete."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archiver.cli import output
from archiver.cli.view.figures import count, name_few, percent
from archiver.cli.view.moments import Moments
from archiver.model.iso_time import iso
from archiver.model.shortfall import Shortfall
from archiver.reading.shortfall import SearchScope, count_archived
from archiver.store.channels.channel import Mirrored
from archiver.store.database import Connection

_ALONE = Shortfall(imported_only=True)
_NAMED = 3
"""Channels listed; `status` and JSON list all."""


async def describe_searched(conn: Connection, over: SearchScope, moments: Moments | None = None) -> str:
    """The scope of "nothing found": `in 1,200 messages of 3 channels, as of 2026-11-29T17:58:00Z`.

    `moments`: how to write the time for people.
    """
    messages = count(await count_archived(conn, over), "message")
    channels = count(len(over.channel_ids), "channel")
    if over.synced_at is None:
        return f"in the {messages.replace(' ', ' archived ')} of {channels}"
    return f"in {messages} of {channels}, as of {moments.at(over.synced_at) if moments else iso(over.synced_at)}"


def warn_incomplete(over: SearchScope, moments: Moments) -> None:
    """List incompletely archived channels, one line each; those known only from imports share a line."""
    for line in describe_incomplete(over, moments):
        output.note(f"! {line}")


def describe_incomplete(over: SearchScope, moments: Moments) -> Iterator[str]:
    """Lines that name the incompletely archived channels."""
    alone = [channel.label for channel, lacks in over.incomplete if lacks == _ALONE]
    others = [one for one in over.incomplete if one[1] != _ALONE]
    if alone:
        are = "is" if len(alone) == 1 else "are"
        yield f"{name_few(alone)} {are} known only from imports: what is missing is not known"
    for channel, shortfall in others[:_NAMED]:
        yield describe_shortfall(channel, shortfall, moments, is_extract=over.is_extract)
    if (more := len(others) - _NAMED) > 0:
        what = "channel is" if more == 1 else "channels are"
        yield f"{more:,} more {what} incomplete (telekeep status)"


def describe_shortfall(channel: Mirrored, shortfall: Shortfall, moments: Moments, *, is_extract: bool = False) -> str:
    """`big is 17 % fetched: results before 3 Jan 2021 are incomplete (telekeep sync big)`."""
    remedy = f" (telekeep sync {channel.name})" if shortfall.can_be_fetched and not is_extract else ""
    return f"{channel.label} {'; '.join(_lacks(shortfall, moments))}{remedy}"


def _lacks(shortfall: Shortfall, moments: Moments) -> Iterator[str]:
    if shortfall.never_fetched:
        yield "was never fetched"
    if shortfall.imported_only:
        yield "is known only from imports: what is missing is not known"
    if shortfall.being_reread:
        yield "is being read again from its newest message"
    if shortfall.not_fetched:
        older = shortfall.older_than
        which = "" if older is None else f" before {moments.date(older)}"
        yield f"is {percent(shortfall.fetched, shortfall.ids)} fetched: results{which} are incomplete"
    if shortfall.outside:
        yield f"lacks {count(shortfall.outside, 'id')} older than its start date (add --since)"
    if shortfall.partial:
        yield f"has {count(shortfall.partial, 'message')} archived in part"


def incomplete_object(over: SearchScope) -> list[dict[str, Any]]:
    """The same as JSON."""
    return [
        {
            "channel_id": channel.channel_id,
            "channel": channel.name,
            "not_fetched": shortfall.not_fetched,
            "ids": shortfall.ids,
            "reasons": list(shortfall.reasons),
        }
        for channel, shortfall in over.incomplete
    ]
