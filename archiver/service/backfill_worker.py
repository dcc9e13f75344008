"""Reads histories while live work continues: a few pages of one channel, then of the next, so that none starves."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from archiver.errors import Error, StaleAccess
from archiver.ids import ChannelId
from archiver.mirror.backfill import RECENT
from archiver.mirror.channel_mirror import Mirror
from archiver.mirror.ingest import Outdated, Removed
from archiver.model import coverage
from archiver.model.coverage import Interval
from archiver.pacing.scheduler import Priority
from archiver.service.backoff import ACCOUNT_ERRORS
from archiver.service.worker_context import WorkerContext
from archiver.store.channels.channel import Mirrored, list_channels
from archiver.store.channels.coverage import list_all_coverage
from archiver.store.database import read

log = logging.getLogger(__name__)

PAGES = 5
"""Pages of one channel per turn."""
_TAKEOUT_FACTOR = 6
"""How many times as many within a takeout, where pages come that much faster."""
AT_ONCE = 2
"""Concurrent turns: one page is requested while another is written."""
IDLE = 5.0
"""Seconds between two checks for work when there was none."""
PAUSE = 60.0
"""Seconds for which a channel with a stale access hash is skipped; the live worker looks the hash up."""


@dataclass(frozen=True, slots=True)
class BackfillTask:
    """A channel with a gap in its history."""

    channel: Mirrored
    gap: Interval

    @property
    def priority(self) -> Priority:
        """LIVE for a gap near the top that "too long" left, BACKFILL for older history."""
        again = self.channel.generation > 1 and self.gap[1] > self.channel.top_id - RECENT
        return Priority.LIVE if again else Priority.BACKFILL


def plan(
    channels: Iterable[Mirrored],
    covered: Mapping[int, list[Interval]],
    *,
    account: str,
    now: float,
    turns: Mapping[ChannelId, int],
) -> list[BackfillTask]:
    """List the account's channels with a gap, urgent ones first, then by least recent turn. Pure.

    `turns`: channel -> number of its last turn; channels without one come first, in the order they were added.
    """
    found = []
    for channel in channels:
        waits = channel.retry_at is not None and channel.retry_at > now
        if channel.account != account or channel.pts is None or waits:
            continue
        gap = coverage.highest_gap(covered.get(channel.channel_id, []), channel.lowest_wanted, channel.top_id)
        if gap:
            found.append(BackfillTask(channel, gap))
    return sorted(found, key=lambda task: (task.priority, turns.get(task.channel.channel_id, 0)))


class TakeoutSession(Protocol):
    """An account's takeout session for reading histories."""

    @property
    def is_open(self) -> bool:
        """Whether histories are read within it now."""
        ...

    async def open(self) -> bool:
        """Start it if the server grants one. Raises what stops the account."""
        ...

    async def finish(self, *, success: bool) -> None:
        """End it; histories are read as usual."""
        ...


class BackfillWorker:
    """Fills the gaps of all channels of one account."""

    def __init__(self, context: WorkerContext, mirror: Mirror, *, takeout: TakeoutSession | None = None) -> None:
        """`takeout`: kept open while there are histories to read; None: read without one."""
        self._takeout = takeout
        self._opening = asyncio.Lock()
        self._database = context.database
        self._mirror = mirror
        self._account = context.account
        self._clock = context.clock
        self._on_failure = context.on_failure
        self._turns: dict[ChannelId, int] = {}
        self._turn = 0
        self._under_way: set[ChannelId] = set()
        self._paused: dict[ChannelId, float] = {}
        """Skipped channels, each with the tick until which it is skipped."""
        self.left = 0
        """Number of channels whose history is not complete."""

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set, finishing the page under way. Raises what stops the account."""
        async with asyncio.TaskGroup() as group:
            for number in range(AT_ONCE):
                group.create_task(self._work(stop), name=f"backfill {self._account} {number}")

    async def _work(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            task = await self._take_next()
            if task is None:
                await self._use_takeout(bool(self._under_way))
                await self._clock.wait(stop, IDLE)
                continue
            self._under_way.add(task.channel.channel_id)
            try:
                await self._use_takeout(True)
                await self._read_pages(task, stop)
            finally:
                self._under_way.discard(task.channel.channel_id)

    async def _use_takeout(self, wanted: bool) -> None:
        """Open the takeout when there is history to read, and finish it when none is left."""
        if self._takeout is None or self._takeout.is_open == wanted:
            return
        async with self._opening:
            try:
                await (self._takeout.open() if wanted else self._takeout.finish(success=True))
            except ACCOUNT_ERRORS:
                raise
            except Error as exc:
                log.info("account %s: reading histories without a takeout: %s", self._account, exc.args[0])

    async def _take_next(self) -> BackfillTask | None:
        """Take the most urgent task; plan each time, because the server may just have answered "too long"."""
        conn, now, tick = self._database.connection, self._clock.now(), self._clock.tick()
        channels = await read(conn, list_channels)
        tasks = plan(channels, await read(conn, list_all_coverage), account=self._account, now=now, turns=self._turns)
        self.left = len(tasks)
        left = {task.channel.channel_id for task in tasks}
        self._turns = {channel_id: turn for channel_id, turn in self._turns.items() if channel_id in left}
        self._paused = {channel_id: end for channel_id, end in self._paused.items() if end > tick}
        for task in tasks:
            channel_id = task.channel.channel_id
            if channel_id not in self._under_way and channel_id not in self._paused:
                self._turn += 1
                self._turns[channel_id] = self._turn
                return task
        return None

    async def _read_pages(self, task: BackfillTask, stop: asyncio.Event) -> None:
        pages = PAGES * (_TAKEOUT_FACTOR if self._takeout and self._takeout.is_open else 1)
        try:
            await self._mirror.backfill(task.channel.channel_id, pages=pages, stop=stop.is_set, priority=task.priority)
        except (Removed, Outdated):
            return
        except StaleAccess:
            self._paused[task.channel.channel_id] = self._clock.tick() + PAUSE
        except ACCOUNT_ERRORS:
            raise
        except Error as exc:
            await self._on_failure(task.channel, exc)
