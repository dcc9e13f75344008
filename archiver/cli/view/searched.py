"""Describe what was searched: how many messages, up to when, and which channels are incomplete."""

from __future__ import annotations

from typing import Any

from archiver.cli import output
from archiver.model.row import iso
from archiver.reading.shortfall import SearchScope, count_archived
from archiver.store.database import Connection

_NAMED = 3
"""Channels listed; `status` and JSON list all."""


async def describe_searched(conn: Connection, over: SearchScope) -> str:
    """The scope of "nothing found": `in 1,200 messages of 3 channels, as of 2026-11-29T17:58:00Z`."""
    messages = await count_archived(conn, over)
    channels = f"{len(over.channel_ids):,} channel{'' if len(over.channel_ids) == 1 else 's'}"
    if over.synced_at is None:
        return f"in the {messages:,} archived messages of {channels}"
    return f"in {messages:,} messages of {channels}, as of {iso(over.synced_at)}"


def warn_incomplete(over: SearchScope) -> None:
    """List the channels that are not completely archived."""
    for channel, shortfall in over.incomplete[:_NAMED]:
        remedy = f" (telekeep sync {channel.name})" if shortfall.can_be_fetched else ""
        output.note(f"! {channel.name}: {'; '.join(shortfall.reasons)}{remedy}")
    if (more := len(over.incomplete) - _NAMED) > 0:
        what = "channel is" if more == 1 else "channels are"
        output.note(f"! {more:,} more {what} incomplete: telekeep status")


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
