"""`telekeep media retry`: have files that failed fetched again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from archiver.cli import interrupted, output
from archiver.cli.arguments import PlacesArgument
from archiver.cli.parsing.parameters import CommandContext
from archiver.cli.view.shape import JsonArrayOption, JsonLinesOption, Shape, choose_shape, print_objects

if TYPE_CHECKING:
    from archiver.media.retry import Revived
    from config.settings import Settings

EXIT_STATUS = {
    0: "there are files to fetch again",
    1: "no file has failed",
    2: "wrong usage, or no such channel or message",
}


def command(
    context: CommandContext,
    places: PlacesArgument = None,
    *,
    json: JsonArrayOption = False,
    jsonl: JsonLinesOption = False,
) -> int:
    """Queue failed files to be fetched again, as if for the first time.

    \b
    Examples:
      telekeep media retry
      telekeep media retry @channel
      telekeep media retry @channel/4711

    For channels, these are the files that failed, including those whose stored copy is missing or damaged. For single
    messages, they also include files that are gone, refused or offloaded; `telekeep media fetch CHANNEL --again`
    fetches all offloaded files of a channel. This command itself fetches nothing; the service, `telekeep media fetch`
    and `telekeep sync --media` do. It works while the service runs.

    In a pipe: file, previous status, and reason, separated by tabs.
    """
    shape = choose_shape(json=json, jsonl=jsonl)
    return interrupted.run(run(context.obj.settings(), places or [], shape=shape))


async def run(settings: Settings, typed: list[str], *, shape: Shape) -> int:
    """Reset the state of the files. Returns the exit status."""
    from archiver.cli.commands.media_chosen import choose_media
    from archiver.cli.view import figures
    from archiver.cli.view.next_step import suggest
    from archiver.compose.write_archive import open_shared
    from archiver.media.retry import revive
    from archiver.store.database import expect_archive
    from archiver.store.media.file_counts import count_channel_states

    expect_archive(settings.archive.dir)
    found: list[Revived] = []
    async with open_shared(settings.archive.dir, command="media", remarks=output) as database:
        chosen = await choose_media(database, typed)
        for channel in chosen.channels:
            messages = None if chosen.messages is None else chosen.messages[channel.channel_id]
            found += await revive(database, channel.channel_id, messages, now=int(time.time()))
        ids = [channel.channel_id for channel in chosen.channels if chosen.messages is None]
        counts = await database.read(count_channel_states, ids)
        offloaded = sum(one.files for one in counts if one.status == "offloaded")
    if shape != "people":
        print_objects([{"file": one.key, "status": one.status, "reason": one.reason} for one in found], shape)
    elif not output.is_terminal():
        for one in found:
            output.tsv(one.key, one.status, one.reason)
    if offloaded:
        are = figures.count(offloaded, "file is", "files are")
        output.note(f"{are} offloaded; `telekeep media fetch CHANNEL --again` fetches them again.")
    if not found:
        output.note("no file has failed." if typed else "no file of any mirrored channel has failed.")
        return 1
    output.note(f"{figures.count(len(found), 'file')} will be fetched again.")
    suggest(f"telekeep media fetch {' '.join(typed)}".rstrip(), "unless the service is running: it fetches them itself")
    return 0
