"""Whatever is asked for, floods and is cancelled: each grant against a slow and obvious account of what was allowed."""

from __future__ import annotations

import asyncio
import itertools
import math
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.pacing.scheduler import SPACING, TRANSIT, Priority, Scheduler
from archiver.pacing.token_bucket import LEAST, LIMITS, MARGIN, OVERLAP, RECOVERY, Limit
from tests.tiers import examples
from tests.unit.leaping import LoopClock, live

METHODS = [*(name for name, limit in LIMITS.items() if not limit.own), "another"]  # files have a budget of their own
LEEWAY = 1e-3
"""Seconds and tokens that floating point may cost."""


@dataclass
class Ask:
    """One call of a worker: when it comes, for what, and what becomes of it."""

    after: float
    method: str
    priority: Priority
    channel_id: int | None
    lasting: float
    flood: int | None
    leaves_after: float | None


SECONDS = st.sampled_from([0.0, 0.0, 0.0, 0.1, 0.5, 1.0, 1.01, 2.0, 5.0, 40.0, 700.0])
ASKS = st.lists(
    st.builds(
        Ask,
        after=SECONDS,
        method=st.sampled_from(METHODS),
        priority=st.sampled_from(Priority),
        channel_id=st.sampled_from([None, 1, 2, 3]),
        lasting=st.sampled_from([0.0, 0.0, 0.05, 0.05, 1.0, 3.0, 15.0]),
        flood=st.sampled_from([None] * 6 + [1, 7, 60]),
        leaves_after=st.sampled_from([None] * 4 + [0.0, 0.505, 1.01, 10.0]),
    ),
    min_size=1,
    max_size=40,
)


@dataclass
class Method:
    """What happened to one method."""

    limit: Limit
    rate: float
    out: list[float] = field(default_factory=list)
    """When its calls went out."""
    under_way: dict[int, float] = field(default_factory=dict)
    ended: list[tuple[float, float]] = field(default_factory=list)
    """From when until when its calls were under way."""
    floods: list[tuple[float, float]] = field(default_factory=list)
    """From when until when."""

    def flooded(self, now: float) -> bool:
        return any(until > now for _, until in self.floods)

    def share(self, at: float) -> float:
        """Of the normal rate: halved at the beginning of each stop, 5 % a minute since its end."""
        share, since = 1.0, 0.0
        for begun, until in self.floods:
            if since <= begun <= at:  # not while stopped already
                share = max(min(1.0, share + (begun - since) * RECOVERY) / 2, LEAST)
            if begun <= at:
                since = max(since, until)
        return min(1.0, share + max(at - since, 0.0) * RECOVERY)

    def tokens(self, now: float, begun: float) -> float:
        """How many calls may go out at once, from the beginning in small steps; a stop leaves one, and adds none."""
        tokens, at = float(self.limit.burst), begun
        marks = [(t, "out") for t in self.out] + [(u, "end") for _, u in self.floods] + [(now, "now")]
        for mark, kind in sorted(marks, key=lambda m: (m[0], m[1] != "end")):
            if mark > now:
                break
            while at < mark:
                step = min(mark - at, 1.0)
                if not any(a <= at < b for a, b in self.floods):
                    tokens = min(self.limit.burst, tokens + step * self.rate * self.share(at + step / 2))
                at += step
            if kind == "end" and not self.flooded(mark):
                tokens = 1.0
            tokens -= kind == "out"
        return tokens

    def may_go(self, now: float, begun: float, spare: float) -> bool:
        """Whether a call may go out now; `spare` tokens have to be left then."""
        began = list(self.under_way.values())
        if spare > 0:  # what ends in this very moment may have held it up when the turn was given
            began += [since for since, until in self.ended if until == now]
        slow = all(now - since >= OVERLAP - LEEWAY * (spare < 0) for since in began)
        free = len(began) < self.limit.in_flight and slow
        return free and not self.flooded(now) and (not self.rate or self.tokens(now, begun) >= 1 + spare)


