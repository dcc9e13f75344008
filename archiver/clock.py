"""Time as the workers see it: one object to ask for the present and to wait with, so that tests can speed it up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

_COUNTER = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Goes on while the machine sleeps, where there is such a clock."""


class Clock:
    """Real time, or the same `speed` times as fast from now on. Time limits of single calls stay in real time."""

    def __init__(self, *, speed: float = 1.0) -> None:
        self._speed = speed
        self._start = time.time()
        self._tick = time.monotonic()

    def now(self) -> float:
        """Unix seconds. Follows the system's clock when it is real time; only sped up does it count by itself."""
        if self._speed == 1.0:
            return time.time()
        return self._start + (time.monotonic() - self._tick) * self._speed

    def tick(self) -> float:
        """Seconds since an arbitrary moment: for durations, since nobody can set it, unlike `now`."""
        return time.clock_gettime(_COUNTER) * self._speed

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds of this clock."""
        await asyncio.sleep(max(seconds, 0.0) / self._speed)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Wait for the event, so many seconds of this clock at most; whether it is set."""
        try:
            async with asyncio.timeout(max(seconds, 0.0) / self._speed):
                await event.wait()
        except TimeoutError:
            pass
        return event.is_set()

    def call_later(self, seconds: float, callback: Callable[[], None]) -> asyncio.Handle:
        """Call back after so many seconds of this clock, unless the handle is cancelled before."""
        return asyncio.get_running_loop().call_later(max(seconds, 0.0) / self._speed, callback)
