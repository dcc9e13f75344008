"""Stream the rows of a request by date, channel and message id, with a few chunks in memory at a time."""

from __future__ import annotations

import heapq
from collections.abc import AsyncGenerator, Iterator
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from typing import TypeAlias

from archiver.export.request import Request
from archiver.ids import ChannelId
from archiver.model.json_text import dump
from archiver.model.row import ChannelName, Row, StoredMessage, build_row
from archiver.model.versions import list_versions
from archiver.store import rows
from archiver.store.database import Connection, read
from archiver.store.extent import count_dated, find_newest_date
from archiver.store.history import list_revisions
from search.engine.protocol import Question
from search.exact.writer import ExactEngine

Item: TypeAlias = tuple[StoredMessage, Row]
"""A stored message and its row."""

_CHUNKS_TOTAL = 16 * rows.CHUNK
_HITS = 500


async def iter_chunks(conn: Connection, request: Request) -> AsyncGenerator[list[Item], None]:
    """The messages of the request in order, some at a time."""
    if request.by_channel and len(request.channels) > 1:
        for channel in request.channels:
            async for chunk in iter_chunks(conn, replace(request, channels=(channel,))):
                yield chunk
        return
    if request.tree is not None:
        chunks = _found(conn, request)
    elif len(request.channels) == 1:
        chunks = _of_channel(conn, request, request.channels[0], rows.CHUNK)
    else:
        chunks = _merged(conn, request)
    async with aclosing(chunks):
        async for chunk in chunks:
            if request.revisions:
                await _add_versions(conn, chunk)
            yield chunk


async def _add_versions(conn: Connection, chunk: list[Item]) -> None:
    """Add the key `versions` to rows: what docs/changes.md calls versions, without the current one."""
    wanted: dict[tuple[int, int], tuple[int, int]] = {
        (message.channel_id, message.message_id): (1, message.revisions) for message, _ in chunk if message.revisions
    }
    revisions = await read(conn, list_revisions, wanted) if wanted else {}
    held = await read(conn, rows.get_messages, wanted) if wanted else {}
    for message, row in chunk:
        key = (message.channel_id, message.message_id)
        earlier = list_versions(*held[key], revisions[key])[:-1] if key in held else []
        row["versions"] = dump([one.to_object() for one in earlier]).decode()


async def count_items(conn: Connection, request: Request) -> int:
    """The number of messages of the request, for its progress."""
    since, until = request.bounds.since_unix, request.bounds.until_unix
    if request.tree is None:
        counts = [
            await read(conn, count_dated, channel.channel_id, since=since, until=until) for channel in request.channels
        ]
        return sum(counts)
    channels = frozenset(channel.channel_id for channel in request.channels)
    return await ExactEngine(conn).count(Question(tree=request.tree, bounds=request.bounds, channels=channels))


async def find_newest(conn: Connection, request: Request) -> int | None:
    """The date of the newest message within the bounds, found by the query or not."""
    since, until = request.bounds.since_unix, request.bounds.until_unix
    dates = [
        await read(conn, find_newest_date, channel.channel_id, since=since, until=until) for channel in request.channels
    ]
    return max((date for date in dates if date is not None), default=None)


async def _of_channel(
    conn: Connection, request: Request, channel: ChannelName, size: int
) -> AsyncGenerator[list[Item], None]:
    since, until = request.bounds.since_unix, request.bounds.until_unix
    async with aclosing(rows.iter_chunks(conn, channel.channel_id, since=since, until=until, chunk=size)) as chunks:
        async for chunk in chunks:
            yield [(message, build_row(channel, message, media)) for message, media in chunk]


async def _merged(conn: Connection, request: Request) -> AsyncGenerator[list[Item], None]:
    """Merge all channels. The more channels, the smaller the chunks, so that memory stays constant."""
    size = max(20, _CHUNKS_TOTAL // max(1, len(request.channels)))
    async with AsyncExitStack() as stack:
        streams = [
            await stack.enter_async_context(aclosing(_of_channel(conn, request, channel, size)))
            for channel in request.channels
        ]
        queues: list[Iterator[Item]] = [iter(())] * len(streams)
        heap: list[_Entry] = []
        merged: list[Item] = []
        for at, stream in enumerate(streams):
            if (first := await _next_chunk(at, stream, queues)) is not None:
                heapq.heappush(heap, first)
        while heap:
            *_, at, item = heap[0]
            merged.append(item)
            following = next(queues[at], None)  # mostly there: awaiting each row would cost as much as the row
            entry = _entry(at, following) if following else await _next_chunk(at, streams[at], queues)
            if entry is None:
                heapq.heappop(heap)
            else:
                heapq.heapreplace(heap, entry)
            if len(merged) == rows.CHUNK:
                yield merged
                merged = []
        yield merged


_Entry: TypeAlias = tuple[int, int, int, int, Item]
"""Date, channel and id of a message, by which it is sorted; the number of its stream; and itself."""


def _entry(at: int, item: Item) -> _Entry:
    message = item[0]
    return message.date, message.channel_id, message.message_id, at, item


async def _next_chunk(at: int, stream: AsyncGenerator[list[Item], None], queues: list[Iterator[Item]]) -> _Entry | None:
    """Read the next messages of a channel, and return the first of them."""
    async for chunk in stream:
        queues[at] = iter(chunk)
        if (item := next(queues[at], None)) is not None:
            return _entry(at, item)
    return None


async def _found(conn: Connection, request: Request) -> AsyncGenerator[list[Item], None]:
    """The hits of the query; the exact engine's `oldest` has the same order."""
    assert request.tree is not None
    engine = ExactEngine(conn)
    names = {channel.channel_id: channel for channel in request.channels}
    cursor: str | None = None
    while True:
        answer = await engine.search(
            Question(
                tree=request.tree,
                bounds=request.bounds,
                channels=frozenset(names),
                sort="oldest",
                limit=_HITS,
                cursor=cursor,
            )
        )
        keys = [(hit.channel_id, hit.message_id) for hit in answer.hits]
        held = await read(conn, rows.get_messages, keys)
        found = [(names[ChannelId(key[0])], *held[key]) for key in keys if key in held]
        yield [(message, build_row(name, message, media)) for name, message, media in found]
        cursor = answer.cursor
        if cursor is None:
            return
