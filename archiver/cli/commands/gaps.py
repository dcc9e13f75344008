"""`telekeep gaps`: the ids of a channel that are missing, absent or not fetched."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from archiver.cli import interrupted, output
from archiver.cli.invocation import Invocation
from archiver.cli.view.channel_status import describe_parts, how_to_fetch, state_note
from archiver.compose.named_channel import find_typed
from archiver.compose.read_archive import get_mirrored, open_archive
from archiver.errors import NotFound, UsageError
from archiver.model.completeness import IdRun, fill_held, tally
from archiver.model.row import iso
from archiver.reading.coverage_report import list_runs
from archiver.store.channel_details import list_statuses
from archiver.store.rich import count_parts
from archiver.store.rows import list_names, snapshot

EXIT_STATUS = {
    0: "there are gaps, and they were listed",
    1: "there are none: every id is held",
    2: "wrong usage, or nothing of the channel was fetched yet",
}


def command(
    context: typer.Context,
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="Name, alias, link or id.")],
    *,
    every: Annotated[bool, typer.Option("--all", help="The runs that are held, too.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="One JSON object a line.")] = False,
) -> int:
    """List the ids of a channel that are missing, absent or not fetched.

    \b
    Examples:
      telekeep gaps @channel
      telekeep gaps @channel --jsonl | jq 'select(.state == "not fetched")'

    \b
    missing      held here, and gone from the channel; it went between last_seen and noticed
    absent       an answer of the server proved that there was no such message when it was given: noticed
    not fetched  nobody knows yet; `telekeep run` and `telekeep sync` fetch it
    outside      older than the window of `telekeep add --since`
    how          update (the server told), history or audit (it was read again), difference, import

    With --all each id from 1 to the highest known one is in exactly one run. A channel that was removed, or cannot be
    read any more, answers as well. In a pipe: state, ids, count, noticed, how, last seen, with tabs between.
    """
    if json and jsonl:
        raise UsageError("--json and --jsonl cannot be combined.")
    shape = "json" if json else "jsonl" if jsonl else "people"
    return interrupted.run(run(context.obj, channel, every=every, shape=shape))


async def run(invocation: Invocation, typed: str, *, every: bool, shape: str) -> int:
    """List them; the result is the exit status."""
    async with open_archive(invocation.settings().archive.dir, remarks=output) as database:
        conn = database.connection
        name = await find_typed(conn, typed, await list_names(conn), remarks=output)
        async with snapshot(conn):
            channel = await get_mirrored(conn, name.channel_id)
            standing = (await list_statuses(conn))[name.channel_id]
            parts = await count_parts(conn, name.channel_id)
            found = await list_runs(conn, channel)
    if channel.top_id == 0 and channel.pts is not None:
        output.note(f"{name.name} is empty: it had no messages at {iso(channel.last_sync_at)}.")
        if shape == "json":
            output.json_array(())
        return 1
    if channel.top_id == 0:
        raise NotFound(f"nothing of {name.name} was fetched yet.", hint=how_to_fetch(channel, database.path.parent))
    everything = list(fill_held(found, 1, channel.top_id))
    runs = everything if every else found
    if shape == "json":
        output.json_array(_object(one) for one in runs)
    elif shape == "jsonl":
        for one in runs:
            output.jsonl(_object(one))
    else:
        rows = ((one.state, _ids(one), one.count, iso(one.noticed), one.how, iso(one.last_seen)) for one in runs)
        output.table(("state", "ids", "count", "noticed", "how", "last seen"), rows, right=("count",), wide=True)
    counts = tally(everything)
    output.note(
        f"{name.name}: of {channel.top_id} ids {counts.held} held, {counts.missing} missing, {counts.absent} absent,"
        f" {counts.not_fetched} not fetched{f', {counts.outside} outside the window' if counts.outside else ''}"
    )
    if parts.partial:
        output.note(f"{name.name}: {describe_parts(parts)}")
    if note := state_note(channel, standing, time.time()):
        output.note(note)
    return 0 if counts.missing + counts.absent + counts.not_fetched else 1


def _ids(run: IdRun) -> str:
    return str(run.lo) if run.lo == run.hi else f"{run.lo}-{run.hi}"


def _object(run: IdRun) -> dict[str, object]:
    return {
        "state": run.state,
        "first_id": run.lo,
        "last_id": run.hi,
        "count": run.count,
        "noticed": iso(run.noticed),
        "how": run.how,
        "last_seen": iso(run.last_seen),
    }
