"""`telekeep sync`: bring the mirrored channels to the present, then exit."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from archiver.cli import output

if TYPE_CHECKING:
    from archiver.cli.account import Account
    from archiver.store.channel import Mirrored
    from config.settings import Settings

EXIT_STATUS = {
    0: "all channels are complete and at the present",
    2: "wrong usage, the server cannot be reached, or every channel failed",
    3: "some channels failed; the others are complete",
    4: "login needed",
    5: "flood wait: run again after the seconds named",
    130: "interrupted; what was stored stays, the next run goes on from there",
}


def command(
    context: typer.Context,
    *,
    channels: Annotated[
        list[str] | None, typer.Argument(metavar="CHANNEL", help="Name, alias, link or id; default: all.")
    ] = None,
) -> int:
    """Fetch what is missing and what is new, then exit.

    \b
    Examples:
      telekeep sync
      telekeep sync @channel

    Newest messages come first. It may be stopped at any moment: the next run goes on where it was.
    """
    return asyncio.run(run(context.obj.settings(), typed=channels or []))


async def run(settings: Settings, *, typed: list[str]) -> int:
    """Sync the channels one after the other. Returns the exit status."""
    from archiver.cli.account import open_account  # noqa: PLC0415 - Telethon costs 250 ms, which --help must not pay
    from archiver.cli.pick import pick_channels  # noqa: PLC0415 - see above
    from archiver.errors import UsageError  # noqa: PLC0415 - see above

    async with open_account(settings, command="sync") as account:
        chosen = await pick_channels(account.database.connection, typed)
        if not chosen:
            raise UsageError("no channel is mirrored yet.", hint="Add one: telekeep add @name")
        failed = [channel for channel in chosen if not await _sync(account, channel)]
    if failed:
        return 2 if len(failed) == len(chosen) else 3
    return 0


async def _sync(account: Account, channel: Mirrored) -> bool:
    """One channel; False when it failed. What stops the whole account (login, flood, network) is raised."""
    from archiver.cli.progress import SyncProgress  # noqa: PLC0415 - see run
    from archiver.errors import (  # noqa: PLC0415 - see run
        ChannelError,
        ChannelGone,
        ChannelInaccessible,
        ServerFault,
        UnreadableObject,
    )

    with SyncProgress(channel.name) as progress:
        try:
            await account.mirror.sync_channel(channel.channel_id, progress=progress.advance)
        except (ChannelError, ServerFault, UnreadableObject) as exc:
            progress.failed()
            if isinstance(exc, ChannelGone):
                await account.ingest.set_state(channel.channel_id, "banned", str(exc))
            elif isinstance(exc, ChannelInaccessible):
                await account.ingest.set_state(channel.channel_id, "inaccessible", str(exc))
            output.error(f"{channel.name}: {exc} What is archived stays.")
            return False
        if channel.state != "active":
            await account.ingest.set_state(channel.channel_id, "active")
    progress.done()
    return True
