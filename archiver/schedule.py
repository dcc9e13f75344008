"""The one scheduler of an account: every call waits here for its turn.

What it keeps to, in this order of strength:

1. a flood wait stops its method until it has expired, also across restarts, also when pacing is off;
2. so many calls of a method under way at once, and no more (parallel history on one session gets accounts banned);
3. the user's own rate over all methods, evenly spaced, without bursts;
4. a token bucket for each method (`LIMITS`), slowed down by flood waits and recovering slowly (AIMD);
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

MARGIN = 1.0
"""Seconds on top of every ordered wait: server and client round differently."""
SPACING = 1.01
"""Calls stand that much further apart than the rate asks: the way to the server takes a little more or less time."""
NOTICE = 3.0
"""A wait of more seconds than this is told of."""
RECOVERY = 0.05 / 60
"""Share of its normal rate that a method gains back a second, after a flood wait halved it."""
LEAST = 1 / 64
"""Share of its normal rate below which no method is slowed down."""
_LOOK = 60.0
"""The clock is looked at that often at least: it may be set, or the machine may have slept."""
_WHOLE = 1 - 1e-6
"""A token, but for what floating point loses."""


class Priority(IntEnum):
    """What a call is for; the lower goes first."""

    LIVE = 0
    NEW = 1
    BACKFILL = 2
    AUDIT = 3
    COUNTERS = 4
    MEDIA = 5


@dataclass(frozen=True, slots=True)
class Limit:
    """What one method may do, for an account of one request a second."""

    per_second: float
    burst: int
    """Calls that an idle time saves up."""
    in_flight: int = 2
    scaled: bool = True
    """Whether the rate follows `requests_per_second`; some methods the server counts by the day."""


LIMITS = {
    "getHistory": Limit(1.0, 3, in_flight=1),
    "getChannelDifference": Limit(1.0, 1, in_flight=4),
    "getPeerDialogs": Limit(0.2, 5),
    "getMessages": Limit(0.1, 3),
    "getFullChannel": Limit(0.2, 5),
    "resolveUsername": Limit(1 / 30, 5, scaled=False),
}
"""Unpublished by the server: what clients report to work (shared/telegram.md 1.2, 1.5)."""
_OTHER = Limit(1.0, 1)


@dataclass(slots=True, eq=False)
class _Waiter:
    method: _Method
    priority: Priority
    channel_id: int | None
    number: int
    granted: asyncio.Future[None]
    order: int = 0
    """Which grant this was, once granted."""


class _Method:
    """One method's bucket, flood wait and calls under way. Times are unix seconds."""

    def __init__(self, name: str, rate: float, flooded_until: float, now: float) -> None:
        self.name = name
        self.limit = LIMITS.get(name, _OTHER)
        self.rate = self.limit.per_second * (rate if self.limit.scaled else 1.0) if rate else math.inf
        self.flooded_until = flooded_until
        self.in_flight = 0
        self.told = 0.0
        """The wait that was last told of, by its end."""
        self._tokens = float(self.limit.burst)
        self._at = now
        self._share = 1.0

    def refill(self, now: float) -> None:
        """Bring tokens and share to the present. A clock that was set back adds nothing."""
        if now > self._at and not math.isinf(self.rate):
            self._tokens = min(self.limit.burst, self._tokens + (now - self._at) * self.rate * self._share)
            self._share = min(1.0, self._share + (now - self._at) * RECOVERY)
            self._at = now
        elif now < self._at and now >= self.flooded_until:
            self._at = now

    def ready_at(self, now: float) -> float:
        """When the next call may go out as far as this method is concerned; inf: when one under way has ended."""
        if self.in_flight >= self.limit.in_flight:
            return math.inf
        return max(self.flooded_until, self.token_at(now))

    def token_at(self, now: float) -> float:
        """When there is a token."""
        if math.isinf(self.rate) or self._tokens >= _WHOLE:
            return now
        return self._at + (1 - self._tokens) / (self.rate * self._share)

    def take(self) -> None:
        """A call goes out."""
        self.in_flight += 1
        if not math.isinf(self.rate):
            self._tokens -= 1

    def give_back(self) -> None:
        """The call did not go out after all."""
        self.in_flight -= 1
        if not math.isinf(self.rate):
            self._tokens = min(self.limit.burst, self._tokens + 1)

    def flood(self, until: float, now: float) -> None:
        """Stop until then, and go on at half the rate. Answers of calls under way together halve it once."""
        self.refill(now)
        if now >= self.flooded_until:
            self._share = max(self._share / 2, LEAST)
        self.flooded_until = max(self.flooded_until, until)
        # One call may go out when it is over, and the bucket fills from there.
        self._tokens, self._at = 1.0, self.flooded_until


@dataclass(slots=True)
class _Line:
    """The rate over all methods."""

    interval: float
    next: float = 0.0

    def free_at(self, now: float) -> float:
        """When the next call may go out. A clock that was set back makes nobody wait longer than one interval."""
        self.next = min(self.next, now + self.interval)
        return self.next


@dataclass(slots=True)
class _Memory:
    """Whom each grant served: the count of it by channel, which no more channels than there are can fill."""

    served: dict[int | None, int] = field(default_factory=dict)
    grants: int = 0


