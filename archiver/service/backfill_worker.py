"""Bringing the histories in beside live: a stretch of one channel, then of the next, so that none waits for another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from archiver.clock import Clock
from archiver.errors import Error, StaleAccess
from archiver.mirror.backfill import RECENT
from archiver.mirror.channel_mirror import Mirror
from archiver.mirror.ingest import Outdated, Removed
from archiver.model import coverage
from archiver.model.coverage import Interval
from archiver.pacing.scheduler import Priority
from archiver.service.backoff import ACCOUNT_ERRORS
from archiver.store.channel import Mirrored, list_channels
from archiver.store.coverage import list_all_coverage
from archiver.store.database import Database

log = logging.getLogger(__name__)

STRETCH = 5
"""Pages of one channel before the next one has its turn."""
_MORE = 6
"""How many times as long a stretch is within a takeout: pages come that much faster."""
AT_ONCE = 2
"""Stretches at the same time: one page is on its way while another is being written."""
LOOK = 5.0
"""Seconds between two looks for work, when there was none."""
REST = 60.0
"""Seconds for which a channel is left alone whose access is to be looked up again; catching up does so."""


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


def plan(
    channels: Iterable[Mirrored],
    covered: Mapping[int, list[Interval]],
    *,
    account: str,
    now: float,
    turns: Mapping[int, int],
) -> list[Work]:
    """The account's channels with a gap, the urgent first, else the one that had its turn longest ago. Pure.

    `turns`: channel -> the number of its last turn; those without one are first, in the order of their adding.
    """
    found = []
    for channel in channels:
        waits = channel.retry_at is not None and channel.retry_at > now
        if channel.account != account or channel.pts is None or waits:
            continue
        gap = coverage.highest_gap(covered.get(channel.channel_id, []), channel.lowest_wanted, channel.top_id)
        if gap:
            found.append(Work(channel, gap))
    return sorted(found, key=lambda work: (work.priority, turns.get(work.channel.channel_id, 0)))


class TakeoutSession(Protocol):
    """An account's takeout, within which histories are read."""

    @property
    def is_open(self) -> bool:
        """Whether they are now."""
        ...

    async def open(self) -> bool:
        """Have them read so, where that can be had. Raises what stops the account."""
        ...

    async def finish(self, *, success: bool) -> None:
        """Have them read as usual."""
        ...


class BackfillWorker:
    """Fills the gaps of all channels of one account."""

    def __init__(
        self,
        database: Database,
        mirror: Mirror,
        *,
        account: str,
        clock: Clock,
        fail: Callable[[Mirrored, Error], Awaitable[None]],
        takeout: TakeoutSession | None = None,
    ) -> None:
        """`takeout`: where histories are to be read within one; it is open while there are any to read."""
        self._takeout = takeout
        self._opening = asyncio.Lock()
        self._database = database
        self._mirror = mirror
        self._account = account
        self._clock = clock
        self._fail = fail
        self._turns: dict[int, int] = {}
        self._turn = 0
        self._under_way: set[int] = set()
        self._resting: dict[int, float] = {}
        """Channels that are left alone, and until which tick."""
        self.left = 0
        """Channels whose history is not complete yet."""

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop; a page that is under way is finished. Raises what stops the account."""
        async with asyncio.TaskGroup() as group:
            for number in range(AT_ONCE):
                group.create_task(self._work(stop), name=f"fill {self._account} {number}")

    async def _work(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            work = await self._next()
            if work is None:
                await self._use_takeout(bool(self._under_way))
                await self._clock.wait(stop, LOOK)
                continue
            self._under_way.add(work.channel.channel_id)
            try:
                await self._use_takeout(True)
                await self._stretch(work, stop)
            finally:
                self._under_way.discard(work.channel.channel_id)

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
                log.info("account %s: histories are read without a takeout: %s", self._account, exc.args[0])

    async def _next(self) -> Work | None:
        """The most urgent work, planned anew each time: the server may just have refused to tell what happened."""
        conn, now, tick = self._database.connection, self._clock.now(), self._clock.tick()
        channels = await list_channels(conn)
        works = plan(channels, await list_all_coverage(conn), account=self._account, now=now, turns=self._turns)
        self.left = len(works)
        left = {work.channel.channel_id for work in works}
        self._turns = {channel_id: turn for channel_id, turn in self._turns.items() if channel_id in left}
        self._resting = {channel_id: end for channel_id, end in self._resting.items() if end > tick}
        for work in works:
            channel_id = work.channel.channel_id
            if channel_id not in self._under_way and channel_id not in self._resting:
                self._turn += 1
                self._turns[channel_id] = self._turn
                return work
        return None

    async def _stretch(self, work: Work, stop: asyncio.Event) -> None:
        pages = STRETCH * (_MORE if self._takeout and self._takeout.is_open else 1)
        try:
            await self._mirror.fill(work.channel.channel_id, pages=pages, stop=stop.is_set, priority=work.priority)
        except (Removed, Outdated):
            return
        except StaleAccess:
            self._resting[work.channel.channel_id] = self._clock.tick() + REST
        except ACCOUNT_ERRORS:
            raise
        except Error as exc:
            await self._fail(work.channel, exc)
