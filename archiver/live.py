"""Staying at the present without joining: who changed is asked for 100 channels at once, then what, one by one.

Some tasks find out which channels are due, a few catch them up:

    probe   getPeerDialogs for all channels every `interval`; those whose pts moved are due at once
    poll    where the probe says nothing (refused, flooded, a channel left out), a difference at a pace that fits the
            channel's own; and for every channel one now and then, in case the probe does not say the truth
    welcome channels that were added
    hint    a push says that something happened; what it says is never believed, only looked at

https://core.telegram.org/api/updates; shared/telegram.md 2.3 on the numbers.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from archiver.clock import Clock
from archiver.due import CHANGED, FRESH, SURELY, DueQueue
from archiver.errors import Error
from archiver.failure import OF_ACCOUNT
from archiver.ingest import Ingest, Outdated, Removed
from archiver.mirror import Mirror
from archiver.record import PeerState
from archiver.schedule import Priority
from archiver.source import Source
from archiver.store.channel import Mirrored, find_channel, list_access, list_channels, list_unread
from archiver.store.database import Database
from archiver.store.message import list_newest_dates

log = logging.getLogger(__name__)

BATCH = 100
"""Channels a probe: the server's own limit."""
CATCHERS = 4
"""Channels that are caught up at the same time, so that one which hangs does not hold up the others."""
SURE = 3600.0
"""Seconds after which a channel is asked for its difference whatever the probe says."""
REFUSED = 3600.0
"""Seconds until a probe that was refused is tried again."""
STALE = 4
"""Intervals without a probe's word after which a channel is polled instead."""
POLL_LEAST, POLL_MOST = 60.0, 3600.0
"""Seconds between two polls of a channel that the probe does not cover."""
SHARE = 0.25
"""Of the account's requests, how much polling may take to be faster than it must."""
WELCOME = 2.0
"""Seconds between two looks for channels that were added."""
NOTED = 300.0
"""Seconds after which it is written down that a quiet channel is still at the present."""


def poll_interval(dates: Sequence[int], *, channels: int, requests_per_second: float) -> float:
    """Seconds between two polls of a channel: half the usual time between its posts, within limits.

    `dates` are the unix times of its newest posts. Where few channels are polled, none needs to wait for long. Pure.
    """
    gaps = [abs(later - earlier) for later, earlier in pairwise(dates)]
    usual = median(gaps) / 2 if gaps else POLL_MOST
    affordable = channels / (requests_per_second * SHARE) if requests_per_second > 0 else POLL_LEAST
    return max(POLL_LEAST, min(usual, affordable, POLL_MOST))


@dataclass(slots=True)
class _Track:
    """What is remembered of a channel while the service runs."""

    sure_at: float
    """When its difference is asked for at the latest."""
    probed_at: float
    """When the probe last spoke of it."""
    pace: tuple[int, float] | None = None
    """Top id and the poll interval that was reckoned with it."""