class Account:
    """Watches the calls of a scheduler, and says what it should not have done."""

    def __init__(self, rate: float, now: float) -> None:
        self.begun = now
        self.interval = SPACING / rate if rate else 0.0
        self.rate = rate
        self.methods: dict[str, Method] = {}
        self.waiting: dict[int, Ask] = {}
        self.last_out = -math.inf
        self.served: dict[int, int] = {}
        self.looked = now

    def method(self, name: str) -> Method:
        limit = LIMITS.get(name, Limit(1.0, 1))
        rate = limit.per_second * (self.rate if limit.scaled else 1.0) if self.rate else 0.0
        return self.methods.setdefault(name, Method(limit, rate))

    def look(self, now: float) -> None:
        """Nobody waited since the last look who could have gone."""
        if now - self.looked > 0.2:
            then = (now + self.looked) / 2
            if then - self.last_out > self.interval * (1 + TRANSIT) + LEEWAY:
                for ask in self.waiting.values():
                    method = self.method(ask.method)
                    assert not (method.may_go(then, self.begun, 0.05) and method.share(then) == 1.0), (ask, then)
        self.looked = now

    def came(self, number: int, ask: Ask, now: float) -> None:
        self.look(now)
        self.waiting[number] = ask

    def went(self, number: int, now: float) -> None:
        self.look(now)
        ask = self.waiting.pop(number)
        method = self.method(ask.method)
        if self.rate:
            assert now - self.last_out >= 1 / self.rate
        assert method.may_go(now, self.begun, -0.05), (ask, method)
        for other, waiting in self.waiting.items():
            if self.rank(other, waiting) < self.rank(number, ask):
                rival = self.method(waiting.method)
                assert not (rival.may_go(now, self.begun, 0.05) and rival.share(now) == 1.0), (ask, waiting)
        self.last_out = now
        method.out.append(now)
        method.under_way[number] = now
        if ask.channel_id is not None:  # what is about no single channel waits for none of them
            self.served[ask.channel_id] = sum(len(m.out) for m in self.methods.values())

    def rank(self, number: int, ask: Ask) -> tuple[int, int, int]:
        served = 0 if ask.channel_id is None else self.served.get(ask.channel_id, 0)
        return ask.priority, served, number

    def ended(self, number: int, ask: Ask, now: float) -> None:
        self.look(now)
        method = self.method(ask.method)
        method.ended.append((method.under_way.pop(number), now))

    def left(self, number: int, now: float) -> None:
        self.look(now)
        self.waiting.pop(number, None)


class LooseClock(LoopClock):
    """A time of day that is set to and fro all the time."""

    def __init__(self, steps: list[float]) -> None:
        super().__init__()
        self._steps = itertools.cycle(steps)

    def now(self) -> float:
        return super().now() + next(self._steps)


STEPS = st.lists(st.sampled_from([0.0, 1.0, -1.0, 3_600.0, -3_600.0, 1e9, -1e9]), min_size=1, max_size=5)


@settings(max_examples=examples(150), deadline=None)
@given(ASKS, st.sampled_from([0.0, 0.5, 1.0, 2.0, 20.0]), STEPS)
def test_every_grant_is_allowed_and_none_is_late_whatever_the_time_of_day(
    asks: list[Ask], rate: float, steps: list[float]
) -> None:
    failures, unended = live(life(asks, rate, steps))
    assert failures == []
    assert unended == 0


async def life(asks: list[Ask], rate: float, steps: list[float]) -> tuple[list[BaseException], int]:
    """What went wrong, and how many calls the scheduler still counts once all have ended."""
    clock = LooseClock(steps)
    scheduler = Scheduler(rate, max_wait=math.inf, clock=clock)
    account = Account(rate, clock.tick())
    numbers = itertools.count()
    failures: list[BaseException] = []

    async def run(number: int, ask: Ask) -> None:
        account.came(number, ask, clock.tick())
        try:
            async with scheduler.turn(ask.method, ask.priority, ask.channel_id):
                account.went(number, clock.tick())
                try:
                    await asyncio.sleep(ask.lasting)
                    if ask.flood:
                        account.look(clock.tick())
                        account.method(ask.method).floods.append((clock.tick(), clock.tick() + ask.flood + MARGIN))
                        await scheduler.flooded(ask.method, ask.flood)
                finally:
                    account.ended(number, ask, clock.tick())
        except AssertionError as error:
            failures.append(error)
        finally:
            account.left(number, clock.tick())

    running: list[asyncio.Task[Any]] = []
    for ask in asks:
        if ask.after:
            await asyncio.sleep(ask.after)
        task = asyncio.create_task(run(next(numbers), ask))
        running.append(task)
        if ask.leaves_after is not None:
            asyncio.get_running_loop().call_later(ask.leaves_after, task.cancel)
    results = await asyncio.gather(*running, return_exceptions=True)
    if failures:
        raise failures[0]  # the account is wrong from there on
    failures += [one for one in results if one is not None and not isinstance(one, asyncio.CancelledError)]
    return failures, len(scheduler._waiting) + sum(len(bucket.in_flight) for bucket in scheduler._buckets.values())
