"""The one scheduler of an account: every call waits here for its turn.

What it keeps to, in this order of strength:

1. a flood wait stops its method until it has expired, also across restarts, also when pacing is off; only what
   is remembered of it is a time of day, so that a clock that is set neither ends nor prolongs it;
2. one call of a method at a time, and beside a slow one so many at most, also when pacing is off;
3. the user's own rate over all methods, evenly spaced, without bursts; a takeout has a rate of its own beside it;
4. a token bucket for each method, slowed down by flood waits and recovering slowly (`archiver.pacing.token_bucket`);
5. the more urgent call first, then the channel that was served longest ago, then the one that came first.

There is no task: whoever comes, leaves or is told of a flood wait runs `_pump`, and one timer does so when the next
call becomes possible. Waits longer than `patience` are raised as FloodWait instead of waited for.
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
from archiver.pacing.token_bucket import Bucket, Pace

SPACING = 1.01
"""Calls stand that much further apart than the rate asks."""
TRANSIT = 0.25
"""Share of that distance for which a call may have been on its way: the next one keeps apart from the answer, if that
came sooner, so that the server too sees them apart when a machine or a line is busy."""
NOTICE = 3.0
"""A wait of more seconds than this is told of."""
_LOOK = 60.0
"""The clock is looked at that often at least: the machine may have slept, which the event loop does not see."""
LONGEST = 7 * 86400.0
"""Seconds for which an order is obeyed at most. The server's longest known ones last a day: what is further ahead is an
error of somebody's, or was written or is read by a wrong clock. An order that is meant so is given again after that."""
_FAR = 3e10
"""Seconds beyond which no order is told apart from the next: a thousand years."""
_BRISK = 3.0
"""How many times the user's rate all calls together may reach when the pace is normal."""


class Priority(IntEnum):
    """What a call is for; the lower goes first."""

    LIVE = 0
    NEW = 1
    BACKFILL = 2
    AUDIT = 3
    COUNTERS = 4
    MEDIA = 5


@dataclass(slots=True, eq=False)
class _Waiter:
    bucket: Bucket
    priority: Priority
    channel_id: int | None
    number: int
    """In the order of coming."""
    granted: asyncio.Future[None]
    grant: int = 0
    """In the order of grants; 0: none yet."""
    moment: float = 0.0
    """Of the grant, by the event loop's time."""


@dataclass(frozen=True, slots=True)
class FloodMemory:
    """Flood waits of earlier runs, and where new ones are kept."""

    until: Mapping[str, float] = field(default_factory=dict)
    """Method -> unix time at which its wait is over."""
    ordered: Mapping[str, float] = field(default_factory=dict)
    """Method -> unix time until which the server ordered to wait, where that is longer than `LONGEST`."""
    remember: Callable[[str, float], Awaitable[None]] | None = None
    """Called with the method and the unix time at which its wait is over."""


