"""The last step of a sync: find changes that did not move the pts, by the newest page and the message count.

If the newest page differs from the archive, read downwards until a page agrees; if the count differs, read everything
again. For a channel with a window, the position of the first message below it gives the number within.
"""

from __future__ import annotations

from typing import NamedTuple

from archiver.ids import AccessHash
from archiver.mirror.backfill import Backfill
from archiver.mirror.ingest import Ingest
from archiver.mirror.pages import Pages
from archiver.mirror.reread import Progress, Rereader
from archiver.mirror.source import Source
from archiver.store.channels.channel import Mirrored, find_channel, forget_floor
from archiver.store.database import Database


class Comparison(NamedTuple):
    """The result of comparing a channel with the server."""

    settled: bool
    """Whether the channel did not change meanwhile, and nothing is left to fetch."""
    surplus: int | None
    """How many more messages (within the window, if any) the server counts than it shows; None if not comparable."""


async def compare(
    source: Source,
    database: Database,
    ingest: Ingest,
    channel: Mirrored,
    *,
    access_hash: AccessHash,
    progress: Progress,
    floor_id: int | None = None,
) -> Comparison:
    """Compare one channel. The caller holds its lock, so that it is not caught up meanwhile.

    `floor_id`: where its window ended before this sync; the dates there are checked again. Raises ChannelError,
    Outdated.
    """
    backfill, pages = Backfill(source, database, ingest), Pages(source)
    reader = Rereader(source, database, ingest, channel.channel_id, access_hash)
    look = await backfill.check_top(channel, access_hash, reading="audit")
    progress(look.stored, 0)
    if look.stored.differs:
        await reader.follow_changes(channel, look.lowest - 1, progress)
    below = await pages.read_below(channel, access_hash, channel.floor_id) if channel.floor_id else None
    if below and floor_id == channel.floor_id and not below.is_older:
        await database.write(forget_floor, channel.channel_id)
    present = await database.read(find_channel, channel.channel_id)
    if present is None or look.pts != present.pts or await backfill.has_gap(channel.channel_id):
        return Comparison(settled=False, surplus=None)
    counted = None
    if below and below.page.pts == present.pts:
        counted = await pages.count_above(present, access_hash, below.page)
    return Comparison(settled=True, surplus=await reader.explain_count(present, progress, counted=counted))
