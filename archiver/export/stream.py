"""Stream the rows of a request by date, channel and message id, with a few chunks in memory at a time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TypeAlias

from archiver.export.request import Request
from archiver.model.imported import IMPORTED
from archiver.model.json_text import dump
from archiver.model.row import HeldItem, Row, StoredMessage, build_row
from archiver.model.versions import list_versions
from archiver.reading.imported_from import NO_IMPORTS, read_imports
from archiver.store.channels.extent import count_dated, find_newest_date
from archiver.store.database import Connection, read
from archiver.store.faults import damage
from archiver.store.imports.import_names import NO_NAMES
from archiver.store.messages import dated, rows
from archiver.store.messages.dated import find_places, iter_dated, list_at
from archiver.store.messages.history import list_revisions
from archiver.store.messages.readable import MAYBE_DAMAGE, Lose, is_damage, read_each
from archiver.store.messages.rows import HeldMessage

Item: TypeAlias = tuple[StoredMessage, Row]
"""A stored message and its row."""
EncodeItems: TypeAlias = Callable[[Sequence[HeldItem]], bytes]
_HITS = 500


async def iter_chunks(conn: Connection, request: Request, lose: Lose | None = None) -> AsyncGenerator[list[Item], None]:
    """The rows of the request in order, some at a time."""
    async with aclosing(iter_held(conn, request, lose)) as chunks:
        async for held in chunks:
            chunk = [(message, build_row(channel, message, media)) for channel, message, media in held]
            yield await _with_versions(conn, chunk, lose) if request.revisions else chunk


async def iter_held(
    conn: Connection, request: Request, lose: Lose | None = None
) -> AsyncGenerator[list[HeldItem], None]:
    """The requested messages in order, in chunks, before they become rows.

    `lose` is called with messages that damage to the archive's file makes unreadable; without it that is an error.
    """
    if request.by_channel and len(request.channels) > 1:
        for channel in request.channels:
            async for chunk in iter_held(conn, replace(request, channels=(channel,)), lose):
                yield chunk
        return
    read_some = _dated if request.tree is None else _found
    async with aclosing(read_some(conn, request, lose)) as chunks:
        async for chunk in chunks:
            yield chunk


async def iter_encoded(
    conn: Connection, request: Request, encode: EncodeItems, lose: Lose | None = None
) -> AsyncGenerator[tuple[bytes, Sequence[HeldMessage]], None]:
    """The requested messages as encoded rows, each chunk with its messages."""
    if request.tree is None and not (request.by_channel and len(request.channels) > 1):
        names = {channel.channel_id: channel for channel in request.channels}

        def encode_held(held: Sequence[HeldMessage]) -> bytes:
            return encode([(names[message.channel_id], message, media) for message, media in held])

        since, until = request.bounds.since_unix, request.bounds.until_unix
        encoded = dated.iter_encoded(conn, list(names), encode_held, since=since, until=until, lose=lose)
        async with aclosing(encoded) as chunks:
            async for chunk in chunks:
                yield chunk.data, chunk
        return
    async with aclosing(iter_held(conn, request, lose)) as found:
        async for items in found:
            yield encode(items), [(message, tuple(media)) for _, message, media in items]


async def _with_versions(conn: Connection, chunk: list[Item], lose: Lose | None) -> list[Item]:
    """The rows with their earlier contents; rows whose earlier contents are unreadable are left out."""
    try:
        await _add_versions(conn, chunk)
        return chunk
    except MAYBE_DAMAGE as exc:
        if not is_damage(exc):
            raise
        if lose is None:
            raise damage() from exc
    if len(chunk) == 1:
        lose(chunk[0][0].channel_id, chunk[0][0].message_id)
        return []
    half = len(chunk) // 2
    return await _with_versions(conn, chunk[:half], lose) + await _with_versions(conn, chunk[half:], lose)


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
        claimed = any(one.layer == IMPORTED for one in earlier)
        imports = await read_imports(conn, *key, names=NO_NAMES) if claimed else NO_IMPORTS
        row["versions"] = dump([imports.describe(one) for one in earlier]).decode()


async def count_items(conn: Connection, request: Request) -> int:
    """The number of messages of the request, for its progress."""
    since, until = request.bounds.since_unix, request.bounds.until_unix
    if request.tree is None:
        counts = [
            await read(conn, count_dated, channel.channel_id, since=since, until=until) for channel in request.channels
        ]
        return sum(counts)
    from search.engine.protocol import Question
    from search.exact.reader import ExactEngine

    channels = frozenset(channel.channel_id for channel in request.channels)
    return await ExactEngine(conn).count(Question(tree=request.tree, bounds=request.bounds, channels=channels))


async def find_newest(conn: Connection, request: Request) -> int | None:
    """The date of the newest message within the bounds, found by the query or not."""
    since, until = request.bounds.since_unix, request.bounds.until_unix
    dates = [
        await read(conn, find_newest_date, channel.channel_id, since=since, until=until) for channel in request.channels
    ]
    return max((date for date in dates if date is not None), default=None)


async def _dated(conn: Connection, request: Request, lose: Lose | None) -> AsyncGenerator[list[HeldItem], None]:
    """All messages within the bounds."""
    names = {channel.channel_id: channel for channel in request.channels}
    since, until = request.bounds.since_unix, request.bounds.until_unix
    async with aclosing(iter_dated(conn, list(names), since=since, until=until, lose=lose)) as chunks:
        async for chunk in chunks:
            yield [(names[message.channel_id], message, media) for message, media in chunk]


async def _found(conn: Connection, request: Request, lose: Lose | None) -> AsyncGenerator[list[HeldItem], None]:
    """The hits of the query; the exact engine's `oldest` has the same order."""
    from search.engine.protocol import Question
    from search.exact.reader import ExactEngine

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
        places = await read(conn, find_places, [(hit.channel_id, hit.message_id) for hit in answer.hits])
        held = await read(conn, read_each, places, read=list_at, lose=lose)
        yield [(names[message.channel_id], message, media) for message, media in held]
        cursor = answer.cursor
        if cursor is None:
            return