class Scheduler:
    """Decides when a call may go out. `requests_per_second` 0 means no pacing; flood waits are obeyed always."""

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
        whole = requests_per_second * (_BRISK if pace == "normal" else 1.0)
        self._interval = SPACING / whole if whole > 0 else 0.0
        ahead = {method: until - self.clock.now() for method, until in memory.until.items()}
        self._floods = {method: self.clock.tick() + min(wait, LONGEST) for method, wait in ahead.items()}
        self._orders = dict(memory.ordered)
        self._absurd = {method for method, wait in ahead.items() if wait > LONGEST}
        """Methods whose order is remembered wrongly as yet."""
        self._remember = memory.remember
        self._notify = notify
        self._max_wait = max_wait
        self._buckets: dict[tuple[str, bool], Bucket] = {}
        """By method, and whether within a takeout."""
        self._waiting: list[_Waiter] = []
        self._numbers = itertools.count(1)
        self._grants = 0
        self._served: dict[int | None, int] = {}
        """Channel -> the last grant it had: as many entries as there are channels. A call about no single channel, as
        the probe, waits for none of them."""
        self._next = -math.inf
        """Before then no call goes out."""
        self._told: dict[str, float] = {}
        """Method -> the end of the wait that was last told of."""
        self._timers: list[asyncio.Handle] = []

    @asynccontextmanager
    async def turn(
        self,
        method: str,
        priority: Priority = Priority.BACKFILL,
        channel_id: int | None = None,
        *,
        takeout: bool = False,
    ) -> AsyncIterator[None]:
        """Enter when `method` may be called, and leave when it has been answered or given up.

        The call has to go out before anything else is awaited: only so long is it known that no flood wait stands
        against it. Raises FloodWait when the server's order lasts longer than the patience.
        """
        bucket = self._bucket(method, takeout)
        if method in self._absurd:
            # Or each start would begin it anew.
            await self._keep(bucket)
        moment = await self._wait(bucket, priority, channel_id)
        began = self.clock.tick()
        try:
            yield
        finally:
            bucket.end(moment, asyncio.get_running_loop().time())
            if not bucket.apart:
                self._next = max(self._next, min(self.clock.tick(), began + TRANSIT * self._interval) + self._interval)
            self._pump()

    @property
    def flood_wait(self) -> float:
        """Seconds until the last of the server's orders to wait is over; 0 when none stands."""
        now = self.clock.tick()
        return max((bucket.flooded_until - now for bucket in self._buckets.values()), default=0.0)

    def ordered(self, method: str) -> float | None:
        """Unix time until which the server ordered to wait, where that is longer than is obeyed."""
        return self._orders.get(method)

    async def flooded(self, method: str, seconds: float, *, takeout: bool = False) -> None:
        """Obey the server's order to wait before the next call of `method`, and remember it.

        Within a takeout it may be meant for there only; nobody says so, and it binds outside as well, and vice versa.
        """
        bucket, now = self._bucket(method, takeout), self.clock.tick()
        self._orders.pop(method, None)
        if seconds > LONGEST:
            self._orders[method] = self.clock.now() + min(seconds, _FAR)
        bucket.flood(min(seconds, LONGEST), now)
        self._floods[method] = bucket.flooded_until
        if other := self._buckets.get((method, not takeout)):
            other.hold(bucket.flooded_until, now)
        self._pump()
        await self._keep(bucket)

    async def _keep(self, bucket: Bucket) -> None:
        """Have the method's flood wait remembered, by the time of day."""
        self._absurd.discard(bucket.method)
        if self._remember:
            await self._remember(bucket.method, self.clock.now() + bucket.flooded_until - self.clock.tick())

    def _bucket(self, method: str, takeout: bool) -> Bucket:
        key = method, takeout
        if key not in self._buckets:
            until = self._floods.get(method, -math.inf)
            pace: Pace = "takeout" if takeout else self._pace
            self._buckets[key] = Bucket(method, self._rate, until, self.clock.tick(), pace)
        return self._buckets[key]

    async def _wait(self, bucket: Bucket, priority: Priority, channel_id: int | None) -> float:
        """Return when the call may go out, with the moment by which the bucket knows it."""
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
                # Spaced from the moment at which the call really goes out.
                if not bucket.apart:
                    self._next = max(self._next, now + self._interval)
                return waiter.moment
            # The order came between the grant and now: queue again, at the old place.
            self._withdraw(waiter)

    def _withdraw(self, waiter: _Waiter) -> None:
        """Leave without having called: nothing of it stays, neither in the queue nor in a bucket."""
        if waiter.grant:
            waiter.bucket.give_back(waiter.moment)
            if waiter.grant == self._grants and not waiter.bucket.apart:
                self._next = self.clock.tick()
        elif waiter in self._waiting:
            self._waiting.remove(waiter)
        self._pump()

    def _pump(self) -> None:
        """Let go whoever may go now, and come back when the next one may."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        while self._waiting:
            now = self.clock.tick()
            ready, pause = self._ready(now)
            due = min(ready.values(), default=math.inf)
            if due > now:
                if not math.isinf(due):
                    self._timers.append(self.clock.call_later(min(due - now, _LOOK), self._pump))
                if not math.isinf(pause):
                    self._timers.append(asyncio.get_running_loop().call_later(pause, self._pump))
                return
            self._grant(min((w for w in self._waiting if ready.get(w.bucket, math.inf) <= now), key=self._rank), now)

    def _ready(self, now: float) -> tuple[dict[Bucket, float], float]:
        """When each method that is waited for may be called next, but for those that a call under way holds up; and
        the real seconds after which the first of these is free. Ends the waiting that is beyond the patience."""
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
                ready[bucket] = max(bucket.ready_at(now), -math.inf if bucket.apart else self._next)
            self._tell(bucket, now)
        return ready, min(pauses)

    def _give_up(self, bucket: Bucket, seconds: int) -> None:
        leaving = [waiter for waiter in self._waiting if waiter.bucket is bucket]
        self._waiting = [waiter for waiter in self._waiting if waiter.bucket is not bucket]
        for waiter in leaving:
            if not waiter.granted.done():
                waiter.granted.set_exception(self._too_long(seconds, bucket.method))

    def _too_long(self, seconds: int, method: str) -> FloodWait:
        now, ordered = self.clock.now(), self._orders.get(method)
        return FloodWait(seconds, method=method, now=now, ordered=ordered and ordered - now)

    def _tell(self, bucket: Bucket, now: float) -> None:
        """Once for each flood wait that somebody waits for, and each wait for a method that is counted by the day."""
        until = bucket.flooded_until if bucket.limit.scaled else max(bucket.flooded_until, bucket.token_at(now))
        if self._notify and until - now > NOTICE and until > self._told.get(bucket.method, -math.inf) + 1:
            self._told[bucket.method] = until
            # Not from here: whatever it does, those who wait are not to notice.
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
        if not waiter.bucket.apart:
            self._next = now + self._interval
        waiter.granted.set_result(None)
