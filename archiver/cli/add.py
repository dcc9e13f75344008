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
    from config.settings import Settings

EXIT_STATUS = {
    0: "all are mirrored from now on",
    2: "wrong usage, or none could be added",
    3: "some could not be added, or the service has not come to them yet",
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
    account: Annotated[
        str | None, typer.Option("--account", metavar="NAME", help="Which account reads new ones (default: default).")
    ] = None,
) -> int:
    """Choose channels to mirror.

    \b
    Examples:
      telekeep add @channel
      telekeep add https://t.me/channel --alias desk --since 2021-11-01
      telekeep add -f channels.txt

    Telekeep reads public channels; it never joins one. In a file, # begins a comment. Adding a channel again
    takes it up where it stopped, and changes its --since or --alias if one is given; what is archived stays.

    While `telekeep run` mirrors, it is the service that adds them, and this command waits for what it says. It waits no
    longer when the service stops or says nothing for ten minutes; what is open then is added later, within a week.
    """
    return asyncio.run(
        run(
            context.obj.settings(),
            channels=channels or [],
            file=file,
            alias=alias,
            since=since,
            tz=tz,
            account=account,
        )
    )


async def run(
    settings: Settings,
    *,
    channels: list[str],
    file: str | None,
    alias: str | None,
    since: str | None,
    tz: str,
    account: str | None,
) -> int:
    """Add each channel, or let the service do so where one runs. Returns the exit status."""
    from archiver.cli.adding import add_here, add_in_service  # noqa: PLC0415 - --help must not pay for the rest
    from archiver.errors import Busy, UsageError  # noqa: PLC0415 - see above
    from archiver.store.intake import Order  # noqa: PLC0415 - see above
    from config.accounts import account_settings  # noqa: PLC0415 - see above

    if account is not None:
        account_settings(settings, account)  # whether there is such an account
    words = [*channels, *(_read_list(file) if file else [])]
    if not words:
        raise UsageError("no channel was named.", hint="Write `telekeep add @name`, or give a list with -f.")
    if alias is not None:
        _check_alias(alias, len(words))
    window_start = _window_start(since, tz)
    orders = [
        Order(channel=word, alias=alias, window_start=window_start, keep_window=since is None, account=account)
        for word in _check(words)
    ]
    if not orders:
        return 2
    try:
        failures = await add_here(settings, orders)
    except Busy as exc:
        if exc.holder != "run":
            raise
        failures = await add_in_service(settings, orders)
    failures += [UsageError.exit_status] * (len(words) - len(orders))
    if not failures:
        return 0
    return max(failures) if len(failures) == len(words) else 3


def _check(words: list[str]) -> list[str]:
    """The words that name a channel; what names none is told, and keeps nobody else from being added."""
    from archiver.address import parse_channel  # noqa: PLC0415 - see run
    from archiver.errors import UsageError  # noqa: PLC0415 - see run

    named = []
    for word in words:
        try:
            parse_channel(word)
            named.append(word.strip())
        except UsageError as exc:
            output.error(f"{word}: {exc}")
    return named


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
