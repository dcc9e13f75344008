"""Stream the rows of a request by date, channel and message id, with a few chunks in memory at a time."""

from __future__ import annotations

import heapq
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from typing import TypeAlias

from archiver.export.request import Request
from archiver.ids import ChannelId
from archiver.model.row import ChannelName, Row, StoredMessage, build_row
from archiver.store import rows
from archiver.store.database import Connection, read
from archiver.store.extent import count_dated
from search.engine.protocol import Question
from search.exact.writer import ExactEngine

Item: TypeAlias = tuple[StoredMessage, Row]
"""A stored message and its row."""

_CHUNKS_TOTAL = 4 * rows.CHUNK
_HITS = 500


def iter_items(conn: Connection, request: Request) -> AsyncGenerator[Item, None]:
    """The messages of the request in order."""
    if request.tree is not None:
        return _found(conn, request)
    if len(request.channels) == 1:
        return _of_channel(conn, request, request.channels[0], rows.CHUNK)
    return _merged(conn, request)


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


async def _of_channel(
    conn: Connection, request: Request, channel: ChannelName, chunk: int
) -> AsyncGenerator[Item, None]:
    since, until = request.bounds.since_unix, request.bounds.until_unix
    async with aclosing(
        rows.iter_messages(conn, channel.channel_id, since=since, until=until, chunk=chunk)
    ) as messages:
        async for message, media in messages:
            yield message, build_row(channel, message, media)


async def _merged(conn: Connection, request: Request) -> AsyncGenerator[Item, None]:
    """Merge all channels. The more channels, the smaller the chunks, so that memory stays constant."""
    chunk = max(20, _CHUNKS_TOTAL // max(1, len(request.channels)))
    async with AsyncExitStack() as stack:
        streams = [
            await stack.enter_async_context(aclosing(_of_channel(conn, request, channel, chunk)))
            for channel in request.channels
        ]
        heap: list[tuple[int, int, int, int, Item]] = []
        for at, stream in enumerate(streams):
            await _push(heap, at, stream)
        while heap:
            *_, at, item = heap[0]
            yield item
            heapq.heappop(heap)
            await _push(heap, at, streams[at])


async def _push(heap: list[tuple[int, int, int, int, Item]], at: int, stream: AsyncGenerator[Item, None]) -> None:
    item = await anext(stream, None)
    if item is not None:
        message = item[0]
        heapq.heappush(heap, (message.date, message.channel_id, message.message_id, at, item))


async def _found(conn: Connection, request: Request) -> AsyncGenerator[Item, None]:
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
        for key in keys:
            if key in held:
                message, media = held[key]
                yield message, build_row(names[ChannelId(key[0])], message, media)
        cursor = answer.cursor
        if cursor is None:
            return
