"""`telekeep status`: what is archived of each channel, how complete it is, and what prevents it from being mirrored."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from archiver.cli import interrupted, output
from archiver.cli.arguments import ChannelsArgument
from archiver.cli.invocation import Invocation
from archiver.cli.parsing.parameters import CommandContext, Option
from archiver.cli.view.moments import choose_zone
from archiver.cli.view.shape import JsonLinesOption, JsonObjectOption, Shape, choose_shape
from archiver.compose.named_channel import find_typed
from archiver.compose.read_archive import open_archive
from archiver.store.database import read
from archiver.store.messages.rows import list_names

if TYPE_CHECKING:
    from archiver.cli.view.status_data import StatusReport
    from archiver.store.database import Database
    from config.settings import Settings

EXIT_STATUS = {
    0: "shown",
    2: "wrong usage, no such channel, or there is no archive",
    130: "--watch was stopped by Ctrl-C",
}

_EVERY = 2.0
"""Seconds between two refreshes of --watch."""


def command(
    context: CommandContext,
    channels: ChannelsArgument = None,
    *,
    watch: Annotated[bool, Option("--watch", help="Refresh every 2 seconds, until Ctrl-C.")] = False,
    wide: Annotated[bool, Option("--wide", "-w", help="On a terminal: everything about each channel.")] = False,
    tz: Annotated[
        str | None, Option("--tz", metavar="ZONE", help="Time zone of times; default: [display] tz, UTC.")
    ] = None,
    json: JsonObjectOption = False,
    jsonl: JsonLinesOption = False,
) -> int:
    """Show what is archived of each channel, how complete it is, and whether the service is running.

    \b
    Examples:
      telekeep status
      telekeep status @channel
      telekeep status --watch
      telekeep status --json | jq '.channels[] | select(.not_fetched > 0) | .channel'

    Problems come first, each with what to do. For one channel, a terminal shows everything about it. Removed channels
    are included.

    \b
    archived      messages in the archive that were in the channel when it was last read, or that an import contains
    deleted       messages in the archive that are deleted or no longer visible in the channel
    not fetched   ids that the archive knows nothing about yet; - for a channel known only from imports
    fetched       the share of ids that are archived, or known to have no message

    In a pipe there is a line per channel: name, state, archived, deleted, absent, not fetched, fetched, newest, start
    of the window, last sync, alias, title; with --wide, before the alias: account, unreadable, partial, server's
    count. --watch then prints a line whenever it changes. --jsonl prints one line per channel.
    """
    shape = choose_shape(json=json, jsonl=jsonl)
    return interrupted.run(run(context.obj, channels or [], wide=wide, shape=shape, tz=tz, watch=watch))


async def run(
    invocation: Invocation, typed: Sequence[str], *, wide: bool, shape: Shape, tz: str | None, watch: bool
) -> int:
    """Show the status, once or until interrupted. Returns the exit status."""
    from archiver.cli.view.status_screen import StatusScreen

    screen = StatusScreen(shape=shape, wide=wide, zone=choose_zone(invocation.zone(tz)), single=len(typed) == 1)
    settings = invocation.checked_settings()
    async with open_archive(settings.archive.dir, remarks=output) as database:
        channel_ids = await _find(database, typed)
        status = await _read(database, settings, channel_ids)
        if not watch:
            screen.show(status)
            return 0
        with screen.redrawing():
            while True:
                screen.update(status)
                await asyncio.sleep(_EVERY)
                status = await _read(database, settings, channel_ids)


async def _find(database: Database, typed: Sequence[str]) -> set[int] | None:
    """The ids of the channels given; None: all."""
    if not typed:
        return None
    conn = database.connection
    known = await read(conn, list_names)
    return {(await find_typed(conn, word, known, remarks=output)).channel_id for word in typed}


async def _read(database: Database, settings: Settings, channel_ids: set[int] | None) -> StatusReport:
    from archiver.cli.view.status_data import read_status

    status = await read_status(database, settings)
    if channel_ids is None:
        return status
    chosen = [one for one in status.channels if one.mirrored.channel_id in channel_ids]
    names = {one.mirrored.account for one in chosen}
    return replace(
        status,
        channels=chosen,
        accounts=[one for one in status.accounts if one.account in names],
        waits=[one for one in status.waits if one.account in names],
    )
