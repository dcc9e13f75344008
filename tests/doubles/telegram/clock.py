"""The world's time: as real as ours, ahead of it, or faster.

Dates, flood waits, rates, the budget of names and the time that pushes last follow it. MTProto's own clock (message
ids, salts) is always the real one, because clients refuse ids of another time; so are delays and the line of `Net`.
"""

from __future__ import annotations

import time


class WorldClock:
    """Unix seconds that never jump by themselves: a step of the system's clock is not seen."""

    def __init__(self) -> None:
        self._start = time.time()  # the world's time at ...
        self._tick = time.monotonic()  # ... this moment
        self._speed = 1.0

    def now(self) -> float:
        return self._start + (time.monotonic() - self._tick) * self._speed

    @property
    def speed(self) -> float:
        """Seconds of the world in a real second."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        if speed <= 0:
            raise ValueError(speed)
        self._start, self._tick, self._speed = self.now(), time.monotonic(), speed

    @property
    def ahead(self) -> float:
        """Seconds that the world is ahead of us now."""
        return self.now() - time.time()

    @ahead.setter
    def ahead(self, seconds: float) -> None:
        self._start, self._tick = time.time() + seconds, time.monotonic()
