"""Write the rows of an export: one pass, a chunk at a time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Final

from archiver.export.job import ExportJob
from archiver.export.manifest import ChannelPart, Share
from archiver.export.marking import list_marks, read_claims
from archiver.export.media_rows import MediaRows
from archiver.export.remarks import find_for_readers, list_remarks
from archiver.export.request import Request
from archiver.export.stream import find_newest, iter_chunks, iter_encoded
from archiver.export.writer import Feed, RowSink, StreamRows
from archiver.ids import ChannelId
from archiver.store.database import Connection
from archiver.store.garbage import few_collections

_OBJECTS: Final = 50_000
"""New objects between two garbage collections: about ten chunks of rows."""


async def write_rows(
    conn: Connection,
    request: Request,
    rows: RowSink,
    job: ExportJob,
    parts: Sequence[ChannelPart],
    *,
    media: MediaRows | None = None,
) -> dict[ChannelId, Share]:
    """Write the rows; return each channel's share. `parts`: the channels, for formats with remarks on them."""
    shares = {channel.channel_id: Share() for channel in request.channels}
    count = 0
    straight = media is None and job.prepare is None and not request.revisions
    try:
        _remark(rows, parts, job)
        await date_feed(conn, request, find_for_readers(rows))
        rows.begin()
        if straight and isinstance(rows, StreamRows) and rows.takes_held:
            chunks = _write_held(conn, request, rows, shares, job)
        else:
            chunks = _write_each(conn, request, rows, shares, job=job, media=media)
        with few_collections(_OBJECTS):
            async with aclosing(chunks):
                async for read_now in chunks:
                    count += read_now
                    job.progress(count)
        if job.damaged:
            _remark(rows, parts, job)
        rows.end()
    finally:
        rows.close()
    job.progress(count)
    return shares


async def _write_held(
    conn: Connection, request: Request, rows: StreamRows, shares: dict[ChannelId, Share], job: ExportJob
) -> AsyncGenerator[int, None]:
    """Write messages as they are stored; yield how many, a chunk at a time."""
    async with aclosing(iter_encoded(conn, request, rows.encode_held, job.lose)) as chunks:
        async for data, held in chunks:
            rows.write(data)
            for message, _ in held:
                shares[message.channel_id].add(message)
            yield len(held)


async def _write_each(
    conn: Connection,
    request: Request,
    rows: RowSink,
    shares: dict[ChannelId, Share],
    *,
    job: ExportJob,
    media: MediaRows | None,
) -> AsyncGenerator[int, None]:
    """Write rows one by one; yield how many were read, a chunk at a time."""
    is_for_readers = find_for_readers(rows) is not None
    async with aclosing(iter_chunks(conn, request, job.lose)) as chunks:
        async for chunk in chunks:
            claims = await read_claims(conn, chunk) if is_for_readers else {}
            for message, whole in chunk:
                row = whole if job.prepare is None else job.prepare(whole)
                if row is None:
                    continue
                shares[message.channel_id].add(message)
                if is_for_readers:
                    row = {**row, **list_marks(message, claims, names_file=job.prepare is None)}
                rows.add(row if media is None else await media.place(row))
            yield len(chunk)


def _remark(rows: RowSink, parts: Sequence[ChannelPart], job: ExportJob) -> None:
    """Tell a format for reading which channels are incomplete, as far as is known by now."""
    if (readers := find_for_readers(rows)) is not None:
        readers.set_remarks(list_remarks(qualify(parts, job)))


async def date_feed(conn: Connection, request: Request, writer: object) -> None:
    """Give the format its date if it is a feed. Called before `begin`."""
    if isinstance(writer, Feed):
        writer.newest = await find_newest(conn, request)


def qualify(parts: Sequence[ChannelPart], job: ExportJob) -> Sequence[ChannelPart]:
    """The channels, marked incomplete where the export leaves messages out."""
    return parts if job.damaged is None else job.damaged.qualify(parts)
