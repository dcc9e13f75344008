"""`telekeep changes`: edits, deletions and renames, newest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from archiver.cli import interrupted, output
from archiver.cli.invocation import Invocation
from archiver.cli.parsing.parameters import Argument, CommandContext, Option
from archiver.cli.terminal import is_clean_link
from archiver.compose.read_archive import When, choose_channels, open_archive
from archiver.errors import UsageError
from archiver.model.row import iso
from archiver.reading.change_log import KINDS, Change, ChangeKind, iter_changes
from archiver.reading.clock_offset import read_server_now
from archiver.store.database import read
from archiver.store.rows import list_names, snapshot

if TYPE_CHECKING:
    from rich.text import Text

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
    shape: str = "people"


def command(
    context: CommandContext,
    channel: Annotated[
        list[str] | None, Argument(metavar="CHANNEL", help="Name, alias, link or id; default: all.")
    ] = None,
    *,
    since: Annotated[str | None, Option(metavar="DATE", help="Only changes from this time or day on.")] = None,
    until: Annotated[
        str | None, Option(metavar="DATE", help="Only changes before this time; a day is included.")
    ] = None,
    on: Annotated[str | None, Option(metavar="DAY", help="Only this day, month, year, or range A..B.")] = None,
    tz: Annotated[str | None, Option(metavar="ZONE", help="Time zone of dates; default: [display] tz, UTC.")] = None,
    kind: Annotated[list[str] | None, Option("--kind", metavar="KIND", help="Only this kind (repeatable).")] = None,
    counts: Annotated[bool, Option("--counts", help="Include changes of the subscriber count.")] = False,
    limit: Annotated[int, Option("-n", min=0, metavar="N", help="Maximum number of results; 0 = no limit.")] = 50,
    json: Annotated[bool, Option("--json", help="Print a JSON array.")] = False,
    jsonl: Annotated[bool, Option("--jsonl", help="Print one JSON object per line.")] = False,
) -> int:
    """List changes of archived messages and channels, by the time they were noticed, newest first.

    \b
    Examples:
      telekeep changes --since 24h
      telekeep changes @channel --kind missing --on 2021-12-16 --tz Asia/Baghdad
      telekeep changes --kind edited -n 0 --jsonl | jq -r .permalink

    \b
    edited       the content of a message changed; `telekeep history CHANNEL/ID --diff` shows every version
    missing      a message was deleted, or is no longer visible, since last_seen
    returned     a deleted message is visible again
    renamed      the channel's @name changed; likewise retitled, about, flags (scam, verified ...), restriction
    state        the channel became inaccessible (private), banned, active again ...
    count        the number of subscribers changed (with --counts)

    The JSON is documented in docs/changes.md. In a pipe: time, address, link, kind, description, last seen, separated
    by tabs.
    """
    if json and jsonl:
        raise UsageError("--json and --jsonl cannot be combined.")
    options = ChangesOptions(
        channels=tuple(channel or ()),
        when=When(since, until, on, context.obj.zone(tz)),
        kinds=_kinds(kind or [], counts=counts),
        limit=limit,
        shape="json" if json else "jsonl" if jsonl else "people",
    )
    return interrupted.run(run(context.obj, options))


async def run(invocation: Invocation, options: ChangesOptions) -> int:
    """List the changes. Returns the exit status."""
    found, more = 0, ""
    show, close = _printer(options.shape)
    async with open_archive(invocation.settings().archive.dir, remarks=output) as database:
        conn = database.connection
        bounds = options.when.resolve(await read_server_now(conn), remarks=output)
        chosen = await choose_channels(conn, options.channels, remarks=output) if options.channels else None
        async with snapshot(conn):
            names = {channel.channel_id: channel for channel in await read(conn, list_names)}
            channels = None if chosen is None else {channel.channel_id for channel in chosen}
            wanted = iter_changes(conn, options.kinds, names=names, bounds=bounds, channels=channels)
            async with aclosing(wanted) as changes:
                async for change in changes:
                    if found == options.limit > 0:
                        more = " (there are more: -n 0 shows all)"
                        break
                    found += 1
                    show(change)
    close()
    output.note(f"{found} shown, newest first{more}" if found else "nothing found")
    return 0 if found else 1


def _kinds(typed: Sequence[str], *, counts: bool) -> frozenset[ChangeKind]:
    """The kinds given; by default all except `count`."""
    wrong = next((word for word in typed if word not in KINDS), None)
    if wrong is not None:
        raise UsageError(f"unknown kind of change: {wrong}.", hint=f"Kinds: {', '.join(KINDS)}.")
    kinds = frozenset(kind for kind in KINDS if (kind in typed if typed else kind != "count"))
    return kinds | {"count"} if counts else kinds


def _printer(shape: str) -> tuple[Callable[[Change], None], Callable[[], None]]:
    """A function that prints a change, and one that ends the output."""
    if shape == "jsonl":
        return lambda change: output.jsonl(change.to_object()), lambda: None
    if shape == "json":
        array = output.JsonArray()
        return lambda change: array.add(change.to_object()), array.close
    if not output.is_terminal():
        return _print_line, lambda: None
    console = output.console()

    def print_card(change: Change) -> None:
        console.print(_head(change), soft_wrap=True)
        console.print(f"  {output.text(change.description)}", soft_wrap=True)

    return print_card, lambda: None


def _print_line(change: Change) -> None:
    output.tsv(iso(change.at), change.address, change.permalink, change.kind, change.description, iso(change.last_seen))


def _head(change: Change) -> Text:
    from rich.style import Style
    from rich.text import Text

    link = Style(link=change.permalink) if change.permalink and is_clean_link(change.permalink) else Style()
    head = Text(f"{iso(change.at)}  ", style="dim")
    head.append(f"{change.kind:<8}  ", style="not dim bold")
    head.append(output.text(change.address), style=link + Style(dim=False))
    if change.kind == "missing":
        head.append(f"  last seen {iso(change.last_seen)} ({change.how})")
    return head
