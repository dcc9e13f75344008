"""`telekeep remove`: stop mirroring a channel; its archive is kept."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

from archiver.cli import interrupted, output
from archiver.cli.parsing.parameters import Argument, CommandContext
from archiver.cli.view.shape import JsonArrayOption, JsonLinesOption, Shape, choose_shape, print_objects

if TYPE_CHECKING:
    from archiver.store.database import Writer
    from config.settings import Settings

EXIT_STATUS = {0: "done", 2: "wrong usage, or no such channel"}


def command(
    context: CommandContext,
    *,
    channels: Annotated[list[str], Argument(metavar="CHANNEL", help="Name, alias, link or id.")],
    json: JsonArrayOption = False,
    jsonl: JsonLinesOption = False,
) -> int:
    """Stop mirroring a channel; its archive is kept, searchable and exportable.

    \b
    Examples:
      telekeep remove @channel

    `telekeep add @channel` resumes mirroring, with the --since given then. Works while `telekeep run` or
    `telekeep sync` is mirroring.
    """
    shape = choose_shape(json=json, jsonl=jsonl)
    return interrupted.run(run(context.obj.settings(), channels=channels, shape=shape))


async def run(settings: Settings, *, channels: list[str], shape: Shape = "people") -> int:
    """Mark the channels as removed. Returns the exit status."""
    from archiver.cli.commands.pick import pick_channels
    from archiver.compose.write_archive import open_shared
    from archiver.store.channels.channel import set_state
    from archiver.store.database import expect_archive

    expect_archive(settings.archive.dir)
    async with open_shared(settings.archive.dir, command="remove", remarks=output) as database:
        chosen = await pick_channels(database.connection, channels)
        now = int(time.time())

        def act(conn: Writer) -> None:
            for channel in chosen:
                set_state(conn, channel.channel_id, "removed", now=now)

        await database.write(act)
    for channel in chosen:
        output.note(f"{channel.label}: no longer mirrored; its archive is kept.")
    removed = [{"channel_id": one.channel_id, "channel": one.name, "result": "removed"} for one in chosen]
    print_objects(removed, shape)
    return 0
