"""Parts of `telekeep sync`: which accounts want a takeout, and what it reports about channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from archiver.cli import output
from archiver.ids import ChannelId

if TYPE_CHECKING:
    from archiver.cli.commands.fetch_files import FileSync
    from archiver.cli.view.shape import JsonObjects
    from archiver.cli.view.sync_progress import ChannelResult, SyncProgress
    from archiver.errors import Error
    from archiver.store.channels.channel import Mirrored
    from archiver.store.database import Database
    from config.settings import Settings


End: TypeAlias = Literal["complete", "partial", "differs", "failed"]
"""Result for a channel. `differs`: the server counts a different number of messages than it shows; `partial`: the rest
of some rich messages can still be fetched."""


class SyncReporter(NamedTuple):
    """What a running sync reports."""

    objects: JsonObjects
    progress: SyncProgress
    results: list[ChannelResult]
    """Results of the channels started so far."""
    files: FileSync | None
    """Fetches files, if wanted."""


def wants_takeout(settings: Settings, name: str, typed: bool | None) -> bool:
    """The option if given, else the account's setting; an account removed from the settings has none."""
    from config.accounts import account_names, account_settings

    if typed is not None or name not in account_names(settings):
        return bool(typed)
    return account_settings(settings, name).takeout


async def report_all_unread(settings: Settings, typed: list[str], objects: JsonObjects, failure: Error) -> None:
    """Report for each channel that no account could be opened to read it, if the archive is readable."""
    from archiver.cli.commands.pick import pick_channels
    from archiver.errors import Error
    from archiver.store.database import Database

    with suppress(Error):
        async with await Database.open_readonly(settings.archive.dir) as database:
            report_unread(objects, await pick_channels(database.connection, typed), failure)


def report_unread(objects: JsonObjects, channels: Sequence[Mirrored], failure: Error) -> None:
    """Report that an account failed before it reached these channels."""
    from archiver.cli.view.sync_progress import ChannelResult

    for channel in channels:
        result = ChannelResult(channel)
        objects.add(result.as_object("failed", error=str(failure), exit_status=failure.exit_status))


async def report_partial(
    database: Database, objects: JsonObjects, partial: Sequence[ChannelResult], ended: Mapping[ChannelId, End]
) -> None:
    """Report the channels whose partial messages were requested last."""
    from archiver.store.messages.rich import count_parts

    for result in partial:
        channel_id = result.channel.channel_id
        result.partial = (await database.read(count_parts, channel_id)).partial
        objects.add(result.as_object(ended[channel_id]))


async def report_rename(database: Database, before: Mirrored) -> None:
    """Report that a channel changed its name or title since before the sync."""
    from archiver.cli.view.addition import list_renames
    from archiver.store.channels.channel import find_channel

    after = await database.read(find_channel, before.channel_id)
    for change in list_renames(before, after) if after is not None else ():
        output.note(f"{before.label}: {change}.")
