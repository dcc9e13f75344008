"""The state of every id of a channel, for `gaps`, `status`, the page and the manifest of an export."""

from __future__ import annotations

import heapq

from archiver.model import coverage
from archiver.model.completeness import IdRun, Tally, of_imports, split_holes, with_proofs
from archiver.store import extent
from archiver.store.channel import Mirrored
from archiver.store.coverage import list_coverage
from archiver.store.database import Connection, Reader, read
from archiver.store.imported_channel import is_unaccounted


async def list_runs(
    conn: Connection, channel: Mirrored, *, lo: int = 1, hi: int | None = None, lowest: int | None = None
) -> list[IdRun]:
    """List the runs of ids within [lo, hi] that are missing, absent, not fetched or outside, ascending."""
    alone = is_unaccounted(channel)
    hi = await find_top(conn, channel) if hi is None else hi
    if lo > hi:
        return []
    covered = await read(conn, list_coverage, channel.channel_id, channel.generation)
    holes = [hole async for hole in extent.list_holes(conn, channel.channel_id, lo, hi)]
    lowest = channel.lowest_wanted if lowest is None else lowest
    proofs = await read(conn, extent.list_proofs, channel.channel_id, lo, hi) if holes else []
    empty = with_proofs(split_holes(holes, covered, lowest_wanted=lowest), proofs)
    missing = await read(conn, extent.list_missing, channel.channel_id, lo, hi)
    return list(heapq.merge(of_imports(empty) if alone else empty, missing, key=lambda run: run.lo))


async def find_top(conn: Connection, channel: Mirrored) -> int:
    """The highest known id; for a channel known only from exports, the highest id in them."""
    if not is_unaccounted(channel):
        return channel.top_id
    newest = await read(conn, extent.find_highest, channel.channel_id)
    return max(channel.top_id, newest or 0)


async def tally_channel(conn: Connection, channel: Mirrored) -> Tally:
    """Count the channel's ids by state, without reading each."""
    return await read(conn, count_ids, channel)


def count_ids(conn: Reader, channel: Mirrored) -> Tally:
    """Count the channel's ids by state, without reading each."""
    lo, hi = channel.lowest_wanted, channel.top_id
    covered = list_coverage(conn, channel.channel_id, channel.generation)
    unknown = coverage.gaps(covered, lo, hi)
    kept_unknown = sum(extent.count_kept(conn, channel.channel_id, *gap) for gap in unknown)
    kept = extent.count_kept(conn, channel.channel_id)
    below = extent.count_kept(conn, channel.channel_id, hi=min(lo - 1, hi))
    kept_wanted = extent.count_kept(conn, channel.channel_id, lo, hi)
    unread = [*unknown, *([(hi + 1, 2**31)] if channel.pts is None else [])]
    missing = extent.count_missing(conn, channel.channel_id)
    not_fetched = coverage.size(unknown) - kept_unknown
    return Tally(
        held=kept - missing,
        missing=missing,
        absent=max(0, hi - lo + 1) - kept_wanted - not_fetched,
        not_fetched=not_fetched,
        outside=max(0, min(lo - 1, hi)) - below,
        if_posted=extent.count_missing_claimed(conn, channel.channel_id) if missing else 0,
        beyond=extent.count_claimed(conn, channel.channel_id, hi + 1) if channel.pts is not None else 0,
        claimed=sum(extent.count_claimed(conn, channel.channel_id, *gap) for gap in unread),
    )
