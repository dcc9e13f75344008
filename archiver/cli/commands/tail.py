"""`telekeep tail`: follow new, edited and deleted posts as they come into the archive."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from archiver.cli import interrupted, output, streams
from archiver.cli.arguments import DateZoneOption
from archiver.cli.invocation import Invocation
from archiver.cli.parsing.parameters import Argument, CommandContext, Option
from archiver.cli.search_options import Channels
from archiver.cli.view.fields import parse_fields
from archiver.cli.view.tailed import Event, EventPrinter, last_edit, last_event
from archiver.compose.query import open_engine, read_query
from archiver.compose.read_archive import choose_channels, open_archive
from archiver.errors import UsageError
from archiver.ids import ChannelId
from archiver.lock import find_holder
from archiver.model.row import KEYS, ChannelName, build_row
from archiver.reading.arrivals import Arrivals
from archiver.reading.clock_offset import read_server_now
from archiver.reading.matching import find_matching
from archiver.store.database import Connection, read
from archiver.store.imports.claimed import read_claims
from archiver.store.messages.arrivals import Arrival, read_data_version
from archiver.store.messages.history import list_revisions
from archiver.store.messages.rows import get_messages, list_names, snapshot
from search.engine.protocol import Engine, Question
from search.query.dates import parse_since, parse_zone
from search.query.parse import EVERYTHING, Node

EXIT_STATUS = {
    0: "the reader closed the output",
    2: "wrong usage, an invalid query, or there is no archive",
    130: "stopped by Ctrl-C",
}
EVERY = 0.5
"""Seconds between two checks for new commits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TailOptions:
    """The options as given."""

    query: str
    channels: tuple[str, ...] = ()
    since: str | None = None
    tz: str = "UTC"
    last: int = 10
    jsonl: bool = False
    fields: tuple[str, ...] | None = None
    """Keys to print; None for all."""


def command(
    context: CommandContext,
    query: Annotated[
        list[str] | None, Argument(metavar="QUERY", help="Words and filters; see `telekeep help query`.")
    ] = None,
    *,
    channel: Channels = None,
    since: Annotated[
        str | None, Option("--since", metavar="DATE", help="Start with what was archived since then, instead of -n.")
    ] = None,
    tz: DateZoneOption = None,
    last: Annotated[int, Option("-n", min=0, metavar="N", help="Start with the last N posts that match.")] = 10,
    jsonl: Annotated[bool, Option("--jsonl", help="Print one JSON row per line.")] = False,
    fields: Annotated[
        str | None, Option("--fields", metavar="A,B", help="Only these keys, in this order; with --jsonl.")
    ] = None,
) -> int:
    """Follow new, edited and deleted posts as they are archived.

    \b
    Examples:
      telekeep tail
      telekeep tail 'convoy OR convoi' -c atlas
      telekeep tail has:video -n 0 --jsonl | jq -r .permalink
      telekeep tail --since 1h

    \b
    new        a post was archived; also an older one, while a history is being fetched
    edited     its content changed; the current content is shown
    deleted    it was deleted, or is no longer visible
    returned   a deleted post is visible again

    Posts come from `telekeep run` or `telekeep sync` in another process; this command uses no network. A post is
    shown if its current content matches the query; with in:revisions, also if an earlier version does. Ctrl-C ends it.

    --jsonl: the keys of docs/rows.md, event, at (when it was noticed), and if_posted (only an import says that it was
    posted). In a pipe: date, address, link, text, event, at and title of the channel, separated by tabs.
    """
    if fields is not None and not jsonl:
        raise UsageError("--fields needs --jsonl.")
    options = TailOptions(
        query=" ".join(query or ()),
        channels=tuple(channel or ()),
        since=since,
        tz=context.obj.zone(tz),
        last=last,
        jsonl=jsonl,
        fields=parse_fields(fields, (*KEYS, "event", "at", "if_posted")),
    )
    return interrupted.run(run(context.obj, options))


