"""Parts of `telekeep sync`: which accounts want a takeout, and reports on channels that were not read or renamed."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from archiver.cli import output

if TYPE_CHECKING:
    from archiver.cli.view.shape import Things
    from archiver.errors import Error
    from archiver.store.channel import Mirrored
    from archiver.store.database import Database
    from config.settings import Settings


def wants_takeout(settings: Settings, name: str, typed: bool | None) -> bool:
    """The option if given, else the account's setting; an account removed from the settings has none."""
    from config.accounts import account_names, account_settings

    if typed is not None or name not in account_names(settings):
        return bool(typed)
    return account_settings(settings, name).takeout


async def report_all_unread(settings: Settings, typed: list[str], things: Things, failure: Error) -> None:
    """Report for each channel that no account could be opened to read it, if the archive is readable."""
    from archiver.cli.commands.pick import pick_channels
    from archiver.cli.view.sync_progress import ChannelResult
    from archiver.errors import Error
    from archiver.store.database import Database

    with suppress(Error):
        async with await Database.open_readonly(settings.archive.dir) as database:
            for channel in await pick_channels(database.connection, typed):
                result = ChannelResult(channel)
                things.add(result.as_object("failed", error=str(failure), exit_status=failure.exit_status))


async def report_rename(database: Database, before: Mirrored) -> None:
    """Report that a channel changed its name or title since before the sync."""
    from archiver.cli.view.addition import list_renames
    from archiver.store.channel import find_channel

    after = await database.read(find_channel, before.channel_id)
    for change in list_renames(before, after) if after is not None else ():
        output.note(f"{before.name}: {change}.")
