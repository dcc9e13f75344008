"""The one scheduler of an account: every call waits here for its turn.

Its rules, strongest first:

1. a flood wait stops its method until it is over, across restarts and even with pacing off; only its stored form is
   a time of day, so setting the system clock neither ends nor prolongs it;
2. one call of a method at a time, or a few while one is slow, even with pacing off;
3. the user's rate over all methods, evenly spaced, without bursts; a takeout has its own rate in addition;
4. a token bucket for each method, slowed down by flood waits and recovering slowly (`archiver.pacing.token_bucket`);
5. the more urgent call first, then the channel served longest ago, then first come, first served.

There is no task: every arrival, departure and flood wait runs `_pump`, and one timer does so when the next call becomes
possible. Flood waits longer than `max_wait` are raised as FloodWait instead of sat out.
"""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import IntEnum

from archiver.clock import Clock
from archiver.errors import FloodWait
from archiver.ids import ChannelId
from archiver.pacing.token_bucket import Pace, TokenBucket

SPACING = 1.01
"""Factor by which calls are spaced further apart than the rate requires."""
TRANSIT = 0.25
"""Share of the interval that a call may spend on its way: the next one is spaced from the answer, if that came sooner,
so that the server too sees them spaced when the machine or the network is busy."""
NOTIFY_FROM = 3.0
"""Shortest wait, in seconds, that is reported to the user."""
_MAX_TIMER = 60.0
"""Maximum seconds between checks of the clock: the machine may have slept, which the event loop does not see."""
MAX_FLOOD_WAIT = 7 * 86400.0
"""Maximum seconds for which a flood wait is obeyed. The longest known ones last a day: a longer one is a mistake, or
was stored or read with a wrong clock. A server that means it will repeat it."""
_MAX_ORDER = 3e10
"""Cap in seconds, a thousand years, on the length of a flood wait as it is reported."""
_NORMAL_FACTOR = 3.0
"""Multiple of the user's rate that all calls together may reach at pace "normal"."""


class Priority(IntEnum):
    """Purpose of a call; lower values go first."""

    LIVE = 0
    NEW = 1
    BACKFILL = 2
    AUDIT = 3
    COUNTERS = 4
    MEDIA = 5


@dataclass(slots=True, eq=False)
class _Waiter:
    bucket: TokenBucket
    priority: Priority
    channel_id: ChannelId | None
    number: int
    """Order of arrival."""
    granted: asyncio.Future[None]
    grant: int = 0
    """Order of grants; 0: not granted yet."""
    moment: float = 0.0
    """Event loop time of the grant."""


@dataclass(frozen=True, slots=True)
class FloodMemory:
    """Flood waits of earlier runs, and where new ones are kept."""

    until: Mapping[str, float] = field(default_factory=dict)
    """Method -> unix time at which its wait is over."""
    ordered: Mapping[str, float] = field(default_factory=dict)
    """Method -> unix time until which the server ordered to wait, where that is longer than `MAX_FLOOD_WAIT`."""
    remember: Callable[[str, float], Awaitable[None]] | None = None
    """Called with the method and the unix time at which its wait is over."""


