"""`telekeep add`: add channels to mirror."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from archiver.cli import interrupted
from archiver.cli.parsing.parameters import Argument, CommandContext, Option
from archiver.cli.view.shape import JsonArrayOption, JsonLinesOption, JsonObjects, Shape, choose_shape

if TYPE_CHECKING:
    from archiver.cli.view.moments import Moments
    from archiver.store.channels.intake import Order
    from config.settings import Settings

EXIT_STATUS = {
    0: "all channels were added",
    2: "wrong usage, or no channel could be added",
    3: "some channels could not be added, or the service has not added them yet",
    4: "login required",
    5: "flood wait: run again after the delay shown",
}

HELP = """\
Add channels to mirror.

\b
Examples:
  telekeep add @channel
  telekeep add https://t.me/channel --alias desk --since 2021-11-01
  telekeep add @channel --media photos
  telekeep add -f channels.csv --dry-run
  telekeep add -f channels.csv
  telekeep add -f channels.csv --jsonl | jq 'select(.error)'

Telekeep reads public channels and groups; it never joins one. Adding a channel again resumes mirroring, and changes
--since or --alias if given; everything archived is kept.

--media says which files of the channel are fetched: none, photos or all, with limits after commas, as in
all,video=200MB,document=0,quota=10GB; `inherit` follows [media]. See docs/media.md and `telekeep media policy`.

A list is plain text, CSV or what a spreadsheet saves: one channel per line, # starts a comment. Of several
columns, the one with links or @names is used. Entries that are not channels are reported with their line before
any look-up; the others are added. Look-ups are scarce, so try a long list with --dry-run first.

While `telekeep run` is mirroring, the service adds the channels and this command waits for it. It gives up if the
service stops, or does not answer for ten minutes; open requests are then processed later, for up to a week.

--json and --jsonl print the result of each channel, including those that failed (docs/json.md).
"""


def command(
    context: CommandContext,
    *,
    channels: Annotated[
        list[str] | None,
        Argument(metavar="CHANNEL", help="@name or t.me link; for known channels also id or alias."),
    ] = None,
    file: Annotated[
        str | None,
        Option("--file", "-f", metavar="FILE", help="List of channels, one per line; - for standard input."),
    ] = None,
    alias: Annotated[str | None, Option("--alias", metavar="A", help="Your own name for the channel.")] = None,
    since: Annotated[
        str | None,
        Option("--since", metavar="DATE", help="Mirror messages from this date on; `all` (default): everything."),
    ] = None,
    tz: Annotated[
        str | None, Option("--tz", metavar="ZONE", help="Time zone of --since; default: [display] tz, UTC.")
    ] = None,
    account: Annotated[
        str | None,
        Option("--account", metavar="NAME", help="Account that reads newly added channels (default: default)."),
    ] = None,
    media: Annotated[
        str | None,
        Option("--media", metavar="POLICY", help="Which of its files to fetch, such as photos; default: [media]."),
    ] = None,
    dry_run: Annotated[
        bool, Option("--dry-run", help="Only show what would be looked up, added and changed; send no requests.")
    ] = False,
    json: JsonArrayOption = False,
    jsonl: JsonLinesOption = False,
) -> int:
    """Add channels to mirror; users see HELP instead."""
    return interrupted.run(
        run(
            context.obj.settings(),
            channels=channels or [],
            file=file,
            alias=alias,
            since=since,
            tz=context.obj.zone(tz),
            account=account,
            media=media,
            dry_run=dry_run,
            shape=choose_shape(json=json, jsonl=jsonl),
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
    media: str | None = None,
    dry_run: bool = False,
    shape: Shape = "people",
) -> int:
    """Add each channel, or have the running service add it. Returns the exit status."""
    from archiver.cli.commands.add_words import read_given
    from archiver.cli.view.moments import Moments, choose_zone
    from archiver.errors import UsageError
    from archiver.model.media_policy_text import parse_policy
    from archiver.store.channels.intake import Order
    from config.accounts import account_settings

    if account is not None:
        account_settings(settings, account)  # raises if there is no such account
    with JsonObjects(shape) as objects:
        given = read_given(channels, file, objects)
        if not given.channels and not given.refused:
            raise UsageError("no channel was given.", hint="Use `telekeep add @name`, or a list with -f.")
        if alias is not None:
            _check_alias(alias, len(given.channels) + given.refused)
        if media is not None:
            parse_policy(media)  # raises if it is none
        window_start = await _window_start(settings, since, tz)
        moments = Moments(choose_zone(tz), time.time())
        orders = [
            Order(
                channel=one.text,
                alias=alias,
                window_start=window_start,
                keep_window=since is None,
                account=account,
                media=media,
            )
            for one in given.channels
        ]
        failures = await _carry_out(settings, orders, moments, objects, dry_run=dry_run) if orders else []
    failures += [UsageError.exit_status] * given.refused
    if not failures:
        return 0
    return max(failures) if len(failures) == len(orders) + given.refused else 3


async def _carry_out(
    settings: Settings, orders: Sequence[Order], moments: Moments, objects: JsonObjects, *, dry_run: bool
) -> list[int]:
    """Add the channels, have the service add them, or say what would be done. Returns the exit status of failures."""
    from archiver.cli.commands.adding import add_here, add_in_service
    from archiver.cli.view.added import failed_object
    from archiver.errors import Busy, Error

    if dry_run:
        from archiver.cli.commands.add_dry_run import tell

        return await tell(settings, orders, moments, objects)
    told = objects.count
    try:
        return await add_here(settings, orders, moments, objects)
    except Busy as exc:
        if exc.holder == "run":
            return await add_in_service(settings, orders, moments, objects)
        failure: Error = exc
    except Error as exc:
        failure = exc
    if objects.count == told:
        for order in orders:
            objects.add(failed_object(order.channel, failure, failure.exit_status))
    raise failure


def _check_alias(alias: str, count: int) -> None:
    from archiver.address import parse_channel
    from archiver.errors import UsageError

    if count != 1:
        raise UsageError("--alias can be used with a single channel only.", hint="Add them one by one.")
    try:
        ref = parse_channel(alias)
    except UsageError:
        ref = None
    if ref is None or ref.name != alias:
        raise UsageError(
            f'"{alias}" is not a valid alias.', hint="Use letters, digits, - and _; not a number, @name or link."
        )


async def _window_start(settings: Settings, since: str | None, tz: str) -> int | None:
    if since is None or since.strip().lower() == "all":
        return None
    from archiver.reading.clock_offset import read_server_now_at
    from search.query.dates import parse_since, parse_zone

    now = await read_server_now_at(settings.archive.dir)
    return int(parse_since(since, parse_zone(tz), now).timestamp())
