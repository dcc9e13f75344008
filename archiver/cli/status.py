"""`telekeep status`: what is held of each channel, and how complete it is."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from archiver.cli import output
from archiver.cli.invocation import Invocation
from archiver.cli.reading import open_archive
from archiver.completeness import Tally
from archiver.extent import tally_channel
from archiver.row import iso
from archiver.store.channel import Mirrored, list_channels
from archiver.store.database import Database
from archiver.store.extent import find_newest
from archiver.store.rows import list_floods, snapshot

EXIT_STATUS = {0: "shown", 2: "wrong usage, or there is no archive"}

_HEADERS = ("channel", "state", "held", "missing", "absent", "not fetched", "covered", "newest", "window", "synced")


@dataclass(frozen=True, slots=True)
class _Channel:
    mirrored: Mirrored
    tally: Tally
    newest: tuple[int, int] | None


def command(
    context: typer.Context,
    *,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> int:
    """Show per channel what is held and how complete it is.

    \b
    Examples:
      telekeep status
      telekeep status --json | jq '.channels[] | select(.not_fetched > 0) | .channel'

    covered: the share of the window's ids that are held, or known to be absent. Removed channels are shown as well.
    """
    return asyncio.run(run(context.obj, json=json))


async def run(invocation: Invocation, *, json: bool) -> int:
    """Show it; the result is the exit status."""
    async with open_archive(invocation) as database:
        channels = await _read(database)
        now = time.time()
        floods = [flood for flood in await list_floods(database.connection) if flood[2] > now]
        path = database.path
    size = _size(path)
    if json:
        output.json(
            {
                "archive": {"path": str(path), "bytes": size},
                "floods": [{"account": a, "method": m, "until": iso(int(until))} for a, m, until in floods],
                "channels": [_object(channel) for channel in channels],
            }
        )
        return 0
    output.table(_HEADERS, map(_cells, channels), right=("held", "missing", "absent", "not fetched", "covered"))
    for account, method, until in floods:
        output.note(f"flood wait: {account} may call {method} again at {iso(int(until))}")
    if not channels:
        output.note("no channel is mirrored yet; add one: telekeep add @name")
    output.note(f"archive: {path} ({size / 1e6:.1f} MB)")
    return 0


async def _read(database: Database) -> list[_Channel]:
    conn = database.connection
    async with snapshot(conn):
        mirrored = await list_channels(conn, removed=True)
        return [
            _Channel(one, await tally_channel(conn, one), await find_newest(conn, one.channel_id)) for one in mirrored
        ]


def _size(path: Path) -> int:
    parts = (path, path.with_name(f"{path.name}-wal"))
    return sum(part.stat().st_size for part in parts if part.exists())


def _cells(channel: _Channel) -> tuple[object, ...]:
    mirrored, counts = channel.mirrored, channel.tally
    return (
        mirrored.name,
        mirrored.state,
        counts.held,
        counts.missing,
        counts.absent,
        counts.not_fetched,
        "-" if mirrored.last_sync_at is None and not counts.held else _percent(counts),
        iso(channel.newest[1]) if channel.newest else "-",
        (iso(mirrored.window_start) or "")[:10] or "all",
        iso(mirrored.last_sync_at) or "never",
    )


def _percent(counts: Tally) -> str:
    """Rounded down, so that 100 % means all."""
    return f"{int(counts.covered * 1000) / 10:.1f}%"


def _object(channel: _Channel) -> dict[str, object]:
    mirrored, counts = channel.mirrored, channel.tally
    return {
        "channel_id": mirrored.channel_id,
        "channel": mirrored.username or mirrored.alias or str(mirrored.channel_id),
        "alias": mirrored.alias,
        "title": mirrored.title,
        "state": mirrored.state,
        "state_reason": mirrored.state_reason,
        "held": counts.held,
        "missing": counts.missing,
        "absent": counts.absent,
        "not_fetched": counts.not_fetched,
        "outside": counts.outside,
        "coverage": None if mirrored.pts is None and not counts.held else round(counts.covered, 6),
        "top_id": mirrored.top_id,
        "newest_id": channel.newest[0] if channel.newest else None,
        "newest_date": iso(channel.newest[1]) if channel.newest else None,
        "window_start": iso(mirrored.window_start),
        "last_sync_at": iso(mirrored.last_sync_at),
        "server_count": mirrored.server_count,
    }
