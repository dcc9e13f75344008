"""`telekeep gaps`: the ids of a channel that are missing, absent or not fetched."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from archiver.address import parse_channel
from archiver.cli import output
from archiver.cli.invocation import Invocation
from archiver.cli.reading import get_mirrored, open_archive
from archiver.completeness import Run, fill_held, tally
from archiver.errors import NotFound
from archiver.extent import list_runs
from archiver.naming import find_channel
from archiver.row import iso
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
    missing      held here, and noticed to be gone from the channel since
    absent       an answer of the server proved that there was no such message when it was given
    not fetched  nobody knows yet; `telekeep sync` fetches it
    outside      older than the window of `telekeep add --since`
    """
    return asyncio.run(run(context.obj, channel, every=every, json=json, jsonl=jsonl))


async def run(invocation: Invocation, typed: str, *, every: bool, json: bool, jsonl: bool) -> int:
    """List them; the result is the exit status."""
    async with open_archive(invocation) as database:
        conn = database.connection
        name = find_channel(parse_channel(typed), await list_names(conn))
        async with snapshot(conn):
            channel = await get_mirrored(conn, name.channel_id)
            found = await list_runs(conn, channel)
    if channel.top_id == 0:
        raise NotFound(f"nothing of {name.name} was fetched yet.", hint="Run: telekeep sync")
    everything = list(fill_held(found, 1, channel.top_id))
    runs = everything if every else found
    if json:
        output.json_array(_object(run) for run in runs)
    elif jsonl:
        for one in runs:
            output.jsonl(_object(one))
    else:
        rows = ((one.state, _ids(one), one.count, iso(one.noticed), one.how) for one in runs)
        output.table(("state", "ids", "count", "noticed", "how"), rows, right=("count",))
    counts = tally(everything)
    output.note(
        f"{name.name}: of {channel.top_id} ids {counts.held} held, {counts.missing} missing, {counts.absent} absent,"
        f" {counts.not_fetched} not fetched{f', {counts.outside} outside the window' if counts.outside else ''}"
    )
    return 0 if counts.missing + counts.absent + counts.not_fetched else 1


def _ids(run: Run) -> str:
    return str(run.lo) if run.lo == run.hi else f"{run.lo}-{run.hi}"


def _object(run: Run) -> dict[str, object]:
    return {
        "state": run.state,
        "first_id": run.lo,
        "last_id": run.hi,
        "count": run.count,
        "noticed": iso(run.noticed),
        "how": run.how,
    }
