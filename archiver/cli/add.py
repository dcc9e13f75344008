"""`telekeep add`: choose channels to mirror."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archiver.cli import output

if TYPE_CHECKING:
    from archiver.address import ChannelRef
    from archiver.cli.account import Account
    from archiver.store.database import Connection
    from config.settings import Settings

EXIT_STATUS = {
    0: "all are mirrored from now on",
    2: "wrong usage, or none could be added",
    3: "some could not be added",
    4: "login needed",
    5: "flood wait: run again after the seconds named",
}


def command(
    context: typer.Context,
    *,
    channels: Annotated[
        list[str] | None, typer.Argument(metavar="CHANNEL", help="@name, a t.me link; once added, its id or alias too.")
    ] = None,
    file: Annotated[
        str | None, typer.Option("--file", "-f", metavar="FILE", help="One channel a line; - for standard input.")
    ] = None,
    alias: Annotated[str | None, typer.Option("--alias", metavar="A", help="A name of your own for it.")] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="DATE", help="Mirror from this date on; `all`: the whole history (default)."),
    ] = None,
    tz: Annotated[str, typer.Option("--tz", metavar="ZONE", help="The time zone of --since.")] = "UTC",
) -> int:
    """Choose channels to mirror.

    \b
    Examples:
      telekeep add @channel
      telekeep add https://t.me/channel --alias desk --since 2021-11-01
      telekeep add -f channels.txt

    Telekeep reads public channels; it never joins one. In a file, # begins a comment. Adding a channel again
    takes it up where it stopped, and changes its --since or --alias if one is given; what is archived stays.
    """
    return asyncio.run(run(context.obj.settings(), channels=channels or [], file=file, alias=alias, since=since, tz=tz))


async def run(
    settings: Settings, *, channels: list[str], file: str | None, alias: str | None, since: str | None, tz: str
) -> int:
    """Resolve and keep each channel. Returns the exit status."""
    from archiver.cli.account import open_account  # noqa: PLC0415 - --help must not pay for the rest
    from archiver.errors import (  # noqa: PLC0415 - see above
        ChannelError,
        NotFound,
        ServerFault,
        UnreadableObject,
        UsageError,
    )

    words = [*channels, *(_read_list(file) if file else [])]
    if not words:
        raise UsageError("no channel was named.", hint="Write `telekeep add @name`, or give a list with -f.")
    if alias is not None:
        _check_alias(alias, len(words))
    window_start = _window_start(since, tz)
    refs = _parse(words)
    if not refs:
        return 2
    failed = len(words) - len(refs)
    async with open_account(settings, command="add") as account:
        for ref in refs:
            try:
                await _add(account, ref, window_start=window_start, keep_window=since is None, alias=alias)
            except (ChannelError, NotFound, ServerFault, UnreadableObject) as exc:
                failed += 1
                output.error(f"{ref}: {exc}")
    if failed:
        return 2 if failed == len(words) else 3
    return 0


def _parse(words: list[str]) -> list[ChannelRef]:
    """The channels among the words; what is none is told, and keeps nobody else from being added."""
    from archiver.address import parse_channel  # noqa: PLC0415 - see run
    from archiver.errors import UsageError  # noqa: PLC0415 - see run

    refs = []
    for word in words:
        try:
            refs.append(parse_channel(word))
        except UsageError as exc:
            output.error(f"{word}: {exc}")
    return refs


async def _add(
    account: Account, ref: ChannelRef, *, window_start: int | None, keep_window: bool, alias: str | None
) -> None:
    from archiver.errors import NotFound, ServerFault, StaleAccess, UnreadableObject  # noqa: PLC0415 - see run
    from archiver.store.channel import find_access, find_by_alias  # noqa: PLC0415 - see run

    conn = account.database.connection
    channel_id = ref.channel_id
    if channel_id is None and not ref.public:
        channel_id = await find_by_alias(conn, str(ref.name))
    if channel_id is not None:
        access_hash = await find_access(conn, account="default", channel_id=channel_id)
        if access_hash is None:
            raise NotFound("an id alone cannot be asked for.", hint="Add the channel by its public name, @name.")
        channel = await account.source.get_channel(channel_id, access_hash)
    else:
        channel = await account.source.resolve_username(str(ref.name))
        try:
            channel = await account.source.get_channel(channel.channel_id, channel.access_hash)
        except (ServerFault, StaleAccess, UnreadableObject):
            output.note(f"{ref}: its description could not be read; it is mirrored all the same.")
    if alias is not None:
        await _check_unused(conn, alias, channel.channel_id)
    new = await account.ingest.add_channel(channel, window_start=window_start, keep_window=keep_window, alias=alias)
    since = f", from {datetime.fromtimestamp(window_start, UTC):%Y-%m-%dT%H:%M:%SZ} on" if window_start else ""
    name = f"@{channel.username}" if channel.username else str(channel.channel_id)
    state = "added" if new else "mirrored already"
    output.note(f"{name} ({channel.title}): {state}{since}.")


def _check_alias(alias: str, count: int) -> None:
    from archiver.address import parse_channel  # noqa: PLC0415 - see run
    from archiver.errors import UsageError  # noqa: PLC0415 - see run

    if count != 1:
        raise UsageError("--alias names one channel, and several were given.", hint="Add them one by one.")
    try:
        ref = parse_channel(alias)
    except UsageError:
        ref = None
    if ref is None or ref.name != alias:
        raise UsageError(
            f"{alias!r} cannot be an alias.", hint="Use letters, digits, - and _, and no number, @ or link."
        )


async def _check_unused(conn: Connection, alias: str, channel_id: int) -> None:
    """An alias that another channel is called by would make both ambiguous."""
    from archiver.errors import UsageError  # noqa: PLC0415 - see run
    from archiver.store.rows import list_names  # noqa: PLC0415 - see run

    for other in await list_names(conn):
        names = {name.casefold() for name in (other.alias, other.username, *other.usernames) if name}
        if other.channel_id != channel_id and alias.casefold() in names:
            raise UsageError(f"another channel is called {alias!r} already.", hint="Choose another alias.")


def _window_start(since: str | None, tz: str) -> int | None:
    if since is None or since.strip().lower() == "all":
        return None
    from search.dates import parse_since, parse_zone  # noqa: PLC0415 - see run

    now = datetime.fromtimestamp(time.time(), UTC)
    return int(parse_since(since, parse_zone(tz), now).timestamp())


def _read_list(file: str) -> Iterable[str]:
    from archiver.errors import UsageError  # noqa: PLC0415 - see run

    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(f"the list {file} cannot be read ({type(exc).__name__}).") from exc
    # The first cell, so that a CSV will do; @ and # may both begin a word, only # begins a comment.
    for line in text.splitlines():
        cell = line.partition("#")[0].partition(",")[0].strip().strip('"')
        if cell:
            yield cell
