"""Bringing the histories in beside live: a stretch of one channel, then of the next, so that none waits for another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from archiver import coverage
from archiver.clock import Clock
from archiver.coverage import Interval
from archiver.errors import Error
from archiver.failure import OF_ACCOUNT
from archiver.ingest import Outdated, Removed
from archiver.mirror import RECENT, Mirror
from archiver.schedule import Priority
from archiver.store.channel import Mirrored, list_channels
from archiver.store.coverage import list_all_coverage
from archiver.store.database import Database

log = logging.getLogger(__name__)

STRETCH = 5
"""Pages of one channel before the next one has its turn."""
AT_ONCE = 2
"""Stretches at the same time: one page is on its way while another is being written."""
LOOK = 5.0
"""Seconds between two looks for work, when there was none."""


@dataclass(frozen=True, slots=True)
class Work:
    """A channel with a gap in its history."""

    channel: Mirrored
    gap: Interval

    @property
    def priority(self) -> Priority:
        """What the server would not tell, near the top, is read again at once; all else is history."""
        again = self.channel.generation > 1 and self.gap[1] > self.channel.top_id - RECENT
        return Priority.LIVE if again else Priority.BACKFILL


def plan(channels: list[Mirrored], covered: dict[int, list[Interval]], *, account: str, now: float) -> list[Work]:
    """The account's channels with a gap, the urgent first, else in the order of their adding. Pure."""
    found = []
    for channel in channels:
        waits = channel.retry_at is not None and channel.retry_at > now
        if channel.account != account or channel.pts is None or waits:
            continue
        gap = coverage.highest_gap(covered.get(channel.channel_id, []), channel.lowest_wanted, channel.top_id)
        if gap:
            found.append(Work(channel, gap))
    return sorted(found, key=lambda work: work.priority)


class Filler:
    """Fills the gaps of all channels of one account."""

    def __init__(
        self,
        database: Database,
        mirror: Mirror,
        *,
        account: str,
        clock: Clock,
        fail: Callable[[Mirrored, Error], Awaitable[None]],
    ) -> None:
        self._database = database
        self._mirror = mirror
        self._account = account
        self._clock = clock
        self._fail = fail
        self.left = 0
        """Channels whose history is not complete yet."""

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop; a page that is under way is finished. Raises what stops the account."""
        while not stop.is_set():
            works = await self._plan()
            self.left = len(works)
            if not works:
                await self._clock.wait(stop, LOOK)
                continue
            queue = iter(works)
            async with asyncio.TaskGroup() as group:
                for number in range(min(AT_ONCE, len(works))):
                    group.create_task(self._work_off(queue, stop), name=f"fill {self._account} {number}")

    async def _plan(self) -> list[Work]:
        conn = self._database.connection
        channels = await list_channels(conn)
        return plan(channels, await list_all_coverage(conn), account=self._account, now=self._clock.now())

    async def _work_off(self, queue: Iterator[Work], stop: asyncio.Event) -> None:
        for work in queue:
            if stop.is_set():
                return
            await self._stretch(work, stop)

    async def _stretch(self, work: Work, stop: asyncio.Event) -> None:
        try:
            await self._mirror.fill(work.channel.channel_id, pages=STRETCH, stop=stop.is_set, priority=work.priority)
        except (Removed, Outdated):
            return
        except OF_ACCOUNT:
            raise
        except Error as exc:
            await self._fail(work.channel, exc)