class Scheduler:
    """Decides when a call may go out. `requests_per_second` 0 means no pacing; flood waits are always obeyed."""

    def __init__(
        self,
        requests_per_second: float,
        *,
        pace: Pace = "gentle",
        memory: FloodMemory = FloodMemory(),
        notify: Callable[[str, float], None] | None = None,
        max_wait: float = 120.0,
        clock: Clock | None = None,
    ) -> None:
        """Set up the scheduler of one account.

        `notify` is called with the method and the seconds of each long wait; `max_wait` (seconds): a longer flood wait
        is raised as FloodWait instead of sat out.
        """
        self.clock = clock or Clock()
        self._rate = requests_per_second
        self._pace: Pace = pace
        whole = requests_per_second * (_NORMAL_FACTOR if pace == "normal" else 1.0)
        self._interval = SPACING / whole if whole > 0 else 0.0
        ahead = {method: until - self.clock.now() for method, until in memory.until.items()}
        self._floods = {method: self.clock.tick() + min(wait, MAX_FLOOD_WAIT) for method, wait in ahead.items()}
        self._orders = dict(memory.ordered)
        self._overlong = {method for method, wait in ahead.items() if wait > MAX_FLOOD_WAIT}
        """Methods whose stored flood wait is longer than `MAX_FLOOD_WAIT` and has not been corrected yet."""
        self._remember = memory.remember
        self._notify = notify
        self._max_wait = max_wait
        self._buckets: dict[tuple[str, bool], TokenBucket] = {}
        """Key: method, and whether within a takeout."""
        self._waiting: list[_Waiter] = []
        self._numbers = itertools.count(1)
        self._grants = 0
        self._served: dict[int | None, int] = {}
        """Channel -> its last grant: one entry per channel. A call that concerns no single channel, like the probe, has
        no entry and waits for none of them."""
        self._next = -math.inf
        """Tick before which no call goes out."""
        self._notified: dict[str, float] = {}
        """Method -> end of the wait that the user was last notified of."""
        self._timers: list[asyncio.Handle] = []

    @asynccontextmanager
    async def turn(
        self,
        method: str,
        priority: Priority = Priority.BACKFILL,
        channel_id: ChannelId | None = None,
        *,
        takeout: bool = False,
    ) -> AsyncIterator[None]:
        """Enter when `method` may be called; leave when the call has been answered or given up.

        Send the call before awaiting anything else: only until then is it certain that no flood wait forbids it.
        Raises FloodWait when the flood wait lasts longer than `max_wait`.
        """
        bucket = self._bucket(method, takeout)
        if method in self._overlong:
            # Otherwise it would start again with each run.
            await self._store(bucket)
        moment = await self._wait(bucket, priority, channel_id)
        began = self.clock.tick()
        try:
            yield
        finally:
            bucket.end(moment, asyncio.get_running_loop().time())
            if not bucket.separate:
                self._next = max(self._next, min(self.clock.tick(), began + TRANSIT * self._interval) + self._interval)
            self._pump()

    @property
    def flood_wait(self) -> float:
        """Seconds until the last of the current flood waits is over, but for those of files; 0 or less without one."""
        now = self.clock.tick()
        return max((one.flooded_until - now for one in self._buckets.values() if not one.limit.own), default=0.0)

    def flood_wait_of(self, method: str) -> float:
        """Seconds until the flood wait of this method is over; 0 without one."""
        return max(self._floods.get(method, -math.inf) - self.clock.tick(), 0.0)

    def ordered(self, method: str) -> float | None:
        """Unix time until which the server ordered to wait, if longer than `MAX_FLOOD_WAIT`; else None."""
        return self._orders.get(method)

    async def flooded(self, method: str, seconds: float, *, takeout: bool = False) -> None:
        """Obey a flood wait before the next call of `method`, and store it.

        It may apply within a takeout only, but that is not documented; so it binds outside as well, and vice versa.
        """
        bucket, now = self._bucket(method, takeout), self.clock.tick()
        self._orders.pop(method, None)
        if seconds > MAX_FLOOD_WAIT:
            self._orders[method] = self.clock.now() + min(seconds, _MAX_ORDER)
        bucket.flood(min(seconds, MAX_FLOOD_WAIT), now)
        self._floods[method] = bucket.flooded_until
        if other := self._buckets.get((method, not takeout)):
            other.hold(bucket.flooded_until, now)
        self._pump()
        await self._store(bucket)

    async def _store(self, bucket: TokenBucket) -> None:
        """Store the method's flood wait as a time of day."""
        self._overlong.discard(bucket.method)
        if self._remember:
            await self._remember(bucket.method, self.clock.now() + bucket.flooded_until - self.clock.tick())

    def _bucket(self, method: str, takeout: bool) -> TokenBucket:
        key = method, takeout
        if key not in self._buckets:
            until = self._floods.get(method, -math.inf)
            pace: Pace = "takeout" if takeout else self._pace
            self._buckets[key] = TokenBucket(method, self._rate, until, self.clock.tick(), pace)
        return self._buckets[key]

    async def _wait(self, bucket: TokenBucket, priority: Priority, channel_id: ChannelId | None) -> float:
        """Wait until the call may go out; return the moment that identifies it in the bucket."""
        number = next(self._numbers)
        while True:
            waiter = _Waiter(bucket, priority, channel_id, number, asyncio.get_running_loop().create_future())
            self._waiting.append(waiter)
            self._pump()
            try:
                await waiter.granted
            except BaseException:
                self._withdraw(waiter)
                raise
            now = self.clock.tick()
            if bucket.flooded_until <= now:
                # Spaced from the moment when the call really goes out.
                if not bucket.separate:
                    self._next = max(self._next, now + self._interval)
                return waiter.moment
            # The flood wait came between the grant and now: queue again, keeping the place.
            self._withdraw(waiter)

    def _withdraw(self, waiter: _Waiter) -> None:
        """Leave without having called, and undo all traces in the queue and the bucket."""
        if waiter.grant:
            waiter.bucket.give_back(waiter.moment)
            if waiter.grant == self._grants and not waiter.bucket.separate:
                self._next = self.clock.tick()
        elif waiter in self._waiting:
            self._waiting.remove(waiter)
        self._pump()

    def _pump(self) -> None:
        """Grant all calls that may go now, and set a timer for the next one."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        while self._waiting:
            now = self.clock.tick()
            ready, pause = self._ready(now)
            due = min(ready.values(), default=math.inf)
            if due > now:
                if not math.isinf(due):
                    self._timers.append(self.clock.call_later(min(due - now, _MAX_TIMER), self._pump))
                if not math.isinf(pause):
                    self._timers.append(asyncio.get_running_loop().call_later(pause, self._pump))
                return
            self._grant(min((w for w in self._waiting if ready.get(w.bucket, math.inf) <= now), key=self._rank), now)

    def _ready(self, now: float) -> tuple[dict[TokenBucket, float], float]:
        """Tick at which each awaited method may be called next, without those held up by a call in flight; and the real
        seconds after which the first of the latter is free. Gives up waits longer than `max_wait`."""
        ready = {}
        pauses = [math.inf]
        moment = asyncio.get_running_loop().time()
        for bucket in dict.fromkeys(waiter.bucket for waiter in self._waiting):
            if (wait := bucket.flooded_until - now) > self._max_wait:
                self._give_up(bucket, math.ceil(wait))
                continue
            if pause := bucket.pause(moment):
                pauses.append(pause)
            else:
                ready[bucket] = max(bucket.ready_at(now), -math.inf if bucket.separate else self._next)
            self._notify_wait(bucket, now)
        return ready, min(pauses)

    def _give_up(self, bucket: TokenBucket, seconds: int) -> None:
        leaving = [waiter for waiter in self._waiting if waiter.bucket is bucket]
        self._waiting = [waiter for waiter in self._waiting if waiter.bucket is not bucket]
        now, ordered = self.clock.now(), self._orders.get(bucket.method)
        for waiter in leaving:
            if not waiter.granted.done():
                error = FloodWait(seconds, method=bucket.method, now=now, ordered=ordered and ordered - now)
                waiter.granted.set_exception(error)

    def _notify_wait(self, bucket: TokenBucket, now: float) -> None:
        """Notify once per flood wait that a call waits for, and per wait for a method that is counted by the day."""
        until = bucket.flooded_until if bucket.limit.scaled else max(bucket.flooded_until, bucket.token_at(now))
        if self._notify and until - now > NOTIFY_FROM and until > self._notified.get(bucket.method, -math.inf) + 1:
            self._notified[bucket.method] = until
            # Not called directly: whatever it does must not affect the waiting calls.
            asyncio.get_running_loop().call_soon(self._notify, bucket.method, until - now)

    def _rank(self, waiter: _Waiter) -> tuple[int, int, int]:
        return waiter.priority, self._served.get(waiter.channel_id, 0), waiter.number

    def _grant(self, waiter: _Waiter, now: float) -> None:
        self._waiting.remove(waiter)
        if waiter.granted.done():
            return  # cancelled, and about to withdraw
        waiter.moment = asyncio.get_running_loop().time()
        waiter.bucket.take(waiter.moment)
        self._grants += 1
        waiter.grant = self._grants
        if waiter.channel_id is not None:
            self._served[waiter.channel_id] = self._grants
        if not waiter.bucket.separate:
            self._next = now + self._interval
        waiter.granted.set_result(None)
