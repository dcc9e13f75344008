"""`telekeep open`: the page, at a channel or message."""

from __future__ import annotations

from typing import Annotated

from archiver.address import names_message
from archiver.cli import interrupted, output
from archiver.cli.commands.addressed import get_message
from archiver.cli.commands.opening import open_page
from archiver.cli.invocation import Invocation
from archiver.cli.local_time import local_time
from archiver.cli.parsing.parameters import Argument, CommandContext
from archiver.compose.named_channel import find_typed
from archiver.compose.read_archive import open_archive
from archiver.store.database import read
from archiver.store.messages.rows import list_names

EXIT_STATUS = {
    0: "opened, or its address printed",
    1: "no such message existed when the channel was read",
    2: "wrong usage, or the channel or message is not archived",
    130: "stopped by Ctrl-C, after starting a page of its own",
}


def command(
    context: CommandContext,
    address: Annotated[
        str | None,
        Argument(metavar="CHANNEL[/ID]", help="@name/123, alias/123, ID/123, a link, or a channel; default: all."),
    ] = None,
) -> int:
    """Open the page in your browser, at a channel or message.

    \b
    Examples:
      telekeep open @channel/123
      telekeep open https://t.me/channel/123
      telekeep open channel

    If the page is already being served (`telekeep serve`, `telekeep run --serve`), that one is used; otherwise this
    command serves it until you press Ctrl-C. Over ssh, without a screen and in a pipe, the address is printed instead.
    Needs the extra "web": pip install '.[web]' in the clone.
    """
    return interrupted.run(run(context.obj, address))


async def run(invocation: Invocation, address: str | None) -> int:
    """Find the place and open it. Returns the exit status."""
    settings = invocation.checked_settings()
    async with open_archive(settings.archive.dir, remarks=output) as database:
        path = "/" if address is None else ""
        if address is not None:
            conn = database.connection
            if names_message(address):
                channel, held = await get_message(database, address, local_time(invocation, None))
                path = f"/c/{channel.channel_id}/{held[0].message_id}"
            else:
                channel = await find_typed(conn, address, await read(conn, list_names), remarks=output)
                path = f"/c/{channel.channel_id}"
    return await open_page(settings, path)
