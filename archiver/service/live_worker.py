"""Staying at the present without joining: who changed is asked for 100 channels at once, then what, one by one.

Some tasks find out which channels are due, one task for each catches it up:

    probe   getPeerDialogs for all channels every `interval`; those whose pts moved are due at once
    poll    where the probe says nothing (refused, flooded, a channel left out), a difference at a polling that fits the
            channel's own; and for every channel one now and then, in case the probe does not say the truth
    welcome channels that were added
    hint    a push says that something happened; what it says is never believed, only looked at

https://core.telegram.org/api/updates; shared/telegram.md 2.3 on the numbers.
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
from collections.abc import Awaitable, Callable
from contextlib import aclosing

from archiver.clock import Clock
from archiver.errors import Error, ServerFault
from archiver.mirror.channel_mirror import Mirror
from archiver.mirror.ingest import Ingest, Outdated, Removed
from archiver.mirror.source import Source
from archiver.model.record import PeerState
from archiver.pacing.scheduler import Priority
from archiver.service.backoff import ACCOUNT_ERRORS, longest_retry_delay
from archiver.service.channel_watch import UNSAID, ChannelWatch
from archiver.service.due_queue import CHANGED, FRESH, SURELY, DueQueue, RateLimit
from archiver.service.poll_interval import POLL_LEAST, poll_interval, slowdown
from archiver.service.probe import Probe
from archiver.store.access import list_access
from archiver.store.channel import Mirrored, find_channel, list_channels, list_unread
from archiver.store.database import Database
from archiver.store.message import list_newest_dates

log = logging.getLogger(__name__)

SURE = 3600.0
"""Seconds after which a channel is asked for its difference whatever the probe says."""
STALE = 4
"""Intervals without a probe's word after which a channel is polled instead."""
WELCOME = 2.0
"""Seconds between two looks for channels that were added."""
NOTED = 300.0
"""Seconds after which it is written down that a quiet channel is still at the present."""
HINTS, HINTS_AT_ONCE = 0.25, 10
"""Of the account's requests, how much may go into following hints, and how many after a quiet time. Chatty channels
would else leave nothing for histories; a hint that is passed over costs little, because the probe comes by anyway."""


