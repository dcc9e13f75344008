"""`telekeep status`: what is archived of each channel, how complete it is, and what keeps it from being mirrored."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from archiver.cli import interrupted, output
from archiver.cli.invocation import Invocation
from archiver.cli.parsing.parameters import CommandContext, Option
from archiver.cli.view import waits
from archiver.cli.view.channel_status import describe_parts, state_note, state_word
from archiver.cli.view.index_status import IndexStatus, look, read_index, sum_up
from archiver.cli.view.service_status import ServiceStatus, read_service
from archiver.cli.view.shape import JsonLinesOption, JsonObjectOption, Shape, choose_shape
from archiver.cli.view.speed import Speed, read_speed
from archiver.compose.read_archive import open_archive
from archiver.model.clock_offset import describe_offset
from archiver.model.completeness import Tally
from archiver.model.row import iso
from archiver.reading.coverage_report import tally_channel
from archiver.store.account import KnownAccount, list_accounts
from archiver.store.channel import Mirrored, list_channels
from archiver.store.channel_details import ChannelStatus, count_stubs, list_statuses
from archiver.store.database import Database, read
from archiver.store.extent import find_newest
from archiver.store.review import find_surplus
from archiver.store.rich import PartCount, count_parts
from archiver.store.rows import snapshot
from archiver.store.waits import Wait, list_waits
from config.settings import MeilisearchSettings

EXIT_STATUS = {0: "shown", 2: "wrong usage, or there is no archive"}

_HEADERS = ("channel", "state", "held", "missing", "absent", "not fetched", "covered", "newest", "window", "synced")
_WIDE = (*_HEADERS, "account", "stubs", "partial", "server count")
_SHORT = ("channel", "state", "held", "missing", "not\nfetched", "covered", "newest", "synced")
_NUMBERS = ("held", "missing", "absent", "not fetched", "not\nfetched", "covered", "stubs", "partial", "server count")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Channel:
    mirrored: Mirrored
    standing: ChannelStatus
    tally: Tally
    newest: tuple[int, int] | None
    stubs: int
    parts: PartCount
    surplus: int | None
    """Messages that the server counts in excess of those archived and not deleted, if comparable."""

    @property
    def count_differs(self) -> bool | None:
        """Whether the counts differ, other than by the amount that a review of all ids left unexplained."""
        return None if self.surplus is None else self.surplus not in (0, self.mirrored.accepted_count)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Status:
    now: float
    path: Path
    channels: list[_Channel]
    accounts: list[KnownAccount]
    service: ServiceStatus
    waits: list[Wait]
    speed: Speed | None
    """Of the histories being fetched now."""
    index: list[IndexStatus]
    """By node; empty if no Meilisearch is configured."""

    @property
    def ids_left(self) -> int:
        """Ids not fetched, of all channels that are not removed."""
        return sum(one.tally.not_fetched for one in self.channels if one.mirrored.state != "removed")

    @property
    def size(self) -> int:
        """Size of the archive in bytes."""
        parts = (self.path, self.path.with_name(f"{self.path.name}-wal"))
        return sum(part.stat().st_size for part in parts if part.exists())


def command(
    context: CommandContext,
    *,
    wide: Annotated[bool, Option("--wide", "-w", help="On a terminal: all columns and full times.")] = False,
    json: JsonObjectOption = False,
    jsonl: JsonLinesOption = False,
) -> int:
    """Show what is archived of each channel, how complete it is, and whether the service is running.

    \b
    Examples:
      telekeep status
      telekeep status --wide
      telekeep status --json | jq '.channels[] | select(.not_fetched > 0) | .channel'

    held: archived and still in the channel. missing: archived, but deleted or no longer visible in the channel.
    covered: the share of the window's ids that are archived, or known to be absent. newest, synced: how long ago, or
    the day (UTC). Removed channels are included. Problems are listed below the table. --jsonl prints one
    line per channel.
    """
    return interrupted.run(run(context.obj, wide=wide, shape=choose_shape(json=json, jsonl=jsonl)))


async def run(invocation: Invocation, *, wide: bool, shape: Shape) -> int:
    """Show the status. Returns the exit status."""
    async with open_archive(invocation.settings().archive.dir, remarks=output) as database:
        status = await _read(database, invocation.settings().meilisearch)
    if shape == "jsonl":
        for channel in status.channels:
            output.jsonl(_channel(channel))
        return 0
    if shape == "json":
        output.json(_object(status))
        return 0
    if output.is_terminal() and not wide:
        output.table(_SHORT, [_short(channel, status.now) for channel in status.channels], right=_NUMBERS)
    else:
        headers = _WIDE if wide else _HEADERS
        rows = (_cells(channel, status.now)[: len(headers)] for channel in status.channels)
        output.table(headers, rows, right=_NUMBERS, wide=True)
    _print_notes(status)
    return 0


async def _read(database: Database, settings: MeilisearchSettings) -> _Status:
    conn = database.connection
    index = await look(await read_index(database, settings), settings)
    service = await read_service(database)
    now = time.time()
    async with snapshot(conn):
        standings = await read(conn, list_statuses)
        channels = [
            _Channel(
                mirrored=one,
                standing=standings[one.channel_id],
                tally=await tally_channel(conn, one),
                newest=await read(conn, find_newest, one.channel_id),
                stubs=await read(conn, count_stubs, one.channel_id),
                parts=await read(conn, count_parts, one.channel_id),
                surplus=await read(conn, find_surplus, one.channel_id),
            )
            for one in await read(conn, list_channels, removed=True)
        ]
        return _Status(
            now=now,
            path=database.path,
            channels=channels,
            accounts=await read(conn, list_accounts),
            service=service,
            waits=await read(conn, list_waits, now=now),
            speed=await read_speed(conn, now) if service.holder else None,
            index=index,
        )


def _short(channel: _Channel, now: float) -> tuple[object, ...]:
    mirrored, counts = channel.mirrored, channel.tally
    return (
        mirrored.name,
        state_word(mirrored, now),
        counts.held,
        counts.missing,
        counts.not_fetched,
        _percent(channel),
        _ago(channel.newest[1] if channel.newest else None, now) or "-",
        _ago(mirrored.last_sync_at, now) or "never",
    )


def _cells(channel: _Channel, now: float) -> tuple[object, ...]:
    mirrored, counts = channel.mirrored, channel.tally
    return (
        mirrored.name,
        state_word(mirrored, now),
        counts.held,
        counts.missing,
        counts.absent,
        counts.not_fetched,
        _percent(channel),
        iso(channel.newest[1]) if channel.newest else "-",
        (iso(mirrored.window_start) or "")[:10] or "all",
        iso(mirrored.last_sync_at) or "never",
        mirrored.account,
        channel.stubs,
        channel.parts.partial,
        mirrored.server_count,
    )


def _percent(channel: _Channel) -> str:
    """Coverage, rounded down so that 100 % means complete."""
    if channel.mirrored.last_sync_at is None and not channel.tally.held:
        return "-"
    return f"{int(channel.tally.covered * 1000) / 10:.1f}%"


def _ago(moment: int | None, now: float) -> str | None:
    """Age as `40s`, `5m` or `3h`, or the day."""
    if moment is None:
        return None
    seconds = int(now - moment)
    for unit, size, most in (("s", 1, 100), ("m", 60, 6_000), ("h", 3_600, 172_800)):
        if 0 <= seconds < most:
            return f"{seconds // size}{unit}"
    return (iso(moment) or "")[:10]


def _print_channel_notes(channel: _Channel, now: float) -> None:
    mirrored = channel.mirrored
    if note := state_note(mirrored, channel.standing, now):
        output.note(note)
    if channel.stubs:
        output.note(f"{mirrored.name}: {channel.stubs} archived messages cannot be read by this version")
    if channel.parts.partial:
        output.note(f"{mirrored.name}: {describe_parts(channel.parts)}")
    if channel.surplus:
        looked = "an audit reads everything again" if channel.count_differs else "all ids were checked"
        more = "more" if channel.surplus > 0 else "fewer"
        output.note(
            f"{mirrored.name}: the server counts {abs(channel.surplus)} messages {more} than are archived and not"
            f" deleted; {looked}"
        )


def _print_notes(status: _Status) -> None:
    for channel in status.channels:
        _print_channel_notes(channel, status.now)
    for account in status.accounts:
        if account.state == "dead":
            reason = f": {account.reason}" if account.reason else ""
            output.note(f"account {account.account}: not accepted by the server since {iso(account.since)}{reason}")
    for warning in {describe_offset(account.clock_ahead) for account in status.accounts} - {None}:
        output.warn(str(warning))
    for wait in status.waits:
        output.note(waits.describe(wait, status.now))
    if not status.channels:
        output.note("no channels yet; add one: telekeep add @name")
    for line in status.service.describe(status.now):
        output.note(line)
    if status.speed and status.ids_left:
        output.note(status.speed.describe(status.ids_left))
    for node in status.index:
        output.note(node.describe(status.now))
    output.note(f"archive: {status.path} ({status.size / 1e6:.1f} MB)")


def _object(status: _Status) -> dict[str, Any]:
    return {
        "archive": {"path": str(status.path), "bytes": status.size},
        "service": status.service.as_object(status.now),
        "accounts": [
            {**one._asdict(), "since": iso(one.since), "clock_at": iso(one.clock_at)} for one in status.accounts
        ],
        "reading": status.speed.as_object(status.ids_left) if status.speed and status.ids_left else None,
        "waits": [waits.as_object(wait) for wait in status.waits],
        "floods": [waits.as_object(wait) for wait in status.waits],
        "index": sum_up([one.as_object(status.now) for one in status.index]) if status.index else None,
        "channels": [_channel(channel) for channel in status.channels],
    }


def _channel(channel: _Channel) -> dict[str, object]:
    mirrored, counts, standing = channel.mirrored, channel.tally, channel.standing
    return {
        "channel_id": mirrored.channel_id,
        "channel": mirrored.name,
        "alias": mirrored.alias,
        "title": mirrored.title,
        "account": mirrored.account,
        "state": mirrored.state,
        "state_reason": mirrored.state_reason,
        "state_since": iso(standing.state_since),
        "retry_at": iso(mirrored.retry_at),
        "failures": mirrored.failures,
        "last_error": standing.last_error,
        "held": counts.held,
        "stubs": channel.stubs,
        "partial": channel.parts.partial,
        "partial_refused": channel.parts.refused,
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
        "server_count_at": iso(standing.server_count_at),
        "count_differs": channel.count_differs,
        "accepted_count": mirrored.accepted_count,
    }
