"""`telekeep media status`: what became of the files."""

from __future__ import annotations

import time

from archiver.cli import interrupted, output
from archiver.cli.arguments import MirroredArgument
from archiver.cli.invocation import Invocation
from archiver.cli.parsing.parameters import CommandContext
from archiver.cli.view.shape import JsonLinesOption, JsonObjectOption, Shape, choose_shape

EXIT_STATUS = {0: "shown", 2: "wrong usage, or there is no archive"}


def command(
    context: CommandContext,
    channels: MirroredArgument = None,
    *,
    json: JsonObjectOption = False,
    jsonl: JsonLinesOption = False,
) -> int:
    """Show what became of the files (stored, failed, gone, left out) and how much disk space is free.

    \b
    Examples:
      telekeep media status
      telekeep media status @channel
      telekeep media status --json | jq .failures

    The stored bytes are not read: `telekeep verify --media` checks them. A file shown in several channels counts for
    each of them but is stored once. In a pipe: channel, status, files, bytes, title, separated by tabs. --jsonl
    prints one line per channel.
    """
    return interrupted.run(run(context.obj, channels or [], shape=choose_shape(json=json, jsonl=jsonl)))


async def run(invocation: Invocation, typed: list[str], *, shape: Shape) -> int:
    """Print the state of the files. Returns the exit status."""
    from archiver.cli.commands.pick import pick_channels
    from archiver.cli.view.media_status import MediaReport, channel_object, print_report, report_object
    from archiver.cli.view.moments import Moments, choose_zone
    from archiver.compose.read_archive import open_archive

    settings = invocation.checked_settings()
    async with open_archive(settings.archive.dir, remarks=output) as database:
        chosen = await pick_channels(database.connection, typed, removed=True)
        report = await MediaReport.read(database, chosen, min_free=int(settings.media.min_free))
    if shape == "jsonl":
        for channel in chosen:
            output.jsonl(channel_object(report, channel))
    elif shape == "json":
        output.json(report_object(report))
    elif output.is_terminal():
        print_report(report, Moments(choose_zone(invocation.zone(None)), time.time()))
    else:
        for channel in chosen:
            for one in report.of(channel):
                output.tsv(channel.name, one.status, one.files, one.size, channel.title)
    return 0
