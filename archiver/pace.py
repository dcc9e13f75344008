"""Pacing: the account's own request budget, and obedience to flood waits, across restarts.

A flood wait stops its method until it has expired to the second; the order outlives the process in the `flood` table.
Waits longer than `patience` are raised as FloodWait instead of slept, so that a command can end and say when to return.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping

from archiver.errors import FloodWait

MARGIN = 1.0
"""Seconds on top of every ordered wait: server and client round differently."""
SCARCE = {"resolveUsername": (5, 30.0)}
"""Methods that the server counts by the day: so many at once, then one in so many seconds. Never when pacing is off."""


class Pacer:
    """Decides when a call may go out. `requests_per_second` 0 means no pacing; flood waits are obeyed always."""

    def __init__(
        self,
        requests_per_second: float,
        *,
        floods: Mapping[str, float] | None = None,
        remember: Callable[[str, float], Awaitable[None]] | None = None,
        notify: Callable[[str, float], None] | None = None,
        patience: float = 120.0,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._interval = 1 / requests_per_second if requests_per_second > 0 else 0.0
        self._floods = dict(floods or {})
        self._remember = remember
        self._notify = notify
        self._patience = patience
        self._now = now
        self._sleep = sleep
        self._next = 0.0
        self._saved: dict[str, tuple[float, float]] = {}
        """Scarce method -> how many calls were left, and when."""

    async def turn(self, method: str) -> None:
        """Return when `method` may be called. Raises FloodWait when that is further away than the patience."""
        while (wait := self._floods.get(method, 0.0) - self._now()) > 0:
            if wait > self._patience:
                raise FloodWait(math.ceil(wait), method=method)
            if self._notify:
                self._notify(method, wait)
            await self._sleep(wait)
        if self._interval and method in SCARCE:
            await self._spare(method, *SCARCE[method])
        if self._interval:
            start = max(self._next, self._now())
            self._next = start + self._interval
            if start > self._now():
                await self._sleep(start - self._now())

    async def _spare(self, method: str, most: int, seconds: float) -> None:
        """A bucket of `most` calls that fills by one in `seconds`."""
        left, at = self._saved.get(method, (float(most), self._now()))
        left = min(most, left + (self._now() - at) / seconds)
        if left < 1:
            wait = (1 - left) * seconds
            if self._notify:
                self._notify(method, wait)
            await self._sleep(wait)
            left = 1.0
        self._saved[method] = (left - 1, self._now())

    async def flooded(self, method: str, seconds: int) -> None:
        """Remember the server's order to wait before the next call of `method`."""
        until = self._now() + seconds + MARGIN
        self._floods[method] = max(until, self._floods.get(method, 0.0))
        if self._remember:
            await self._remember(method, until)
