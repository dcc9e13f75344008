"""Whether there is history to read, so that opening a takeout is worthwhile."""

from __future__ import annotations

from collections.abc import Iterable

from archiver.model.coverage import highest_gap
from archiver.store.channels.channel import Mirrored
from archiver.store.channels.coverage import list_all_coverage
from archiver.store.database import Database


async def needs_backfill(database: Database, channels: Iterable[Mirrored]) -> bool:
    """Whether the history of any of these channels is incomplete."""
    covered = await database.read(list_all_coverage)
    return any(
        one.pts is None or highest_gap(covered.get(one.channel_id, []), one.lowest_wanted, one.top_id) is not None
        for one in channels
    )
