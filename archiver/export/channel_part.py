"""Describe one channel of an export for the manifest: its rows, and how complete they are."""

from __future__ import annotations

from dataclasses import replace

from archiver.errors import NotFound
from archiver.export.manifest import ChannelPart, Completeness, Share
from archiver.export.request import Request
from archiver.model import coverage
from archiver.model.completeness import IdRanges, Tally, fill_held, tally
from archiver.model.coverage import Interval
from archiver.model.row import ChannelName
from archiver.model.shortfall import Shortfall, find_read_until
from archiver.reading.coverage_report import iter_runs
from archiver.reading.shortfall import is_outside_range
from archiver.store.channels import extent
from archiver.store.channels.capture import list_first_reads
from archiver.store.channels.channel import Mirrored, find_channel
from archiver.store.channels.channel_details import count_stubs
from archiver.store.channels.coverage import list_coverage
from archiver.store.channels.review import find_surplus
from archiver.store.database import Connection, read
from archiver.store.imports.imported_channel import is_compared, is_unaccounted, name_origin
from archiver.store.medium import is_extract
from archiver.store.messages.rich import count_parts_between


async def describe_channel(conn: Connection, request: Request, name: ChannelName) -> ChannelPart:
    """The channel's part in the manifest, before any of its rows. Raises NotFound."""
    channel = await read(conn, find_channel, name.channel_id)
    if channel is None:
        raise NotFound(f"{name.name} is not archived.")
    return ChannelPart(
        name=name,
        state=channel.shown_state,
        name_origin=name_origin(channel),
        share=Share(),
        completeness=await _completeness(conn, request, channel),
    )


async def _completeness(conn: Connection, request: Request, channel: Mirrored) -> Completeness:
    since, until, lowest = request.bounds.since_unix, request.bounds.until_unix, channel.lowest_wanted
    bounds = {"since": since, "until": until}
    is_alone, channel_id = not is_compared(channel), channel.channel_id
    found = await read(conn, extent.get_extent, channel_id, **bounds, top_id=channel.top_id, beyond=is_alone)
    lo, hi, first = found.lo, found.hi, 1
    if since is not None and channel.window_start is not None and since >= channel.window_start:
        lo = max(lo, min(lowest, found.first_id or lowest))  # ids below the window are older than the bounds
        first, lowest = lowest, 1
    for gap in coverage.gaps(
        await read(conn, list_coverage, channel.channel_id, channel.generation), first, channel.top_id
    ):
        if (gap[0] < lo or gap[1] > hi) and not await is_outside_range(conn, channel, gap, since=since, until=until):
            lo, hi = (min(lo, gap[0]), max(hi, gap[1])) if lo <= hi else gap
    ranges = IdRanges()
    runs = await iter_runs(conn, channel, lo=lo, hi=hi, lowest=lowest)
    counts = tally(fill_held(ranges.note(runs), lo, hi))
    known = await _shortfall(conn, request, channel, counts, (max(lo, channel.lowest_wanted), hi))
    as_of = channel.last_sync_at
    if as_of is None:  # removed before it was caught up: what was posted up to its first answer was read
        as_of = (await read(conn, list_first_reads)).get(channel_id)
    shortfall = replace(known, read_until=find_read_until(as_of, since=since, until=until))
    claims = 0 if is_alone else await read(conn, extent.count_claims, channel_id, **bounds)
    return Completeness(
        lo=lo, hi=hi, tally=counts, ranges=ranges, shortfall=shortfall, as_of=as_of, imported_alone=claims
    )


async def _shortfall(
    conn: Connection, request: Request, channel: Mirrored, counts: Tally, wanted: Interval
) -> Shortfall:
    """What is unknown about the channel within the bounds. `wanted`: the ids to fetch."""
    since, until, channel_id = request.bounds.since_unix, request.bounds.until_unix, channel.channel_id
    covered = await read(conn, list_coverage, channel_id, channel.generation)
    gaps = coverage.gaps(covered, *wanted)
    kept = sum([await read(conn, extent.count_kept, channel_id, *gap) for gap in gaps])
    claimed = sum([await read(conn, extent.count_claimed, channel_id, *gap) for gap in gaps])
    surplus = await read(conn, find_surplus, channel_id)
    # An export of some messages has no coverage, so nothing follows from gaps in it.
    is_silent = is_unaccounted(channel) or (not covered and await read(conn, is_extract))
    return Shortfall(
        never_fetched=channel.pts is None and channel.top_id == 0 and not channel.imported_only,
        imported_only=is_unaccounted(channel),
        being_reread=channel.pts is None and channel.top_id > 0,
        ids=counts.held + counts.missing + counts.absent + counts.not_fetched + counts.not_imported,
        not_fetched=counts.not_fetched,
        unchecked=0 if is_silent else kept - claimed,
        imported=0 if is_unaccounted(channel) else claimed,
        outside=counts.outside,
        partial=await read(conn, count_parts_between, channel_id, since=since, until=until),
        unreadable=await read(conn, count_stubs, channel_id, since=since, until=until),
        surplus=surplus or 0,
    )