class Scheduler:
    """Decides when a call may go out. `requests_per_second` 0 means no pacing; flood waits are obeyed always."""

    def __init__(
        self,
        requests_per_second: float,
        *,
        floods: Mapping[str, float] | None = None,
        remember: Callable[[str, float], Awaitable[None]] | None = None,
        notify: Callable[[str, float], None] | None = None,
        patience: float = 120.0,
        clock: Clock | None = None,
    ) -> None:
        """`floods`, method -> unix time, is what `remember` was told in earlier runs; `notify` hears of long waits."""
        self.clock = clock or Clock()
        self._rate = requests_per_second
        self._floods = dict(floods or {})
        self._remember = remember
        self._notify = notify
        self._patience = patience
        self._line = _Line(SPACING / requests_per_second if requests_per_second > 0 else 0.0)
        self._methods: dict[str, _Method] = {}
        self._waiting: list[_Waiter] = []
        self._numbers = itertools.count()
        self._memory = _Memory()
        self._timer: asyncio.Handle | None = None

    @asynccontextmanager
    async def turn(
        self, method: str, priority: Priority = Priority.BACKFILL, channel_id: int | None = None
    ) -> AsyncIterator[None]:
        """Enter when `method` may be called, and leave when it has been answered or given up.

        The call has to go out before anything else is awaited: only until then is it known that no flood wait stands
        against it. Raises FloodWait when the server's order lasts longer than the patience.
        """
        state = self._method(method)
        await self._wait(state, priority, channel_id)
        try:
            yield
        finally:
            state.in_flight -= 1
            self._pump()

    async def flooded(self, method: str, seconds: float) -> None:
        """Obey the server's order to wait before the next call of `method`, and remember it."""
        now = self.clock.now()
        state = self._method(method)
        state.flood(now + seconds + MARGIN, now)
        self._pump()
        if self._remember:
            await self._remember(method, state.flooded_until)

    async def _wait(self, state: _Method, priority: Priority, channel_id: int | None) -> None:
        number = next(self._numbers)
        while True:
            granted = asyncio.get_running_loop().create_future()
            waiter = _Waiter(state, priority, channel_id, number, granted)
            self._waiting.append(waiter)
            self._pump()
            try:
                await granted
            except BaseException:
                self._withdraw(waiter)
                raise
            now = self.clock.now()
            if state.flooded_until <= now:
                # Spaced from the moment at which the call really goes out.
                self._line.next = max(self._line.next, now + self._line.interval)
                return
            # The order came between the grant and now.
            self._withdraw(waiter)

    def _withdraw(self, waiter: _Waiter) -> None:
        """Leave without having called: nothing of it stays, neither in the queue nor in a bucket."""
        if waiter in self._waiting:
            self._waiting.remove(waiter)
        elif waiter.order:
            waiter.method.give_back()
            if waiter.order == self._memory.grants:
                self._line.next = self.clock.now()
        self._pump()

    def _method(self, name: str) -> _Method:
        if name not in self._methods:
            self._methods[name] = _Method(name, self._rate, self._floods.get(name, 0.0), self.clock.now())
        return self._methods[name]

    def _pump(self) -> None:
        """Let go whoever may go now, and come back when the next one may."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        while self._waiting:
            now = self.clock.now()
            ready = self._ready(now)
            due = max(min(ready.values(), default=math.inf), self._line.free_at(now))
            if due > now:
                if not math.isinf(due):
                    self._timer = self.clock.call_later(min(due - now, _LOOK), self._pump)
                return
            self._grant(min((w for w in self._waiting if ready[w.method] <= now), key=self._rank))

    def _ready(self, now: float) -> dict[_Method, float]:
        """When each method that is waited for may be called next. Ends the waiting that is beyond the patience."""
        ready = {}
        for state in {waiter.method: None for waiter in self._waiting}:
            state.refill(now)
            if state.flooded_until - now > self._patience:
                self._give_up(state, math.ceil(state.flooded_until - now))
                continue
            ready[state] = state.ready_at(now)
            self._tell(state, now)
        return ready

    def _give_up(self, state: _Method, seconds: int) -> None:
        leaving = [waiter for waiter in self._waiting if waiter.method is state]
        self._waiting = [waiter for waiter in self._waiting if waiter.method is not state]
        for waiter in leaving:
            if not waiter.granted.done():
                waiter.granted.set_exception(FloodWait(seconds, method=state.name))

    def _tell(self, state: _Method, now: float) -> None:
        """Once for each flood wait that somebody waits for, and each wait for a method that is counted by the day."""
        until = state.flooded_until if state.limit.scaled else max(state.flooded_until, state.token_at(now))
        if self._notify and until - now > NOTICE and until > state.told + 1:
            state.told = until
            # Called from outside: whatever it does, those who wait here are not to notice.
            asyncio.get_running_loop().call_soon(self._notify, state.name, until - now)

    def _rank(self, waiter: _Waiter) -> tuple[int, int, int]:
        return waiter.priority, self._memory.served.get(waiter.channel_id, 0), waiter.number

    def _grant(self, waiter: _Waiter) -> None:
        self._waiting.remove(waiter)
        if waiter.granted.done():
            return
        waiter.method.take()
        self._memory.grants += 1
        self._memory.served[waiter.channel_id] = waiter.order = self._memory.grants
        self._line.next = self.clock.now() + self._line.interval
        waiter.granted.set_result(None)
