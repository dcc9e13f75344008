"""Keeps channels up to date without joining them: ask which of 100 channels changed, then fetch what changed in each.

Several tasks find out which channels are due; one task per due channel fetches its difference:

    probe   getPeerDialogs for all channels every `poll_interval`; those whose pts moved are due at once
    poll    where the probe says nothing (refused, flood wait, channel left out), request the difference at an interval
            that fits the channel; also request every channel's now and then, in case the probe is wrong
    welcome channels that were added
    hint    a push says that something happened; its content is never believed, it only triggers a request

https://core.telegram.org/api/updates; shared/telegram.md 2.3 on the numbers.
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
from contextlib import aclosing

from archiver.errors import Error, ServerFault
from archiver.ids import ChannelId
from archiver.mirror.channel_mirror import Mirror
from archiver.mirror.ingest import Outdated, Removed
from archiver.model.record import PeerState
from archiver.pacing.scheduler import Priority
from archiver.service.backoff import ACCOUNT_ERRORS, longest_retry_delay
from archiver.service.channel_watch import NEVER, ChannelWatch
from archiver.service.due_queue import CHANGED, FRESH, PRECAUTION, DueQueue, RateLimit
from archiver.service.poll_interval import POLL_LEAST, poll_interval, slowdown
from archiver.service.probe import Probe
from archiver.service.worker_context import PollSettings, WorkerContext
from archiver.store.accounts.access import list_access
from archiver.store.channels.channel import Mirrored, find_channel, list_channels, list_unread
from archiver.store.messages.message import list_newest_dates

log = logging.getLogger(__name__)

DIFFERENCE_INTERVAL = 3600.0
"""Seconds after which a channel's difference is requested regardless of the probe."""
STALE = 4
"""Poll intervals without a probe result after which a channel is polled instead."""
WELCOME = 2.0
"""Seconds between two checks for added channels."""
QUIET_INTERVAL = 300.0
"""Seconds between two records that a quiet channel is still up to date."""
HINT_SHARE, HINT_BURST = 0.25, 10
"""Share of the account's requests that hints may trigger, and how many at once after a quiet time. Busy channels would
otherwise leave no requests for histories; ignoring a hint costs little, because the probe sees the change anyway."""


