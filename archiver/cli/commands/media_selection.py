"""The files that `telekeep media fetch` is to fetch, from what was typed."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from archiver.cli import output
from archiver.cli.commands.media_chosen import choose_media
from archiver.errors import UsageError
from archiver.ids import ChannelId, MessageId
from archiver.media.file_walk import FileSelection
from archiver.media.policy import asked_policy
from archiver.media.retry import ANY, OFFLOADED
from archiver.store.database import Database
from archiver.store.media.file_queue import WAITING
from archiver.store.media.media_asked import AskedFiles
from archiver.store.media.media_chosen import note_chosen

if TYPE_CHECKING:
    from archiver.cli.commands.media_wanted import Wanted
    from archiver.store.channels.channel import Mirrored
    from search.query.tree import Node

_HITS = 500


async def select(database: Database, wanted: Wanted) -> tuple[list[Mirrored], FileSelection]:
    """The channels concerned, and which of their files. Raises UsageError, NotFound, QueryError."""
    chosen = await choose_media(database, wanted.places)
    if not chosen.channels:
        raise UsageError("no channels yet.", hint="Add one: `telekeep add @name`.")
    when = wanted.when
    messages = chosen.messages
    if wanted.query is not None or when.since or when.until or when.on:
        if messages is not None:
            raise UsageError("single messages cannot be combined with --query or dates.")
        messages = await _find(database, chosen.channels, wanted)
    selection = FileSelection(
        channels=[channel.channel_id for channel in chosen.channels],
        messages=messages,
        states=WAITING | ANY if chosen.messages is not None else WAITING | OFFLOADED if wanted.again else WAITING,
        adapt=partial(asked_policy, max_size=wanted.max_size) if wanted.is_named else None,
        even_early=chosen.messages is not None,
    )
    return chosen.channels, selection


async def note_asked(
    database: Database, wanted: Wanted, channels: list[Mirrored], selection: FileSelection
) -> list[AskedFiles]:
    """Record and return what was asked for by name, which pruning keeps."""
    if not wanted.is_named:
        return []
    ids, now = [channel.channel_id for channel in channels], int(time.time())
    of = {one: None if selection.messages is None else selection.messages.get(one, ()) for one in ids}
    asked = [AskedFiles(one, wanted.max_size, messages, now) for one, messages in of.items()]
    for files in asked:
        await database.write(note_chosen, files)
    return asked


async def _find(database: Database, channels: list[Mirrored], wanted: Wanted) -> dict[ChannelId, list[MessageId]]:
    """The messages of the channels that the query and the dates select."""
    from archiver.compose.query import open_engine, read_query
    from archiver.reading.clock_offset import read_server_now
    from search.engine.protocol import Question
    from search.query.tree import EVERYTHING

    conn = database.connection
    now = await read_server_now(conn)
    bounds = wanted.when.resolve(now, remarks=output)
    engine = await open_engine(conn)
    tree: Node = EVERYTHING
    if wanted.query is not None:
        tree = await read_query(conn, wanted.query, now=now, zone=wanted.when.tz, remarks=output)
    ids = frozenset(channel.channel_id for channel in channels)
    question = Question(tree=tree, bounds=bounds, channels=ids, limit=_HITS)
    found: dict[ChannelId, list[MessageId]] = {}
    while True:
        answer = await engine.search(question)
        for hit in answer.hits:
            found.setdefault(ChannelId(hit.channel_id), []).append(MessageId(hit.message_id))
        if answer.cursor is None:
            return found
        question = replace(question, cursor=answer.cursor)
