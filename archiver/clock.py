"""The clock of the workers: one object to read the time and to wait with, so that tests can speed it up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

_COUNTER = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Also counts while the machine sleeps, where the system has such a clock."""


class Clock:
    """Real time, or time that runs `speed` times as fast from now on. Timeouts of single calls stay in real time."""

    def __init__(self, *, speed: float = 1.0) -> None:
        self._speed = speed
        self._start = time.time()
        self._tick = time.monotonic()

    def now(self) -> float:
        """Unix seconds. Real time follows the system clock; sped-up time counts independently of it."""
        if self._speed == 1.0:
            return time.time()
        return self._start + (time.monotonic() - self._tick) * self._speed

    def tick(self) -> float:
        """Seconds since an arbitrary moment: for durations, since it cannot be set, unlike `now`."""
        return time.clock_gettime(_COUNTER) * self._speed

    async def sleep(self, seconds: float) -> None:
        """Sleep for this many seconds of this clock."""
        await asyncio.sleep(max(seconds, 0.0) / self._speed)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Wait for the event, at most this many seconds of this clock; return whether it is set."""
        try:
            async with asyncio.timeout(max(seconds, 0.0) / self._speed):
                await event.wait()
        except TimeoutError:
            pass
        return event.is_set()

    def call_later(self, seconds: float, callback: Callable[[], None]) -> asyncio.Handle:
        """Call back after this many seconds of this clock, unless the handle is cancelled."""
        return asyncio.get_running_loop().call_later(max(seconds, 0.0) / self._speed, callback)