class LiveWorker:
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
        self._probe = Probe(source.at(Priority.LIVE), clock)
        self._database = database
        self._ingest = ingest
        self._mirror = mirror
        self._account = account
        self._clock = clock
        self._interval = interval
        self._rate = requests_per_second
        self._fail = fail
        self._watches: dict[int, ChannelWatch] = {}
        self._queue = DueQueue()
        self._failed: set[int] = set()
        """Channels that could not be caught up the last time."""
        self._hints = RateLimit(requests_per_second * HINTS, HINTS_AT_ONCE)
        self.heard_at: float | None = None
        """Unix time at which the server last told how its channels stand."""
        self._heard = math.inf
        """The same as a tick."""

    @property
    def due(self) -> int:
        """How many channels wait to be caught up."""
        return len(self._queue)

    @property
    def silence(self) -> float:
        """Seconds since the server last told how its channels stand; the service's sign of life hangs on it."""
        return max(self._clock.tick() - self._heard, 0.0)

    def hint(self, channel_id: int) -> None:
        """Something may have happened in a channel: have a look."""
        if channel_id in self._watches and channel_id not in self._queue and self._hints.take(self._clock.tick()):
            self._queue.put(channel_id, CHANGED)

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop. Raises what stops the account."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._probe_for_ever(stop), name=f"probe {self._account}")
            group.create_task(self._poll_for_ever(stop), name=f"poll {self._account}")
            group.create_task(self._welcome_for_ever(stop), name=f"welcome {self._account}")
            group.create_task(self._hand_out(group, stop), name=f"hand out {self._account}")
            await stop.wait()
            self._queue.filled.set()  # whoever waits for work is to see that there will be none

    # probing

    async def _probe_for_ever(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            channels = await self._channels()
            begun = self._clock.tick()
            access = await list_access(self._database.connection, self._account)
            known = {}
            for channel in channels:
                if not channel.failures and channel.channel_id in self._failed:
                    # It was reached since, or somebody added it again.
                    self._failed.discard(channel.channel_id)
                    self._probe.readmit(channel.channel_id)
                if channel.pts is None:
                    self._watches[channel.channel_id].probed_at = begun  # it is read first; see _welcome_for_ever
                    continue
                if channel.channel_id not in access:
                    self._queue.put(channel.channel_id, FRESH)
                elif channel.failures:
                    # One that cannot be read would spoil the probe of 99 others.
                    self._queue.put(channel.channel_id, CHANGED)
                else:
                    known[channel.channel_id] = channel
            if not known:
                self._hear()
            async with aclosing(self._probe.ask({key: access[key] for key in known}, stop.is_set)) as answers:
                async for told, states in answers:
                    await self._compare([known[key] for key in told], states)
            await self._clock.wait(stop, self._interval - (self._clock.tick() - begun))

    async def _channels(self) -> list[Mirrored]:
        """Those that are to be looked at now; what is remembered of others is dropped."""
        now, tick = self._clock.now(), self._clock.tick()
        mirrored = await list_channels(self._database.connection)
        mine = [channel for channel in mirrored if channel.account == self._account]
        kept = {channel.channel_id for channel in mine}
        self._mirror.forget(kept)
        self._watches = {key: watch for key, watch in self._watches.items() if key in kept}
        self._failed &= kept
        for channel_id in kept - self._watches.keys():
            self._watches[channel_id] = ChannelWatch(sure_at=tick + random.random() * SURE, probed_at=tick)  # noqa: S311
        aside = {channel.channel_id: channel.retry_at - now for channel in mine if channel.retry_at is not None}
        # Nobody is set aside for so long: it was another time of day by which that was written.
        absurd = [c.channel_id for c in mine if aside.get(c.channel_id, 0.0) > longest_retry_delay(c.state, c.failures)]
        if absurd:
            await self._ingest.end_aside(absurd)
        return [c for c in mine if aside.get(c.channel_id, 0.0) <= 0 or c.channel_id in absurd]

    def _hear(self) -> None:
        self.heard_at, self._heard = self._clock.now(), self._clock.tick()

    async def _compare(self, channels: list[Mirrored], states: dict[int, PeerState] | None) -> None:
        """Put those into the queue that changed; those of which nothing was said are polled from now on."""
        now, tick = self._clock.now(), self._clock.tick()
        quiet = []
        for channel in channels:
            watch = self._watches.get(channel.channel_id)
            if watch is None:
                continue  # removed meanwhile
            state = states.get(channel.channel_id) if states else None
            # A state behind ours is none: it is of another server, or of another count.
            said = state is not None and state.pts is not None and state.pts >= (channel.pts or 0)
            if watch.probed_at != UNSAID and not said and (states is not None or len(channels) == 1):
                # Said of it alone, and news: its own difference tells what is the matter with it.
                self._queue.put(channel.channel_id, CHANGED)
            watch.probed_at = tick if said else UNSAID
            if state is None:
                continue
            unseen = state.top_id > channel.top_id and state.top_id != watch.top_sought
            if unseen:
                watch.top_shown = state.top_id
            owed = self._mirror.owes_difference(channel.channel_id)
            if unseen or owed or (said and watch.is_behind(state, channel.pts)):
                self._queue.put(channel.channel_id, CHANGED)
            elif said and channel.since_sync(now) >= NOTED:
                quiet.append(channel.channel_id)
        if states is not None:
            self._hear()
        if quiet:
            await self._ingest.note_quiet(quiet)

    # polling

    async def _poll_for_ever(self, stop: asyncio.Event) -> None:
        while not await self._clock.wait(stop, min(self._interval, POLL_LEAST) / 2):
            channels = [channel for channel in await self._channels() if channel.pts is not None]
            now, tick = self._clock.now(), self._clock.tick()
            watches = {channel.channel_id: self._watches[channel.channel_id] for channel in channels}
            unprobed = [c for c in channels if tick - watches[c.channel_id].probed_at > STALE * self._interval]
            intervals = {c.channel_id: await self._poll_interval(c, len(unprobed)) for c in unprobed}
            slower = slowdown(intervals.values(), self._rate)
            for channel in unprobed:
                if channel.since_sync(now) >= intervals[channel.channel_id] * slower:
                    self._queue.put(channel.channel_id, SURELY)
            for channel in channels:
                if tick >= watches[channel.channel_id].sure_at:
                    self._queue.put(channel.channel_id, SURELY)

    async def _poll_interval(self, channel: Mirrored, channels: int) -> float:
        watch = self._watches.get(channel.channel_id)
        if watch is None or watch.dates is None or watch.dates[0] != channel.top_id:
            dates = await list_newest_dates(self._database.connection, channel.channel_id)
            if watch:
                watch.dates = (channel.top_id, dates)
        else:
            dates = watch.dates[1]
        return poll_interval(dates, channels=channels, requests_per_second=self._rate)

    # welcoming

    async def _welcome_for_ever(self, stop: asyncio.Event) -> None:
        """Channels of which nothing was read yet: what happens in them is missed until their first page is there."""
        while not stop.is_set():
            now = int(self._clock.now())
            for channel_id in await list_unread(self._database.connection, self._account, now=now):
                if not self._queue.is_under_way(channel_id):
                    self._queue.put(channel_id, FRESH)
            await self._clock.wait(stop, WELCOME)

    # catching up

    async def _hand_out(self, group: asyncio.TaskGroup, stop: asyncio.Event) -> None:
        """Catch up whoever is due, all at the same time: it is the scheduler that says who goes first.

        So a channel that has to wait holds up nobody: for its name to be looked up, which may take hours, for the end
        of a method's flood wait, for an answer that does not come.
        """
        while not stop.is_set():
            taken = self._queue.take()
            if taken is None:
                await self._clock.wait(self._queue.filled, self._interval)
                continue
            group.create_task(self._catch(*taken), name=f"catch {self._account} {taken[0]}")

    async def _catch(self, channel_id: int, rank: int) -> None:
        try:
            await self._catch_up(channel_id, rank)
        finally:
            self._queue.done(channel_id)

    async def _catch_up(self, channel_id: int, rank: int) -> None:
        channel = await find_channel(self._database.connection, channel_id)
        if channel is None or channel.state == "removed" or channel.account != self._account:
            return
        if channel.retry_at is not None and channel.retry_at > self._clock.now():
            return  # it was set aside; a hint is no reason to ask earlier
        priority = Priority.LIVE if rank == CHANGED else Priority.NEW
        watch = self._watches.get(channel_id)
        top_id = watch.top_shown if watch else 0
        try:
            await self._mirror.catch_up(channel_id, priority=priority, top_id=top_id)
        except Removed:
            return
        except Outdated:
            if watch is None or not watch.is_overtaken_again():
                self._queue.put(channel_id, rank)
                return
            await self._set_aside(channel, ServerFault("the server shows an earlier state than it told of."))
            return
        except ACCOUNT_ERRORS:
            raise
        except Error as exc:
            await self._set_aside(channel, exc)
            return
        self._hear()
        if watch:
            watch.sure_at = self._clock.tick() + SURE * random.uniform(0.9, 1.1)  # noqa: S311
            watch.note_sought(top_id)

    async def _set_aside(self, channel: Mirrored, error: Error) -> None:
        await self._fail(channel, error)
        self._failed.add(channel.channel_id)
