"""`telekeep changes`: edits, deletions and renames, newest first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated

from archiver.cli import interrupted, output
from archiver.cli.arguments import ChannelsArgument
from archiver.cli.invocation import Invocation
from archiver.cli.local_time import ZoneOption, local_time
from archiver.cli.pager import page
from archiver.cli.parsing.parameters import CommandContext, Option
from archiver.cli.view.fields import Csv, CsvTable, Fields, TableShape, choose_table_shape, parse_fields, pick
from archiver.cli.view.moments import Moments
from archiver.compose.read_archive import When, choose_channels, open_archive
from archiver.errors import UsageError
from archiver.ids import ChannelId
from archiver.model.iso_time import iso
from archiver.reading.change import KEYS, KINDS, Change, ChangeKind
from archiver.reading.change_log import iter_changes
from archiver.reading.clock_offset import read_server_now
from archiver.store.channels.capture import list_first_reads
from archiver.store.channels.channel import list_channels
from archiver.store.database import Connection, read
from archiver.store.messages.rows import list_names, snapshot
from search.query.dates import Bounds

EXIT_STATUS = {
    0: "changes found",
    1: "nothing found",
    2: "wrong usage, or there is no archive",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesOptions:
    """The options as given."""

    channels: tuple[str, ...] = ()
    when: When
    kinds: frozenset[ChangeKind]
    limit: int = 50
    shape: TableShape = "people"
    fields: tuple[str, ...] | None = None
    moments: Moments


def command(
    context: CommandContext,
    channel: ChannelsArgument = None,
    *,
    since: Annotated[str | None, Option(metavar="DATE", help="Only changes from this time or day on.")] = None,
    until: Annotated[
        str | None, Option(metavar="DATE", help="Only changes up to the end of this day, or before this time.")
    ] = None,
    on: Annotated[str | None, Option(metavar="DAY", help="Only this day, month, year, or range A..B.")] = None,
    tz: ZoneOption = None,
    kind: Annotated[list[str] | None, Option("--kind", metavar="KIND", help="Only this kind (repeatable).")] = None,
    counts: Annotated[bool, Option("--counts", help="Include changes of the subscriber count.")] = False,
    limit: Annotated[int, Option("-n", min=0, metavar="N", help="Maximum number of results; 0 = no limit.")] = 50,
    json: Annotated[bool, Option("--json", help="Print a JSON array.")] = False,
    jsonl: Annotated[bool, Option("--jsonl", help="Print one JSON object per line.")] = False,
    csv: Csv = False,
    fields: Fields = None,
) -> int:
    """List changes of archived messages and channels, by the time they were noticed, newest first.

    \b
    Examples:
      telekeep changes --since 24h
      telekeep changes @channel --kind deleted --on 2021-12-16 --tz Asia/Baghdad
      telekeep changes --kind edited -n 0 --jsonl | jq -r .permalink

    \b
    edited       the content of a message changed; `telekeep history CHANNEL/ID --diff` shows every version
    differs      an import has other content for a message; the post may never have changed
    deleted      a message was deleted, or is no longer visible, since last_seen; the data calls it missing
    returned     a deleted message is visible again
    renamed      the channel's @name changed; likewise retitled, about, flags (scam, verified ...), restriction
    state        the channel became inaccessible (private), banned, active again ...
    count        the number of subscribers changed (with --counts)

    The JSON and the columns of --csv are documented in docs/changes.md. In a pipe: time, address, link, kind,
    description, last seen, title of the channel, separated by tabs.
    """
    options = ChangesOptions(
        channels=tuple(channel or ()),
        when=When(since, until, on, context.obj.zone(tz)),
        kinds=_kinds(kind or [], counts=counts),
        limit=limit,
        shape=choose_table_shape(json=json, jsonl=jsonl, csv=csv, fields=fields),
        fields=parse_fields(fields, KEYS),
        moments=local_time(context.obj, tz),
    )
    return interrupted.run(run(context.obj, options))


async def run(invocation: Invocation, options: ChangesOptions) -> int:
    """List the changes. Returns the exit status."""
    async with open_archive(invocation.checked_settings().archive.dir, remarks=output) as database:
        conn = database.connection
        write = options.moments.at if output.is_terminal() else iso
        bounds = options.when.resolve(await read_server_now(conn), remarks=output, write=write)
        chosen = await choose_channels(conn, options.channels, remarks=output) if options.channels else None
        channels = None if chosen is None else {channel.channel_id for channel in chosen}
        async with snapshot(conn):
            found, more = await _print_changes(conn, options, bounds, channels)
            said = "" if found else await _say_none(conn, options, bounds, channels)
    output.note(said or f"{found} shown, newest first{' (there are more: -n 0 shows all)' if more else ''}")
    return 0 if found else 1


async def _print_changes(
    conn: Connection, options: ChangesOptions, bounds: Bounds, channels: Collection[ChannelId] | None
) -> tuple[int, bool]:
    """Print the changes. Returns their number, and whether there are more than wanted."""
    found = 0
    names = {channel.channel_id: channel for channel in await read(conn, list_names)}
    wanted = iter_changes(conn, options.kinds, names=names, bounds=bounds, channels=channels)
    with page():
        show, close = _printer(options)
        async with aclosing(wanted) as changes:
            async for change in changes:
                if found == options.limit > 0:
                    close()
                    return found, True
                found += 1
                show(change)
        close()
    return found, False


async def _say_none(
    conn: Connection, options: ChangesOptions, bounds: Bounds, channels: Collection[ChannelId] | None
) -> str:
    """Where and when nothing was noticed."""
    from archiver.cli.view.change_card import ChangeScope, describe_none

    mirrored = await read(conn, list_channels, removed=True)
    scope = ChangeScope(
        channels=[one for one in mirrored if channels is None or one.channel_id in channels],
        first_reads=await read(conn, list_first_reads),
        kinds=options.kinds if options.kinds != _kinds((), counts=False) else (),
        is_bounded=bounds.since is not None or bounds.until is not None,
    )
    return f"{describe_none(scope, options.moments)}."


def _kinds(typed: Sequence[str], *, counts: bool) -> frozenset[ChangeKind]:
    """The kinds given; by default all except `count`. `deleted` is what the data calls missing."""
    words = ["missing" if word == "deleted" else word for word in typed]
    wrong = next((word for word in words if word not in KINDS), None)
    if wrong is not None:
        known = ", ".join("deleted" if kind == "missing" else kind for kind in KINDS)
        raise UsageError(f"unknown kind of change: {wrong}.", hint=f"Kinds: {known}.")
    kinds = frozenset(kind for kind in KINDS if (kind in words if words else kind != "count"))
    return kinds | {"count"} if counts else kinds


def _printer(options: ChangesOptions) -> tuple[Callable[[Change], None], Callable[[], None]]:
    """A function that prints a change, and one that ends the output."""
    if options.shape == "csv":
        table = CsvTable(options.fields or KEYS)
        return lambda change: table.add(change.to_object()), lambda: None
    if options.shape == "jsonl":
        return lambda change: output.jsonl(pick(change.to_object(), options.fields)), lambda: None
    if options.shape == "json":
        array = output.JsonArray()
        return lambda change: array.add(pick(change.to_object(), options.fields)), array.close
    if not output.is_terminal():
        return _print_line, lambda: None
    from archiver.cli.view.change_card import ChangePrinter

    return ChangePrinter(output.console(), options.moments).show, lambda: None


def _print_line(change: Change) -> None:
    seen, title = iso(change.last_seen), change.channel.title
    output.tsv(iso(change.at), change.address, change.permalink, change.kind, change.description, seen, title)