class Live:
    """Keeps all channels of one account at the present."""

    def __init__(
        self,
        source: Source,
        database: Database,
        ingest: Ingest,
        mirror: Mirror,
        *,
        account: str,
        clock: Clock,
        interval: float,
        requests_per_second: float,
        fail: Callable[[Mirrored, Error], Awaitable[None]],
    ) -> None:
        self._source = source.at(Priority.LIVE)
        self._database = database
        self._ingest = ingest
        self._mirror = mirror
        self._account = account
        self._clock = clock
        self._interval = interval
        self._rate = requests_per_second
        self._fail = fail
        self._tracks: dict[int, _Track] = {}
        self._queue = DueQueue()
        self._refused_until = 0.0
        self.heard_at: float | None = None
        """When the server last told how its channels stand; the service's sign of life hangs on it."""

    @property
    def due(self) -> int:
        """How many channels wait to be caught up."""
        return len(self._queue)

    def hint(self, channel_id: int) -> None:
        """Something may have happened in a channel: have a look."""
        if channel_id in self._tracks:
            self._queue.put(channel_id, CHANGED)

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop. Raises what stops the account."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._probe_for_ever(stop), name=f"probe {self._account}")
            group.create_task(self._poll_for_ever(stop), name=f"poll {self._account}")
            group.create_task(self._welcome_for_ever(stop), name=f"welcome {self._account}")
            for number in range(CATCHERS):
                group.create_task(self._catch_for_ever(stop), name=f"catch {self._account} {number}")
            await stop.wait()
            self._queue.filled.set()  # whoever waits for work is to see that there will be none

    # probing

    async def _probe_for_ever(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            channels = await self._channels()
            begun = self._clock.now()
            access = await list_access(self._database.connection, self._account)
            known = []
            for channel in channels:
                if channel.pts is None:
                    continue  # see _welcome_for_ever
                if channel.failures or channel.channel_id not in access:
                    # One that cannot be read would spoil the probe of 99 others.
                    self._queue.put(channel.channel_id, CHANGED)
                else:
                    known.append(channel)
            if not known:
                self.heard_at = begun
            elif begun >= self._refused_until:
                await self._probe(known, access, stop)
            await self._clock.wait(stop, self._interval - (self._clock.now() - begun))

    async def _channels(self) -> list[Mirrored]:
        """Those that are to be looked at now; what is remembered of others is dropped."""
        now = self._clock.now()
        mirrored = await list_channels(self._database.connection)
        mine = [channel for channel in mirrored if channel.account == self._account]
        kept = {channel.channel_id for channel in mine}
        self._mirror.forget(kept)
        self._tracks = {key: track for key, track in self._tracks.items() if key in kept}
        for channel_id in kept - self._tracks.keys():
            self._tracks[channel_id] = _Track(sure_at=now + random.random() * SURE, probed_at=now)  # noqa: S311
        return [channel for channel in mine if channel.retry_at is None or channel.retry_at <= now]

    async def _probe(self, channels: list[Mirrored], access: dict[int, int], stop: asyncio.Event) -> None:
        """Ask how all of them stand. A batch that fails is halved until what fails is alone."""
        batches = [channels[at : at + BATCH] for at in range(0, len(channels), BATCH)]
        answered = False
        alone = 0
        while batches and not stop.is_set():
            batch = batches.pop(0)
            states = await self._states([(channel.channel_id, access[channel.channel_id]) for channel in batch])
            if states is not None:
                answered = True
                await self._compare(batch, states)
            elif len(batch) == 1:
                alone += 1
                # Its own difference tells what is the matter with it.
                self._queue.put(batch[0].channel_id, CHANGED)
                self._unprobed(batch)
            elif not answered and alone < 2:
                # Is it the method that is refused, or one of the channels? A single one tells.
                batches = [batch[:1], *batches, batch[1:]]
            else:
                middle = len(batch) // 2
                batches += [batch[:middle], batch[middle:]]
            if not answered and alone >= min(3, len(channels)):
                self._refuse(channels)
                return

    async def _states(self, peers: list[tuple[int, int]]) -> dict[int, PeerState] | None:
        try:
            return await self._source.get_states(peers)
        except OF_ACCOUNT:
            raise
        except Error as exc:
            log.info("a probe of %d channels failed (%s)", len(peers), type(exc).__name__)
            return None

    async def _compare(self, batch: list[Mirrored], states: dict[int, PeerState]) -> None:
        self.heard_at = now = self._clock.now()
        quiet = []
        for channel in batch:
            state = states.get(channel.channel_id)
            if state is None or state.pts is None:
                self._unprobed([channel])
                continue
            if track := self._tracks.get(channel.channel_id):
                track.probed_at = now
            if state.pts != channel.pts or state.top_id > channel.top_id:
                self._queue.put(channel.channel_id, CHANGED)
            elif now - (channel.last_sync_at or 0) >= NOTED:
                quiet.append(channel.channel_id)
        if quiet:
            await self._ingest.note_quiet(quiet)

    def _unprobed(self, channels: Sequence[Mirrored]) -> None:
        for channel in channels:
            if track := self._tracks.get(channel.channel_id):
                track.probed_at = 0.0

    def _refuse(self, channels: list[Mirrored]) -> None:
        log.warning(
            "the server refuses to tell the states of channels together; %d are asked for one by one", len(channels)
        )
        self._refused_until = self._clock.now() + REFUSED
        self._unprobed(channels)

    # polling

    async def _poll_for_ever(self, stop: asyncio.Event) -> None:
        while not await self._clock.wait(stop, min(self._interval, POLL_LEAST) / 2):
            channels = [channel for channel in await self._channels() if channel.pts is not None]
            now = self._clock.now()
            tracks = {channel.channel_id: self._tracks[channel.channel_id] for channel in channels}
            unprobed = [c for c in channels if now - tracks[c.channel_id].probed_at > STALE * self._interval]
            for channel in unprobed:
                pace = await self._pace(channel, tracks[channel.channel_id], len(unprobed))
                if now - (channel.last_sync_at or 0) >= pace:
                    self._queue.put(channel.channel_id, CHANGED)
            for channel in channels:
                if now >= tracks[channel.channel_id].sure_at:
                    self._queue.put(channel.channel_id, SURELY)

    async def _pace(self, channel: Mirrored, track: _Track, channels: int) -> float:
        if track.pace is None or track.pace[0] != channel.top_id:
            dates = await list_newest_dates(self._database.connection, channel.channel_id)
            pace = poll_interval(dates, channels=channels, requests_per_second=self._rate)
            track.pace = (channel.top_id, pace)
        return track.pace[1]

    # welcoming

    async def _welcome_for_ever(self, stop: asyncio.Event) -> None:
        """Channels of which nothing was read yet: what happens in them is missed until their first page is there."""
        while not stop.is_set():
            now = int(self._clock.now())
            for channel_id in await list_unread(self._database.connection, self._account, now=now):
                self._queue.put(channel_id, FRESH)
            await self._clock.wait(stop, WELCOME)

    # catching up

    async def _catch_for_ever(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            taken = self._queue.take()
            if taken is None:
                await self._clock.wait(self._queue.filled, self._interval)
                continue
            channel_id, rank = taken
            try:
                await self._catch(channel_id, rank)
            finally:
                self._queue.done(channel_id)

    async def _catch(self, channel_id: int, rank: int) -> None:
        channel = await find_channel(self._database.connection, channel_id)
        if channel is None or channel.state == "removed" or channel.account != self._account:
            return
        try:
            await self._mirror.catch_up(channel_id, priority=Priority.NEW if rank == FRESH else Priority.LIVE)
        except Removed:
            return
        except Outdated:
            self._queue.put(channel_id, rank)
            return
        except OF_ACCOUNT:
            raise
        except Error as exc:
            await self._fail(channel, exc)
            return
        self.heard_at = now = self._clock.now()
        if track := self._tracks.get(channel_id):
            track.sure_at = now + SURE * random.uniform(0.9, 1.1)  # noqa: S311
