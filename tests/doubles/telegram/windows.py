"""Rate limits by sliding window: so many calls in the last so many seconds, and others within a takeout.

faults.window("messages.getHistory", calls=30, seconds=30, takeout_calls=300)

Beyond it comes FLOOD_WAIT_n, n the whole seconds until the oldest call leaves the window. Refused calls do not count.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import ceil

from tests.doubles.telegram.rpc import Call


@dataclass
class Window:
    """The limit of one method, for each account by itself, and for its takeout by itself."""

    calls: int
    seconds: float
    takeout_calls: int | None = None  # None: as outside
    taken: dict[tuple[int | None, bool], deque[float]] = field(default_factory=dict)

    def take(self, call: Call) -> int | None:
        """Count the call; the seconds that it is to wait for when there is no room."""
        inside = call.takeout is not None
        most = self.takeout_calls if inside and self.takeout_calls is not None else self.calls
        times = self.taken.setdefault((call.account, inside), deque())
        while times and times[0] <= call.time - self.seconds:
            times.popleft()
        if len(times) < most:
            times.append(call.time)
            return None
        return max(ceil(times[0] + self.seconds - call.time), 1) if times else ceil(self.seconds)


@dataclass
class Bucket:
    """A rate model: `rate` calls a second, `burst` at once; beyond it FLOOD_WAIT of `wait` seconds."""

    rate: float
    burst: float
    wait: int
    level: dict[int | None, tuple[float, float]] = field(default_factory=dict)

    def take(self, account: int | None, now: float) -> bool:
        tokens, then = self.level.get(account, (self.burst, now))
        tokens = min(self.burst, tokens + (now - then) * self.rate)
        fits = tokens >= 1
        self.level[account] = (tokens - 1 if fits else tokens, now)
        return fits


def lane(call: Call) -> str:
    """By what a flood wait binds: the method, apart within a takeout."""
    return call.method if call.takeout is None else f"{call.method} in takeout"
