"""`telekeep gaps`: the ids of a channel that are deleted, absent or not fetched."""

from __future__ import annotations

import time
from typing import Annotated

from archiver.cli import interrupted, output
from archiver.cli.invocation import Invocation
from archiver.cli.parsing.parameters import Argument, CommandContext, Option
from archiver.cli.view.channel_status import describe_parts, how_to_fetch, state_note
from archiver.cli.view.gap_sums import (
    describe_alone,
    describe_imported,
    describe_synced,
    print_ranges,
    print_sums,
    sum_up,
)
from archiver.cli.view.moments import Moments, choose_zone
from archiver.cli.view.shape import JsonArrayOption, JsonLinesOption, Shape, choose_shape, print_objects
from archiver.compose.named_channel import find_typed
from archiver.compose.read_archive import get_mirrored, open_archive
from archiver.errors import NotFound
from archiver.model.completeness import IdRun, fill_held, tally
from archiver.model.iso_time import iso
from archiver.model.row import ChannelName
from archiver.reading.coverage_report import find_top, iter_runs, tally_channel
from archiver.store.channels.channel_details import list_statuses
from archiver.store.database import read
from archiver.store.imports.import_names import list_import_files
from archiver.store.imports.imported_channel import is_unaccounted
from archiver.store.medium import is_export
from archiver.store.messages.rich import count_parts
from archiver.store.messages.rows import list_names, snapshot

EXIT_STATUS = {
    0: "gaps found",
    1: "no gaps: every id is archived",
    2: "wrong usage, or nothing of the channel is fetched yet",
}


def command(
    context: CommandContext,
    channel: Annotated[str, Argument(metavar="CHANNEL", help="Name, alias, link or id.")],
    *,
    every: Annotated[
        bool, Option("--all", help="List every range of ids, including archived ones, on a terminal too.")
    ] = False,
    tz: Annotated[
        str | None, Option("--tz", metavar="ZONE", help="Time zone of times; default: [display] tz, UTC.")
    ] = None,
    json: JsonArrayOption = False,
    jsonl: JsonLinesOption = False,
) -> int:
    """Show which ids of a channel are deleted, absent or not fetched.

    For a channel known only from exports: the ids that no export has.

    \b
    Examples:
      telekeep gaps @channel
      telekeep gaps @channel --all
      telekeep gaps @channel --jsonl | jq 'select(.state == "not fetched")'

    \b
    missing       archived, but deleted (or no longer visible) in the channel since last_seen
    absent        not archived: the server had no such message when it was asked (noticed)
    not fetched   not known yet; `telekeep run` and `telekeep sync` fetch it
    outside       older than the window of `telekeep add --since`
    not imported  in no export of a channel known only from exports; nothing says whether it was posted
    how           how it was noticed: update (reported by the server), history or audit (read again), difference, import

    In a mirrored channel, the id of a post that only an import has stays absent or not fetched; a note counts these
    posts, and those above the newest id that Telegram showed.

    A terminal shows totals by state. With --all, each id from 1 to the highest known one is in exactly one range.
    Removed and inaccessible channels are covered as well. In a pipe: a line for each range that is not archived (with
    --all: each range) with state, ids, count, noticed, how, last seen, and "if posted as imported" where only an import
    says that the messages were there, separated by tabs.
    """
    shape = choose_shape(json=json, jsonl=jsonl)
    return interrupted.run(run(context.obj, channel, every=every, shape=shape, tz=tz))


async def run(invocation: Invocation, typed: str, *, every: bool, shape: Shape, tz: str | None = None) -> int:
    """Show the gaps. Returns the exit status."""
    moments = Moments(choose_zone(invocation.zone(tz)), time.time())
    async with open_archive(invocation.checked_settings().archive.dir, remarks=output) as database:
        conn = database.connection
        name = await find_typed(conn, typed, await read(conn, list_names), remarks=output)
        async with snapshot(conn):
            channel = await get_mirrored(conn, name.channel_id)
            standing = (await read(conn, list_statuses))[name.channel_id]
            parts = await read(conn, count_parts, name.channel_id)
            found = list(await iter_runs(conn, channel))
            files = await read(conn, list_import_files, name.channel_id)
            top, alone_there = await find_top(conn, channel), await tally_channel(conn, channel)
    if channel.top_id == 0 and channel.pts is not None:
        at = "" if channel.last_sync_at is None else f" on {moments.at(channel.last_sync_at)}"
        output.note(f"{name.label} is empty: it had no messages{at}.")
        if alone_there.beyond:
            output.note(f"{name.label}: {describe_alone(alone_there)}")
        if shape == "json":
            output.JsonArray().close()
        return 1
    if top == 0:
        raise NotFound(f"nothing of {name.label} is fetched yet.", hint=how_to_fetch(channel, database.path.parent))
    everything = list(fill_held(found, 1, top))
    counts, alone = tally(everything), is_unaccounted(channel)
    over = describe_imported(channel, files, everything) if alone else describe_synced(channel, moments)
    if shape != "people":
        print_objects([_object(name, one) for one in (everything if every else found)], shape)
    elif output.is_terminal() and not every:
        print_sums(channel, everything, over, moments, is_extract=is_export(database.path))
    else:
        print_ranges(everything if every else found, moments)
    if shape != "people" or every or not output.is_terminal():
        output.note(sum_up(counts, over, imported=alone))
    if parts.partial:
        output.note(f"{name.label}: {describe_parts(parts)}")
    if alone_there.claims + alone_there.beyond:
        output.note(f"{name.label}: {describe_alone(alone_there)}")
    if note := state_note(channel, standing, moments):
        output.note(note)
    return 0 if counts.missing + counts.absent + counts.not_fetched + counts.not_imported else 1


def _object(name: ChannelName, run: IdRun) -> dict[str, object]:
    return {
        "channel_id": name.channel_id,
        "channel": name.name,
        "state": run.state,
        "first_id": run.lo,
        "last_id": run.hi,
        "count": run.count,
        "noticed_at": iso(run.noticed),
        "noticed": iso(run.noticed),
        "how": run.how,
        "last_seen": iso(run.last_seen),
        "if_posted": run.claimed,
    }