class LiveWorker:
    """Keeps all channels of one account up to date."""

    def __init__(self, context: WorkerContext, mirror: Mirror, settings: PollSettings) -> None:
        self._probe = Probe(context.source.at(Priority.LIVE), context.clock)
        self._database = context.database
        self._ingest = context.ingest
        self._mirror = mirror
        self._account = context.account
        self._clock = context.clock
        self._interval = settings.poll_interval
        self._rate = settings.requests_per_second
        self._on_failure = context.on_failure
        self._watches: dict[ChannelId, ChannelWatch] = {}
        self._queue = DueQueue()
        self._failed: set[ChannelId] = set()
        """Channels whose last catch-up failed."""
        self._hints = RateLimit(settings.requests_per_second * HINT_SHARE, HINT_BURST)
        self.heard_at: float | None = None
        """Unix time at which the server last reported the state of channels."""
        self._heard = math.inf
        """The same as a tick."""

    @property
    def due(self) -> int:
        """Number of channels waiting to be caught up."""
        return len(self._queue)

    @property
    def silence(self) -> float:
        """Seconds since the server last reported the state of channels; the service's watchdog depends on it."""
        return max(self._clock.tick() - self._heard, 0.0)

    def hint(self, channel_id: ChannelId) -> None:
        """Queue a channel that may have changed."""
        if channel_id in self._watches and channel_id not in self._queue and self._hints.take(self._clock.tick()):
            self._queue.put(channel_id, CHANGED)

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set. Raises what stops the account."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._probe_for_ever(stop), name=f"probe {self._account}")
            group.create_task(self._poll_for_ever(stop), name=f"poll {self._account}")
            group.create_task(self._welcome_for_ever(stop), name=f"welcome {self._account}")
            group.create_task(self._dispatch(group, stop), name=f"dispatch {self._account}")
            await stop.wait()
            self._queue.filled.set()  # wake the dispatcher, so that it sees the stop

    # probing

    async def _probe_for_ever(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            began = self._clock.tick()
            await self._probe_once(began, stop)
            await self._clock.wait(stop, self._interval - (self._clock.tick() - began))

    async def _probe_once(self, began: float, stop: asyncio.Event) -> None:
        channels = await self._list_readable()
        access = await self._database.read(list_access, self._account)
        probed = {}
        for channel in channels:
            if not channel.failures and channel.channel_id in self._failed:
                # It was reached since, or somebody added it again.
                self._failed.discard(channel.channel_id)
                self._probe.readmit(channel.channel_id)
            if channel.pts is None:
                self._watches[channel.channel_id].probed_at = began  # it is read first; see _welcome_for_ever
            elif channel.channel_id not in access:
                self._queue.put(channel.channel_id, FRESH)
            elif channel.failures:
                # An unreadable channel would spoil the probe of 99 others.
                self._queue.put(channel.channel_id, CHANGED)
            else:
                probed[channel.channel_id] = channel
        if not probed:
            self._record_contact()
        async with aclosing(self._probe.ask({key: access[key] for key in probed}, stop.is_set)) as results:
            async for result in results:
                await self._compare([probed[key] for key in result.channel_ids], result.states)

    async def _list_readable(self) -> list[Mirrored]:
        """List the channels that may be requested now; drop the state of the others."""
        now, tick = self._clock.now(), self._clock.tick()
        mirrored = await self._database.read(list_channels)
        own = [channel for channel in mirrored if channel.account == self._account]
        kept = {channel.channel_id for channel in own}
        self._mirror.forget(kept)
        self._watches = {key: watch for key, watch in self._watches.items() if key in kept}
        self._failed &= kept
        for channel_id in kept - self._watches.keys():
            difference_at = tick + random.random() * DIFFERENCE_INTERVAL  # noqa: S311
            self._watches[channel_id] = ChannelWatch(difference_at=difference_at, probed_at=tick)
        delays = {channel.channel_id: channel.retry_at - now for channel in own if channel.retry_at is not None}
        # A delay longer than any back-off means that the time of day was set since.
        absurd = [c.channel_id for c in own if delays.get(c.channel_id, 0.0) > longest_retry_delay(c.state, c.failures)]
        if absurd:
            await self._ingest.end_back_off(absurd)
        return [c for c in own if delays.get(c.channel_id, 0.0) <= 0 or c.channel_id in absurd]

    def _record_contact(self) -> None:
        self.heard_at, self._heard = self._clock.now(), self._clock.tick()

    async def _compare(self, channels: list[Mirrored], states: dict[ChannelId, PeerState] | None) -> None:
        """Queue the channels that changed; poll those the probe did not report."""
        now, tick = self._clock.now(), self._clock.tick()
        quiet = []
        for channel in channels:
            watch = self._watches.get(channel.channel_id)
            if watch is None:
                continue  # removed meanwhile
            state = states.get(channel.channel_id) if states else None
            # A state older than ours does not count: it is from another server, or another pts sequence.
            reported = state is not None and state.pts is not None and state.pts >= (channel.pts or 0)
            if watch.probed_at != NEVER and not reported and (states is not None or len(channels) == 1):
                # This channel alone stopped being reported: its own difference says why.
                self._queue.put(channel.channel_id, CHANGED)
            watch.probed_at = tick if reported else NEVER
            if state is None:
                continue
            unseen = state.top_id > channel.top_id and state.top_id != watch.top_sought
            if unseen:
                watch.top_shown = state.top_id
            owed = self._mirror.is_difference_due(channel.channel_id)
            if unseen or owed or (reported and watch.is_behind(state, channel.pts)):
                self._queue.put(channel.channel_id, CHANGED)
            elif reported and channel.since_sync(now) >= QUIET_INTERVAL:
                quiet.append(channel.channel_id)
        if states is not None:
            self._record_contact()
        if quiet:
            await self._ingest.note_quiet(quiet)

    # polling

    async def _poll_for_ever(self, stop: asyncio.Event) -> None:
        while not await self._clock.wait(stop, min(self._interval, POLL_LEAST) / 2):
            channels = [channel for channel in await self._list_readable() if channel.pts is not None]
            now, tick = self._clock.now(), self._clock.tick()
            watches = {channel.channel_id: self._watches[channel.channel_id] for channel in channels}
            unprobed = [c for c in channels if tick - watches[c.channel_id].probed_at > STALE * self._interval]
            intervals = {c.channel_id: await self._poll_interval(c, len(unprobed)) for c in unprobed}
            slower = slowdown(intervals.values(), self._rate)
            for channel in unprobed:
                if channel.since_sync(now) >= intervals[channel.channel_id] * slower:
                    self._queue.put(channel.channel_id, PRECAUTION)
            for channel in channels:
                if tick >= watches[channel.channel_id].difference_at:
                    self._queue.put(channel.channel_id, PRECAUTION)

    async def _poll_interval(self, channel: Mirrored, channels: int) -> float:
        watch = self._watches.get(channel.channel_id)
        if watch is None or watch.newest_dates is None or watch.newest_dates[0] != channel.top_id:
            dates = await self._database.read(list_newest_dates, channel.channel_id)
            if watch:
                watch.newest_dates = (channel.top_id, dates)
        else:
            dates = watch.newest_dates[1]
        return poll_interval(dates, channels=channels, requests_per_second=self._rate)

    # welcoming

    async def _welcome_for_ever(self, stop: asyncio.Event) -> None:
        """Queue channels that were never read: events are missed until their first page is stored."""
        while not stop.is_set():
            now = int(self._clock.now())
            for channel_id in await self._database.read(list_unread, self._account, now=now):
                if not self._queue.is_under_way(channel_id):
                    self._queue.put(channel_id, FRESH)
            await self._clock.wait(stop, WELCOME)

    # catching up

    async def _dispatch(self, group: asyncio.TaskGroup, stop: asyncio.Event) -> None:
        """Start one task for each due channel, all concurrently; the scheduler decides whose request goes first.

        So a channel that has to wait delays no other: for a name lookup, which may take hours, for the end of a
        method's flood wait, or for an answer that does not come.
        """
        while not stop.is_set():
            taken = self._queue.take()
            if taken is None:
                await self._clock.wait(self._queue.filled, self._interval)
                continue
            group.create_task(self._work_off(*taken), name=f"catch up {self._account} {taken[0]}")

    async def _work_off(self, channel_id: ChannelId, rank: int) -> None:
        try:
            await self._catch_up(channel_id, rank)
        finally:
            self._queue.done(channel_id)

    async def _catch_up(self, channel_id: ChannelId, rank: int) -> None:
        channel = await self._database.read(find_channel, channel_id)
        if channel is None or channel.state == "removed" or channel.account != self._account:
            return
        if channel.retry_at is not None and channel.retry_at > self._clock.now():
            return  # backing off; a hint does not shorten that
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
            await self._note_failure(channel, ServerFault("the server's answers are older than the state it reported."))
            return
        except ACCOUNT_ERRORS:
            raise
        except Error as exc:
            await self._note_failure(channel, exc)
            return
        self._record_contact()
        if watch:
            watch.difference_at = self._clock.tick() + DIFFERENCE_INTERVAL * random.uniform(0.9, 1.1)  # noqa: S311
            watch.note_sought(top_id)

    async def _note_failure(self, channel: Mirrored, error: Error) -> None:
        await self._on_failure(channel, error)
        self._failed.add(channel.channel_id)
