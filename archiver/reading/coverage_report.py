"""The state of every id of a channel, for `gaps`, `status`, the page and the manifest of an export."""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Iterable, Iterator, Sequence

from archiver.model import coverage
from archiver.model.completeness import IdRun, Tally, of_imports, split_holes, with_proofs
from archiver.model.coverage import Interval
from archiver.store.channels import extent
from archiver.store.channels.channel import Mirrored
from archiver.store.channels.coverage import list_coverage
from archiver.store.database import Connection, Reader, read
from archiver.store.imports.imported_channel import is_compared, is_unaccounted


async def iter_runs(
    conn: Connection,
    channel: Mirrored,
    *,
    lo: int = 1,
    hi: int | None = None,
    lowest: int | None = None,
    claims: bool = True,
) -> Iterator[IdRun]:
    """The runs of ids within [lo, hi] that are missing, absent, not fetched or outside, ascending.

    `claims`: whether ids of a mirrored channel that only imports have a message of are among them: what an import
    says is no answer of Telegram.
    """
    alone = is_unaccounted(channel)
    hi = await find_top(conn, channel) if hi is None else min(hi, channel.top_id) if is_compared(channel) else hi
    if lo > hi:
        return iter(())
    covered = await read(conn, list_coverage, channel.channel_id, channel.generation)
    ends = array("q")  # in a busy group every third id may be missing: objects would take ten times as much
    async for hole in extent.list_holes(conn, channel.channel_id, lo, hi):
        ends.extend(hole)
    every = iter(ends)
    holes: Iterable[Interval] = zip(every, every, strict=True)
    if claims and is_compared(channel):
        alone_there = await read(conn, extent.list_claims, channel.channel_id, lo, hi)
        if alone_there:
            holes = coverage.join(heapq.merge(holes, alone_there))
    lowest = channel.lowest_wanted if lowest is None else lowest
    proofs = await read(conn, extent.list_proofs, channel.channel_id, lo, hi)
    empty = with_proofs(split_holes(holes, covered, lowest_wanted=lowest), proofs)
    missing = await read(conn, extent.list_missing, channel.channel_id, lo, hi)
    return heapq.merge(of_imports(empty) if alone else empty, missing, key=lambda run: run.lo)


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
    if is_compared(channel):
        return _count_shown(conn, channel, unknown)
    kept = extent.count_kept(conn, channel.channel_id)
    kept_wanted = extent.count_kept(conn, channel.channel_id, lo, hi)
    kept_unknown = sum(extent.count_kept(conn, channel.channel_id, *gap) for gap in unknown)
    missing = extent.count_missing(conn, channel.channel_id)
    not_fetched = coverage.size(unknown) - kept_unknown
    return Tally(
        held=kept - missing,
        missing=missing,
        absent=max(0, hi - lo + 1) - kept_wanted - not_fetched,
        not_fetched=not_fetched,
        outside=max(0, min(lo - 1, hi)) - extent.count_kept(conn, channel.channel_id, hi=min(lo - 1, hi)),
        if_posted=extent.count_missing_claimed(conn, channel.channel_id) if missing else 0,
        claimed=sum(extent.count_claimed(conn, channel.channel_id, *gap) for gap in [*unknown, (hi + 1, 2**31)]),
    )


def _count_shown(conn: Reader, channel: Mirrored, unknown: Sequence[Interval]) -> Tally:
    """The same where Telegram showed some: present messages that only imports have leave their ids as they were."""
    channel_id, lo, hi = channel.channel_id, channel.lowest_wanted, channel.top_id
    claims = extent.list_claims(conn, channel_id, 1, hi)

    def count(first: int, last: int) -> int:
        return extent.count_kept(conn, channel_id, first, last) - coverage.size(coverage.clip(claims, first, last))

    not_fetched = coverage.size(unknown) - sum(count(*gap) for gap in unknown)
    missing = extent.count_missing(conn, channel_id, hi)
    gone = sum(extent.count_claimed(conn, channel_id, *gap) for gap in unknown)
    return Tally(
        held=count(1, hi) - missing,
        missing=missing,
        absent=max(0, hi - lo + 1) - count(lo, hi) - not_fetched,
        not_fetched=not_fetched,
        outside=max(0, min(lo - 1, hi)) - count(1, min(lo - 1, hi)),
        if_posted=extent.count_missing_claimed(conn, channel_id, hi) if missing else 0,
        claimed=gone - sum(coverage.size(coverage.clip(claims, *gap)) for gap in unknown),
        claims=coverage.size(claims),
        beyond=extent.count_claimed(conn, channel_id, hi + 1),
    )
