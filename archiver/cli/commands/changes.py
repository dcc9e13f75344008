"""`telekeep changes`: what was edited, deleted or renamed, newest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from archiver.cli import interrupted, output
from archiver.cli.invocation import Invocation
from archiver.cli.terminal import is_clean_link
from archiver.compose.read_archive import When, choose_channels, open_archive
from archiver.errors import UsageError
from archiver.model.row import iso
from archiver.reading.change_log import KINDS, Change, Kind, iter_changes
from archiver.reading.clock_offset import read_present
from archiver.store.rows import list_names, snapshot

if TYPE_CHECKING:
    from rich.text import Text

EXIT_STATUS = {
    0: "there are changes, and they were listed",
    1: "nothing found",
    2: "wrong usage, or there is no archive",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was asked for."""

    channels: tuple[str, ...] = ()
    when: When
    kinds: frozenset[Kind]
    limit: int = 50
    shape: str = "people"


def command(
    context: typer.Context,
    channel: Annotated[
        list[str] | None, typer.Argument(metavar="CHANNEL", help="Name, alias, link or id; default: all.")
    ] = None,
    *,
    since: Annotated[str | None, typer.Option(metavar="DATE", help="From this instant, or day's beginning.")] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="Before this instant; a day is included.")] = None,
    on: Annotated[str | None, typer.Option(metavar="DAY", help="A day, month, year, or A..B.")] = None,
    tz: Annotated[str, typer.Option(metavar="ZONE", help="The zone that days are counted in.")] = "UTC",
    kind: Annotated[
        list[str] | None, typer.Option("--kind", metavar="KIND", help="Only these; may be repeated. See above.")
    ] = None,
    counts: Annotated[bool, typer.Option("--counts", help="Numbers of subscribers, too: they move often.")] = False,
    limit: Annotated[int, typer.Option("-n", min=0, metavar="N", help="At most N; 0 for all.")] = 50,
    json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="One JSON object a line.")] = False,
) -> int:
    """List what happened to what is kept, newest first, by the time when it was noticed.

    \b
    Examples:
      telekeep changes --since 24h
      telekeep changes @channel --kind missing --on 2021-12-16 --tz Asia/Baghdad
      telekeep changes --kind edited -n 0 --jsonl | jq -r .permalink

    \b
    edited       a message has another content; `telekeep history CHANNEL/ID --diff` shows all of them
    missing      a message is gone; it went between last_seen and the time given
    returned     a message that was gone is there again
    renamed      the channel has another @name; retitled, about, flags (scam, verified ...), restriction alike
    state        the channel became inaccessible (private), banned, active again ...
    count        the number of subscribers, with --counts

    The JSON is that of docs/changes.md. In a pipe: time, address, link, kind, description, last seen, with tabs
    between.
    """
    if json and jsonl:
        raise UsageError("--json and --jsonl cannot be combined.")
    options = Options(
        channels=tuple(channel or ()),
        when=When(since, until, on, tz),
        kinds=_kinds(kind or [], counts=counts),
        limit=limit,
        shape="json" if json else "jsonl" if jsonl else "people",
    )
    return interrupted.run(run(context.obj, options))


async def run(invocation: Invocation, options: Options) -> int:
    """List them; the result is the exit status."""
    found, more = 0, ""
    tell, close = _teller(options.shape)
    async with open_archive(invocation.settings().archive.dir, remarks=output) as database:
        conn = database.connection
        bounds = options.when.resolve(await read_present(conn), remarks=output)
        chosen = await choose_channels(conn, options.channels, remarks=output) if options.channels else None
        async with snapshot(conn):
            names = {channel.channel_id: channel for channel in await list_names(conn)}
            channels = None if chosen is None else {channel.channel_id for channel in chosen}
            wanted = iter_changes(conn, options.kinds, names=names, bounds=bounds, channels=channels)
            async with aclosing(wanted) as changes:
                async for change in changes:
                    if found == options.limit > 0:
                        more = " (there are more: -n 0 shows all)"
                        break
                    found += 1
                    tell(change)
    close()
    output.note(f"{found} shown, newest first{more}" if found else "nothing found")
    return 0 if found else 1


def _kinds(typed: Sequence[str], *, counts: bool) -> frozenset[Kind]:
    """The kinds that were typed; all but the numbers for none."""
    wrong = next((word for word in typed if word not in KINDS), None)
    if wrong is not None:
        raise UsageError(f"there is no kind of change called {wrong}.", hint=f"Kinds are {', '.join(KINDS)}.")
    kinds = frozenset(kind for kind in KINDS if (kind in typed if typed else kind != "count"))
    return kinds | {"count"} if counts else kinds


def _teller(shape: str) -> tuple[Callable[[Change], None], Callable[[], None]]:
    """How to print a change, and how to end."""
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