async def run(invocation: Invocation, options: TailOptions) -> int:
    """Follow until the reader leaves. Returns the exit status."""
    directory = invocation.checked_settings().archive.dir
    async with open_archive(directory, remarks=output) as database:
        conn = database.connection
        now = await read_server_now(conn)
        chosen = await choose_channels(conn, options.channels, remarks=output) if options.channels else None
        tree: Node = EVERYTHING
        if options.query.strip():
            tree = await read_query(conn, options.query, now=now, zone=options.tz, remarks=output)
        since = parse_since(options.since, parse_zone(options.tz), now) if options.since else None
        tail = _Tail(
            conn,
            tree,
            await open_engine(conn),
            None if chosen is None else frozenset(one.channel_id for one in chosen),
            EventPrinter(tree, parse_zone(options.tz), jsonl=options.jsonl, fields=options.fields),
        )
        _say_who_mirrors(directory)
        begun = int(since.timestamp()) if since else None
        async for _ in _commits(conn):
            if tail.arrivals is None:
                await tail.begin(since=begun, last=options.last)
            else:
                await tail.follow()
            if streams.has_reader_left():
                return 0
    return 0


def _say_who_mirrors(directory: Path) -> None:
    if find_holder(directory) is None:
        output.note("nothing is mirroring now: posts arrive once `telekeep run` or `telekeep sync` is running.")


async def _commits(conn: Connection) -> AsyncIterator[None]:
    """Yield immediately, then after each commit of another process or when the reader leaves."""
    known = -1
    while True:
        version = await read(conn, read_data_version)
        if version != known:
            known = version
            yield
        elif streams.has_reader_left():
            yield
        else:
            await asyncio.sleep(EVERY)


_Names = dict[ChannelId, ChannelName]


class _Tail:
    """Shows the events that match, each once."""

    def __init__(
        self,
        conn: Connection,
        tree: Node,
        engine: Engine,
        channels: frozenset[ChannelId] | None,
        printer: EventPrinter,
    ) -> None:
        self._conn, self._tree, self._engine = conn, tree, engine
        self._channels, self._printer = channels, printer
        self.arrivals: Arrivals | None = None

    async def begin(self, *, since: int | None, last: int) -> None:
        """Set the starting position; show the last posts before it, or what was archived since then."""
        async with snapshot(self._conn):
            self.arrivals = await read(self._conn, Arrivals, now=int(time.time()), since=since)
            found = await self._find_last(last) if since is None and last else []
        self._print(found)
        if since is not None:
            await self.follow()

    async def follow(self) -> None:
        """Show what was archived since the last call."""
        arrivals = self.arrivals
        assert arrivals is not None
        while True:
            async with snapshot(self._conn):
                found = await read(self._conn, arrivals.read_next, now=int(time.time()))
                shown = await self._find(found)
            if not found:
                return
            self._print(shown)

    def _print(self, events: list[tuple[Event, _Names]]) -> None:
        """Print the events; no snapshot is open, since a reader may take its time."""
        for event, names in events:
            self._printer.show(event, names)
        output.flush()

    async def _find_last(self, last: int) -> list[tuple[Event, _Names]]:
        """The last posts that match, oldest first, each with the last thing that happened to it."""
        question = Question(tree=self._tree, channels=self._channels, sort="newest", limit=last)
        hits = (await self._engine.search(question)).hits
        held = await read(self._conn, get_messages, [hit.key for hit in hits])
        last_edits = {key: (1, message.revisions) for key, (message, _) in held.items()}
        replaced = await read(self._conn, list_revisions, last_edits)
        claims = await read(self._conn, read_claims, held.values())
        names, events = await self._names(), []
        for hit in reversed(hits):
            if hit.key in held:
                message, media = held[hit.key]
                event, at = last_event(message, last_edit(replaced[hit.key]))
                channel = names[message.channel_id]
                events.append((Event(event, at, build_row(channel, message, media), claims.get(hit.key)), names))
        return events

    async def _find(self, found: list[Arrival]) -> list[tuple[Event, _Names]]:
        """Those of the events whose posts match."""
        if self._channels is not None:
            found = [one for one in found if one.channel_id in self._channels]
        if not found:
            return []
        keys = {(one.channel_id, one.message_id) for one in found}
        matching = keys if self._tree == EVERYTHING else await find_matching(self._engine, self._tree, keys)
        held = await read(self._conn, get_messages, sorted(matching))
        claims = await read(self._conn, read_claims, held.values())
        names, events = await self._names(), []
        for one in found:
            if (key := (one.channel_id, one.message_id)) in held:
                channel = names[one.channel_id]
                events.append((Event(one.event, one.at, build_row(channel, *held[key]), claims.get(key)), names))
        return events

    async def _names(self) -> _Names:
        return {channel.channel_id: channel for channel in await read(self._conn, list_names)}
