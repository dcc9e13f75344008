"""`telekeep health`: check whether the service is mirroring, for monitoring by exit status."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Annotated

from archiver.cli import interrupted, output
from archiver.cli.invocation import Invocation
from archiver.cli.parsing.parameters import CommandContext, Option
from archiver.cli.view import figures
from archiver.cli.view.extract import describe_extract
from archiver.cli.view.moments import Moments
from archiver.cli.view.service_status import ServiceStatus, describe_end, read_service
from archiver.cli.view.shape import JsonLinesOption, JsonObjectOption, Shape, choose_shape
from archiver.compose.read_archive import open_archive
from archiver.model.account_status import read_statuses
from archiver.model.clock_offset import describe_offset
from archiver.model.iso_time import iso
from archiver.reading.clock_offset import find_clock_ahead
from archiver.service.monitoring.health import (
    ChannelCounts,
    UnreadableChannel,
    Verdict,
    describe_unreadable,
    find_troubles,
)
from archiver.store.accounts.account import list_loads, list_unreadable

EXIT_STATUS = {
    0: "the service is mirroring every channel",
    2: "the service is not mirroring; stderr says why",
    3: "the service is mirroring some channels only; stderr says which",
}

SCARCE = 4 * 1024 * 1024
"""Bytes of free disk space below which mirroring is about to stop."""


def command(
    context: CommandContext,
    *,
    service_only: Annotated[bool, Option("--service", help="Check the service only, not the channels.")] = False,
    json: JsonObjectOption = False,
    jsonl: JsonLinesOption = False,
) -> int:
    """Check whether the service is mirroring every channel.

    \b
    Examples:
      telekeep health
      telekeep health --json | jq .troubles
      HEALTHCHECK CMD telekeep -q health --service          (in a Dockerfile)

    Channels that are private, banned or waiting for a retry count as not mirrored. Restarting the service does not
    help them, so --service ignores them.

    The command reads the service's heartbeat from the archive; it does not use the network. A running service gives
    the same answer over HTTP (service.listen) at /health, and at /live for --service.
    """
    return interrupted.run(run(context.obj, shape=choose_shape(json=json, jsonl=jsonl), service_only=service_only))


async def run(invocation: Invocation, *, shape: Shape, service_only: bool = False) -> int:
    """Check and report. Returns the exit status."""
    now = time.time()
    async with open_archive(invocation.checked_settings().archive.dir, remarks=output) as database:
        extract = describe_extract(database.path)
        service = await read_service(database)
        warning = describe_offset(await find_clock_ahead(database.connection))
        counts = {name: ChannelCounts(*count) for name, count in (await database.read(list_loads, now=now)).items()}
        unread = (
            () if service_only else [UnreadableChannel(*one) for one in await database.read(list_unreadable, now=now)]
        )
    full = _check_disk(invocation.checked_settings().archive.dir)
    if extract is None:
        verdict = Verdict((*full, *_find_troubles(service, counts, now)), describe_unreadable(counts, unread))
    else:
        verdict = Verdict((f"{database.path} is {extract}.",))
    troubles = (*verdict.troubles, *verdict.partly)
    if shape != "people":
        (output.json if shape == "json" else output.jsonl)(
            {
                "healthy": not troubles,
                "state": verdict.state,
                "troubles": troubles,
                "warnings": [warning] if warning else [],
                "channels": [_channel(one) for one in unread],
                "service": service.as_object(now),
            }
        )
    elif not troubles:
        channels = sum(count.channels for count in counts.values())
        output.line(f"mirroring {figures.count(channels, 'channel')}")
    if warning:
        output.warn(warning)
    for trouble in troubles if shape == "people" else ():
        output.error(trouble)
    return verdict.exit_status


def _channel(one: UnreadableChannel) -> dict[str, object]:
    named: dict[str, object] = {"channel": one.name.removeprefix("@"), "state": one.state}
    return named | {"state_since": iso(one.since), "retry_at": iso(one.aside_until)} | one._asdict()


def _check_disk(directory: Path) -> tuple[str, ...]:
    free = shutil.disk_usage(directory).free
    if free >= SCARCE:
        return ()
    return (f"the disk is full: {figures.size(free)} left for the archive in {directory}; free some space.",)


def _describe_absence(service: ServiceStatus, now: float) -> str:
    """Say that the service is not running, and since when."""
    life = service.life
    if life is None:
        return "the service is not running: it was never started"
    return f"the service is not running: it {describe_end(life, Moments(now=now))}"


def _find_troubles(service: ServiceStatus, counts: dict[str, ChannelCounts], now: float) -> tuple[str, ...]:
    if service.life is None or not service.is_there:
        start = "`telekeep run` starts it" if counts else "no channel is mirrored"
        return (f"{_describe_absence(service, now)}; {start}.",)
    # An account without an entry has not started yet.
    return find_troubles(read_statuses(service.life.detail), counts, beat_age=now - service.life.beat_at)
