"""`telekeep media plan`: what would be fetched, before anything is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from archiver.cli import interrupted, output
from archiver.cli.arguments import MirroredArgument
from archiver.cli.invocation import Invocation
from archiver.cli.parsing.parameters import CommandContext, Option
from archiver.cli.view.progress import Progress, ProgressOption, set_style
from archiver.cli.view.shape import JsonLinesOption, JsonObjectOption, Shape, choose_shape
from archiver.model.media_file import Download, MediaPolicy

if TYPE_CHECKING:
    from archiver.media.plan import ChannelPlan
    from archiver.store.channels.channel import Mirrored
    from archiver.store.database import Database

EXIT_STATUS = {
    0: "there are files to fetch",
    1: "nothing to fetch",
    2: "wrong usage, or there is no archive",
    130: "interrupted",
}


def command(
    context: CommandContext,
    channels: MirroredArgument = None,
    *,
    download: Annotated[
        Download | None,
        Option("--download", metavar="KINDS", help="Plan as if the policy were this: none, photos or all."),
    ] = None,
    max_size: Annotated[
        str | None, Option("--max-size", metavar="SIZE", help="Plan as if this were the size limit, such as 50MB.")
    ] = None,
    json: JsonObjectOption = False,
    jsonl: JsonLinesOption = False,
    progress: ProgressOption = "auto",
) -> int:
    """Show which files would be fetched and which left out, by channel and kind, with sizes; fetch nothing.

    \b
    Examples:
      telekeep media plan
      telekeep media plan @channel --download all --max-size 100MB
      telekeep media plan --json | jq '.fetch.bytes'

    The plan follows the channels' policies, or --download and --max-size as if they were set for each channel. A file
    shown in several channels counts once, for the first of them. The time is estimated from recent download rates; if
    there are none, no time is given. Sizes are those announced by Telegram.

    In a pipe: channel, kind, outcome, files, bytes, files of unknown size, title, separated by tabs. Bytes are those
    of the files with a known size; the cell is empty if there is none, as for thumbnails. The outcome is fetch,
    stored, or the reason for leaving a file out: not wanted, too big, quota, protected channel, self-destructing,
    message deleted, offloaded, failed (fetched again only after `telekeep media retry`), gone, refused.
    """
    set_style(progress)
    shape = choose_shape(json=json, jsonl=jsonl)
    supposed = None if download is None and max_size is None else _suppose(download, max_size)
    return interrupted.run(run(context.obj, channels or [], supposed=supposed, shape=shape))


async def run(
    invocation: Invocation,
    typed: list[str],
    *,
    supposed: Callable[[MediaPolicy], MediaPolicy] | None,
    shape: Shape,
) -> int:
    """Print the plan. `supposed`: the policy to plan for, made of a channel's own. Returns the exit status."""
    from archiver.cli.commands.pick import pick_channels
    from archiver.cli.view.media_plan import PlanTotals, channel_object, print_cells, print_plan, totals_object
    from archiver.compose.read_archive import open_archive
    from archiver.media.plan import FETCH

    settings = invocation.checked_settings()
    async with open_archive(settings.archive.dir, remarks=output) as database:
        chosen = await pick_channels(database.connection, typed)
        plans = await _make(database, chosen, invocation, supposed or (lambda policy: policy))
        totals = await PlanTotals.read(database, chosen, plans, min_free=int(settings.media.min_free))
    pairs = list(zip(chosen, plans, strict=True))
    if shape == "jsonl":
        for channel, plan in pairs:
            output.jsonl(channel_object(channel, plan))
    elif shape == "json":
        output.json(totals_object(totals) | {"channels": [channel_object(*pair) for pair in pairs]})
    elif output.is_terminal():
        print_plan(pairs, totals, now=time.time(), is_supposed=supposed is not None)
    else:
        print_cells(pairs)
    return 0 if any(plan.total(FETCH).files for plan in plans) else 1


async def _make(
    database: Database,
    channels: list[Mirrored],
    invocation: Invocation,
    adapt: Callable[[MediaPolicy], MediaPolicy],
) -> list[ChannelPlan]:
    from archiver.compose.media import settings_policy
    from archiver.media.plan import Planner

    policy = settings_policy(invocation.checked_settings().media)
    with Progress("plan", unit="files") as progress:
        planner = Planner(policy, adapt, progress.add)
        return [await planner.plan(database.connection, channel.channel_id) for channel in channels]


def _suppose(download: Download | None, max_size: str | None) -> Callable[[MediaPolicy], MediaPolicy]:
    """Apply --download and --max-size to each channel's policy. Raises UsageError."""
    from archiver.model.media_policy_text import read_size

    limit = None if max_size is None else read_size(max_size, "--max-size")

    def adapt(policy: MediaPolicy) -> MediaPolicy:
        chosen = replace(policy, download=download) if download is not None else policy
        return chosen if limit is None else replace(chosen, max_size=limit, caps={})

    return adapt
