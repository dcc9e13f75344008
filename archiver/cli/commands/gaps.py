"""`telekeep gaps`: the ids of a channel that are deleted, absent or not fetched."""

from __future__ import annotations

import time
from typing import Annotated

from archiver.cli import interrupted, output
from archiver.cli.invocation import Invocation
from archiver.cli.parsing.parameters import Argument, CommandContext, Option
from archiver.cli.view.channel_status import describe_parts, how_to_fetch, state_note
from archiver.compose.named_channel import find_typed
from archiver.compose.read_archive import get_mirrored, open_archive
from archiver.errors import NotFound, UsageError
from archiver.model.completeness import IdRun, fill_held, tally
from archiver.model.row import ChannelName, iso
from archiver.reading.coverage_report import list_runs
from archiver.store.channel_details import list_statuses
from archiver.store.database import read
from archiver.store.rich import count_parts
from archiver.store.rows import list_names, snapshot

EXIT_STATUS = {
    0: "gaps found",
    1: "no gaps: every id is archived",
    2: "wrong usage, or nothing of the channel is fetched yet",
}


def command(
    context: CommandContext,
    channel: Annotated[str, Argument(metavar="CHANNEL", help="Name, alias, link or id.")],
    *,
    every: Annotated[bool, Option("--all", help="Include archived ids.")] = False,
    json: Annotated[bool, Option("--json", help="Print a JSON array.")] = False,
    jsonl: Annotated[bool, Option("--jsonl", help="Print one JSON object per line.")] = False,
) -> int:
    """List the ids of a channel that are deleted, absent or not fetched.

    \b
    Examples:
      telekeep gaps @channel
      telekeep gaps @channel --jsonl | jq 'select(.state == "not fetched")'

    \b
    missing      archived, but deleted (or no longer visible) in the channel since last_seen
    absent       not archived: the server had no such message when it was asked (noticed)
    not fetched  not known yet; `telekeep run` and `telekeep sync` fetch it
    outside      older than the window of `telekeep add --since`
    how          how it was noticed: update (reported by the server), history or audit (read again), difference, import

    With --all, each id from 1 to the highest known one is in exactly one range. Removed and inaccessible channels are
    covered as well. In a pipe: state, ids, count, noticed, how, last seen, separated by tabs.
    """
    if json and jsonl:
        raise UsageError("--json and --jsonl cannot be combined.")
    shape = "json" if json else "jsonl" if jsonl else "people"
    return interrupted.run(run(context.obj, channel, every=every, shape=shape))


async def run(invocation: Invocation, typed: str, *, every: bool, shape: str) -> int:
    """List the gaps. Returns the exit status."""
    async with open_archive(invocation.settings().archive.dir, remarks=output) as database:
        conn = database.connection
        name = await find_typed(conn, typed, await read(conn, list_names), remarks=output)
        async with snapshot(conn):
            channel = await get_mirrored(conn, name.channel_id)
            standing = (await read(conn, list_statuses))[name.channel_id]
            parts = await read(conn, count_parts, name.channel_id)
            found = await list_runs(conn, channel)
    if channel.top_id == 0 and channel.pts is not None:
        output.note(f"{name.name} is empty: it had no messages at {iso(channel.last_sync_at)}.")
        if shape == "json":
            output.json_array(())
        return 1
    if channel.top_id == 0:
        raise NotFound(f"nothing of {name.name} is fetched yet.", hint=how_to_fetch(channel, database.path.parent))
    everything = list(fill_held(found, 1, channel.top_id))
    runs = everything if every else found
    if shape == "json":
        output.json_array(_object(name, one) for one in runs)
    elif shape == "jsonl":
        for one in runs:
            output.jsonl(_object(name, one))
    else:
        rows = ((one.state, _ids(one), one.count, iso(one.noticed), one.how, iso(one.last_seen)) for one in runs)
        output.table(("state", "ids", "count", "noticed", "how", "last seen"), rows, right=("count",), wide=True)
    counts = tally(everything)
    output.note(
        f"{name.name}: of {channel.top_id} ids {counts.held} archived, {counts.missing} deleted,"
        f" {counts.absent} absent, {counts.not_fetched} not fetched"
        f"{f', {counts.outside} outside the window' if counts.outside else ''}"
    )
    if parts.partial:
        output.note(f"{name.name}: {describe_parts(parts)}")
    if note := state_note(channel, standing, time.time()):
        output.note(note)
    return 0 if counts.missing + counts.absent + counts.not_fetched else 1


def _ids(run: IdRun) -> str:
    return str(run.lo) if run.lo == run.hi else f"{run.lo}-{run.hi}"


def _object(name: ChannelName, run: IdRun) -> dict[str, object]:
    return {
        "channel_id": name.channel_id,
        "channel": name.name,
        "state": run.state,
        "first_id": run.lo,
        "last_id": run.hi,
        "count": run.count,
        "noticed": iso(run.noticed),
        "how": run.how,
        "last_seen": iso(run.last_seen),
    }
