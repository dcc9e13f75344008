"""`telekeep add`: choose channels to mirror."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from archiver.cli import interrupted, output

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

    Telekeep reads public channels and groups; it never joins one. A list has one channel a line, # begins a comment,
    and the first column of a CSV will do. Adding a channel again takes it up where it stopped, and changes its
    --since or --alias if one is given; what is archived stays.

    While `telekeep run` mirrors, the service adds them and this command waits for its answer, unless the service stops
    or is silent for ten minutes; what is still open then is added later, within a week.
    """
    return interrupted.run(
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
    from archiver.cli.commands.adding import add_here, add_in_service
    from archiver.cli.commands.channel_list import read_list
    from archiver.errors import Busy, UsageError
    from archiver.store.intake import Order
    from config.accounts import account_settings

    if account is not None:
        account_settings(settings, account)  # whether there is such an account
    words = [word for typed in channels for word in (read_list("-") if typed == "-" else [typed])]
    words += read_list(file) if file else []
    if not words:
        raise UsageError("no channel was named.", hint="Write `telekeep add @name`, or give a list with -f.")
    named, refused = _check(words)
    if alias is not None:
        _check_alias(alias, len(named) + refused)
    window_start = await _window_start(settings, since, tz)
    orders = [
        Order(channel=word, alias=alias, window_start=window_start, keep_window=since is None, account=account)
        for word in named
    ]
    if not orders:
        return 2
    try:
        failures = await add_here(settings, orders)
    except Busy as exc:
        if exc.holder != "run":
            raise
        failures = await add_in_service(settings, orders)
    failures += [UsageError.exit_status] * refused
    if not failures:
        return 0
    return max(failures) if len(failures) == len(orders) + refused else 3


def _check(words: list[str]) -> tuple[list[str], int]:
    """The words that name a channel, each once, and how many name none; these keep no other from being added."""
    from archiver.address import echo, parse_channel
    from archiver.errors import UsageError

    named: dict[str, str] = {}
    refused = 0
    for word in words:
        try:
            ref = parse_channel(word)
            # An id costs no look-up by name; what the two ways to write it lead to is said for each.
            named.setdefault(str(ref).casefold() if ref.name else word.strip(), word.strip())
        except UsageError as exc:
            refused += 1
            output.error(f"{echo(word)}: {exc}")
    return list(named.values()), refused


def _check_alias(alias: str, count: int) -> None:
    from archiver.address import parse_channel
    from archiver.errors import UsageError

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


async def _window_start(settings: Settings, since: str | None, tz: str) -> int | None:
    if since is None or since.strip().lower() == "all":
        return None
    from archiver.reading.clock_offset import read_present_at
    from search.query.dates import parse_since, parse_zone

    now = await read_present_at(settings.archive.dir)
    return int(parse_since(since, parse_zone(tz), now).timestamp())
