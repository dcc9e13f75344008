"""`telekeep channels`: the mirrored channels."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import orjson

from archiver.cli import interrupted, output
from archiver.cli.invocation import Invocation
from archiver.cli.parsing.parameters import CommandContext, Option
from archiver.cli.view.moments import Moments, choose_zone
from archiver.cli.view.shape import JsonArrayOption, JsonLinesOption, Shape, choose_shape, print_objects

if TYPE_CHECKING:
    from archiver.cli.view.file_sums import FileSum
    from archiver.ids import ChannelId
    from archiver.store.channels.channel import Mirrored
    from archiver.store.channels.channel_details import ChannelStatus

EXIT_STATUS = {0: "done", 2: "wrong usage, or there is no archive"}


def command(
    context: CommandContext,
    *,
    everything: Annotated[bool, Option("--all", help="Include removed channels.")] = False,
    json: JsonArrayOption = False,
    jsonl: JsonLinesOption = False,
) -> int:
    """List the mirrored channels, and those known only from imports.

    \b
    Examples:
      telekeep channels
      telekeep channels --jsonl | jq -r .username

    In a pipe: name, id, title, start of the window, state, account, alias, separated by tabs.
    """
    return interrupted.run(run(context.obj, everything=everything, shape=choose_shape(json=json, jsonl=jsonl)))


async def run(invocation: Invocation, *, everything: bool, shape: Shape) -> int:
    """Print the channels. Returns the exit status."""
    from archiver.cli.view.channel_status import list_state_notes
    from archiver.cli.view.file_sums import read_file_sums
    from archiver.compose.read_archive import open_archive
    from archiver.store.channels.channel import list_channels
    from archiver.store.channels.channel_details import list_statuses

    moments = Moments(choose_zone(invocation.zone(None)), time.time())
    async with open_archive(invocation.checked_settings().archive.dir, remarks=output) as database:
        known = await database.read(list_channels, removed=True)
        channels = [one for one in known if everything or one.state != "removed" or one.imported_only]
        standings = await database.read(list_statuses)
        files = await database.read(read_file_sums, standings, invocation.checked_settings())
    if shape != "people":
        rows = [_row(one, standings[one.channel_id], files.get(one.channel_id)) for one in channels]
        print_objects(rows, shape)
        return 0
    if not channels:
        output.note("no channels yet; add one: `telekeep add @name`")
    _print(channels, moments, files)
    for note in list_state_notes([(one, standings[one.channel_id]) for one in channels], moments):
        output.note(note)
    return 0


def _print(channels: list[Mirrored], moments: Moments, files: Mapping[ChannelId, FileSum]) -> None:
    from archiver.cli.view.channel_status import state_name, state_word
    from archiver.cli.view.grid import Column, name_cell, print_grid

    if not output.is_terminal():
        for one in channels:
            day = _day(one.window_start) or "all"
            state = state_word(one, moments.now)
            output.tsv(
                one.name, one.channel_id, one.title, day, state, "" if one.imported_only else one.account, one.alias
            )
        return
    columns = (
        Column("channel"),
        Column("alias", drop_order=5),
        Column("id", right=True, drop_order=4),
        Column("title", drop_order=3, least=16),
        Column("since", drop_order=2),
        Column("state", drop_order=6),
        Column("account", drop_order=1),
        Column("files", right=True, drop_order=2),
    )
    rows = [
        (
            name_cell(one),
            one.alias or "",
            str(one.channel_id),
            one.title,
            _start(one, moments),
            state_name(one, moments.now),
            "-" if one.imported_only else one.account,
            files[one.channel_id].brief if one.channel_id in files else "-",
        )
        for one in channels
    ]
    # An alias or an account that says nothing needs no column.
    idle = {1} if not any(one.alias for one in channels) else set()
    idle |= {6} if len({one.account for one in channels}) < 2 else set()
    idle |= set() if files else {7}
    kept = [at for at in range(len(columns)) if at not in idle]
    print_grid([columns[at] for at in kept], [[row[at] for at in kept] for row in rows])


def _start(channel: Mirrored, moments: Moments) -> str:
    from archiver.store.imports.imported_channel import is_unaccounted

    if is_unaccounted(channel):
        return "-"
    return "all" if channel.window_start is None else moments.date(channel.window_start)


def _row(channel: Mirrored, standing: ChannelStatus, files: FileSum | None) -> dict[str, Any]:
    from archiver.store.imports.imported_channel import name_origin

    return {
        "channel_id": channel.channel_id,
        "channel": channel.name,
        "username": channel.username,
        "alias": channel.alias,
        "title": channel.title,
        "kind": "megagroup" if channel.megagroup else "broadcast",
        "added_at": _iso(channel.added_at),
        "window_start": _iso(channel.window_start),
        "since": _iso(channel.window_start),
        "state": channel.shown_state,
        "state_reason": channel.state_reason,
        "last_sync_at": _iso(channel.last_sync_at),
        "account": channel.account,
        "state_since": _iso(standing.state_since),
        "retry_at": _iso(channel.retry_at),
        "failures": channel.failures,
        "last_error": standing.last_error,
        "about": standing.about,
        "participants": standing.participants,
        "described_at": _iso(channel.described_at),
        "usernames": orjson.loads(standing.usernames),
        "created": _iso(standing.created),
        "noforwards": bool(standing.noforwards),
        "restriction": orjson.loads(standing.restriction) if standing.restriction else None,
        "flags": orjson.loads(standing.flags),
        "files": None if files is None else files.as_object(),
        "name_origin": name_origin(channel),
    }


def _iso(seconds: int | None) -> str | None:
    from archiver.model.iso_time import iso

    return None if seconds is None else iso(seconds)


def _day(seconds: int | None) -> str | None:
    stamp = _iso(seconds)
    return stamp[:10] if stamp else None
