"""Run an export: one snapshot of the archive, one pass over the rows, data first, manifest last."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from archiver.errors import NotFound, UsageError
from archiver.export.manifest import (
    ChannelPart,
    Completeness,
    FilePart,
    Manifest,
    Share,
)
from archiver.export.publish import publish
from archiver.export.request import Request
from archiver.export.stream import iter_items
from archiver.export.target import Target
from archiver.export.writer import Writer
from archiver.ids import ChannelId
from archiver.model import coverage
from archiver.model.completeness import Tally, fill_held, tally
from archiver.model.coverage import Interval
from archiver.model.json_text import dump
from archiver.model.row import ChannelName
from archiver.model.shortfall import Shortfall, find_read_until
from archiver.reading.coverage_report import list_runs
from archiver.reading.shortfall import is_outside_range
from archiver.store import extent
from archiver.store.channel import Mirrored, find_channel
from archiver.store.channel_details import count_stubs
from archiver.store.coverage import list_coverage
from archiver.store.database import Connection, read
from archiver.store.review import find_surplus
from archiver.store.rich import count_parts_between
from archiver.store.rows import snapshot
from archiver.version import version
from search.text.normalize import NORM_VERSION

_REPORT_EVERY = 1000


class ByteSink(Protocol):
    """Where the bytes of the data file go."""

    def write(self, data: bytes, /) -> object:
        """Append the data."""
        ...


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What was written."""

    rows: int
    manifest: Manifest | None
    data_path: Path | None
    manifest_path: Path | None
    manifest_sha256: str | None = None
    made: Path | None = None
    """The directory that was made for it."""
    renamed: Path | None = None
    """Where the manifest of another file, which had its name, is now."""


async def export_to_file(
    conn: Connection,
    request: Request,
    writer: Writer,
    path: Path,
    *,
    format_name: str,
    now: datetime,
    force: bool = True,
    progress: Callable[[int], None] = lambda _: None,
) -> ExportResult:
    """Write the data file and its manifest, both completely or not at all. `force`: replace existing files."""
    made = None if path.parent.exists() else path.parent
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise UsageError(f"{path.parent} cannot be created: {exc.strerror}.") from exc
    with Target(path, replace=force) as data:
        async with snapshot(conn):
            shares = await _write_rows(conn, request, writer, data, progress)
            channels = [await _part(conn, request, name, shares[name.channel_id]) for name in request.channels]
        rows = sum(share.rows for share in shares.values())
        manifest = Manifest(
            request=request,
            format=format_name,
            options=writer.options,
            channels=channels,
            files=[FilePart(path=path.name, bytes=data.size, rows=rows, sha256=data.sha256)],
            tool_version=version(),
            norm_version=NORM_VERSION,
            exported_at=now,
            warnings=writer.warnings,
        )
        encoded = dump(manifest.to_object(), indent=True) + b"\n"
        published = await publish(data, encoded)
    digest = hashlib.sha256(encoded).hexdigest()
    return ExportResult(rows, manifest, path, published.manifest, digest, made, published.renamed)


async def export_to_stream(
    conn: Connection,
    request: Request,
    writer: Writer,
    sink: ByteSink,
    *,
    progress: Callable[[int], None] = lambda _: None,
) -> ExportResult:
    """Write only the data."""
    async with snapshot(conn):
        shares = await _write_rows(conn, request, writer, sink, progress)
    return ExportResult(sum(share.rows for share in shares.values()), None, None, None)


async def _write_rows(
    conn: Connection, request: Request, writer: Writer, sink: ByteSink, progress: Callable[[int], None]
) -> dict[ChannelId, Share]:
    shares = {channel.channel_id: Share() for channel in request.channels}
    count = 0
    sink.write(writer.begin())
    async with aclosing(iter_items(conn, request)) as items:
        async for message, row in items:
            shares[message.channel_id].add(message)
            sink.write(writer.encode(row))
            count += 1
            if count % _REPORT_EVERY == 0:
                progress(count)
    sink.write(writer.end())
    progress(count)
    return shares


async def _part(conn: Connection, request: Request, name: ChannelName, share: Share) -> ChannelPart:
    channel = await read(conn, find_channel, name.channel_id)
    if channel is None:
        raise NotFound(f"{name.name} is not archived.")
    return ChannelPart(
        name=name, state=channel.state, share=share, completeness=await _completeness(conn, request, channel)
    )


async def _completeness(conn: Connection, request: Request, channel: Mirrored) -> Completeness:
    since, until, lowest = request.bounds.since_unix, request.bounds.until_unix, channel.lowest_wanted
    found = await read(conn, extent.get_extent, channel.channel_id, since=since, until=until, top_id=channel.top_id)
    lo, hi, first = found.lo, found.hi, 1
    if since is not None and channel.window_start is not None and since >= channel.window_start:
        lo = max(lo, min(lowest, found.first_id or lowest))  # ids below the window are older than the bounds
        first, lowest = lowest, 1
    for gap in coverage.gaps(
        await read(conn, list_coverage, channel.channel_id, channel.generation), first, channel.top_id
    ):
        if (gap[0] < lo or gap[1] > hi) and not await is_outside_range(conn, channel, gap, since=since, until=until):
            lo, hi = (min(lo, gap[0]), max(hi, gap[1])) if lo <= hi else gap
    runs = await list_runs(conn, channel, lo=lo, hi=hi, lowest=lowest)
    counts = tally(fill_held(runs, lo, hi))
    known = await _shortfall(conn, request, channel, counts, (max(lo, channel.lowest_wanted), hi))
    shortfall = replace(known, read_until=find_read_until(channel.last_sync_at, since=since, until=until))
    return Completeness(lo=lo, hi=hi, tally=counts, runs=runs, shortfall=shortfall, as_of=channel.last_sync_at)


async def _shortfall(
    conn: Connection, request: Request, channel: Mirrored, counts: Tally, wanted: Interval
) -> Shortfall:
    """What is unknown about the channel within the bounds. `wanted`: the ids to fetch."""
    since, until, channel_id = request.bounds.since_unix, request.bounds.until_unix, channel.channel_id
    gaps = coverage.gaps(await read(conn, list_coverage, channel_id, channel.generation), *wanted)
    kept = sum([await read(conn, extent.count_kept, channel_id, *gap) for gap in gaps])
    surplus = await read(conn, find_surplus, channel_id)
    return Shortfall(
        never_fetched=channel.pts is None and channel.top_id == 0,
        being_reread=channel.pts is None and channel.top_id > 0,
        ids=counts.held + counts.missing + counts.absent + counts.not_fetched,
        not_fetched=counts.not_fetched,
        unchecked=kept,
        outside=counts.outside,
        partial=await read(conn, count_parts_between, channel_id, since=since, until=until),
        unreadable=await read(conn, count_stubs, channel_id, since=since, until=until),
        surplus=surplus or 0,
    )
