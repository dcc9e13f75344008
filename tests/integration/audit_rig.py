"""An audit worker at work, over a channel that is mirrored to the present."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from archiver.errors import Error
from archiver.mirror.ingest import Ingest
from archiver.model.review_plan import DAY
from archiver.service.audit_worker import MAX_IDLE, AuditWorker
from archiver.service.worker_context import PollSettings, WorkerContext
from archiver.store.channels.channel import Mirrored
from archiver.telegram import Timeouts
from tests.doubles.telegram import faults
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.rig import SHORT, Rig, ServerClock, mirror_of, query

MONTH = 31 * DAY
UNPACED = PollSettings(requests_per_second=0.0)
PATIENT = replace(SHORT, call=60.0, call_max=60.0)
"""Where calls are counted, none is repeated because the machine is busy."""


@pytest.fixture
def channel(world: World) -> Channel:
    """600 ids, 560 of them there, posted a year ago."""
    then = world.now() - 365 * 86_400
    channel = world.add_channel("Alpha", "alpha", about="news", date=then)
    for number in range(599):
        channel.post(f"message {number}", views=number, date=then + number)
    channel.delete(*range(20, 60))
    return channel


class Desk:
    """An auditor at work, and time that passes when it waits."""

    def __init__(self, rig: Rig, server: Server, settings: PollSettings = UNPACED) -> None:
        self.rig = rig
        self.server = server
        self.failed: list[tuple[int, Error]] = []
        self.ingest = Ingest(rig.database, layer=rig.source.layer, clock=server.world.clock.now)
        context = WorkerContext(
            account="default",
            source=rig.source,
            database=rig.database,
            ingest=self.ingest,
            clock=ServerClock(server),
            on_failure=self._fail,
        )
        self.auditor = AuditWorker(context, settings, access=rig.mirror.access)

    async def _fail(self, channel: Mirrored, error: Error) -> None:
        self.failed.append((channel.channel_id, error))

    async def pass_time(self, seconds: float, meanwhile: Callable[[], Awaitable[None]] | None = None) -> None:
        """Let so many seconds of the server's time go by."""
        clock = self.server.world.clock
        end = clock.now() + seconds
        while (now := clock.now()) < end:
            pause = await self.auditor.step()
            # In a longer time nobody looks as often as every half minute whether something was posted.
            leap = pause if pause < MAX_IDLE else max(pause, seconds / 300)
            self.server.clock += min(leap, end - now)
            if pause and meanwhile:
                await meanwhile()

    async def happen_unseen(self, channel: Channel) -> None:
        """What has happened in the channel is told by no difference: as if it had been mirrored to the present."""
        channel.forget_events()
        await self.rig.database.write(lambda conn: conn.execute("UPDATE channel SET pts = ?", (channel.pts,)))


def pages(server: Server) -> int:
    return len(server.called("messages.getHistory"))


def catch_next_page(server: Server, action: faults.Action) -> asyncio.Event:
    """Let this happen to the next page; set when it is asked for."""
    asked = asyncio.Event()
    server.faults.add("messages.getHistory", action, times=1, predicate=lambda _: asked.set() or True)
    return asked


def missing(directory: Path) -> list[tuple[int, str]]:
    return query(directory, "SELECT message_id, missing_how FROM message WHERE missing_since IS NOT NULL ORDER BY 1")


@contextlib.asynccontextmanager
async def desk_of(
    server: Server,
    account: Account,
    directory: Path,
    *channels: Channel,
    settings: PollSettings = UNPACED,
    timeouts: Timeouts = PATIENT,
) -> AsyncIterator[Desk]:
    """A desk whose channels are mirrored to the present."""
    async with mirror_of(server, account, directory, timeouts=timeouts) as rig:
        desk = Desk(rig, server, settings)
        for channel in channels:
            found = await rig.source.resolve_username(channel.username)
            await desk.ingest.add_channel(found)
            await rig.sync(channel)
        yield desk
