"""How often small files may be requested: a maximum number of calls in any window of time. Pure.

Users report FLOOD_WAIT after 30 calls in 30 s for small files (tdl#84); large ones are limited by their bytes instead.
"""

from __future__ import annotations

from collections import deque

CALLS, SECONDS = 30, 30.0
"""Maximum calls in any period of SECONDS, for an account with one request per second."""
NORMAL = 3.0
"""Factor at pace "normal"."""


def small_calls(requests_per_second: float, pace: str) -> int | None:
    """Calls for small files in any SECONDS; None: no budget."""
    if requests_per_second <= 0:
        return None
    return max(int(CALLS * requests_per_second * (NORMAL if pace == "normal" else 1.0)), 1)


class CallBudget:
    """The times of the last calls."""

    def __init__(self, calls: int | None, seconds: float = SECONDS) -> None:
        self._calls = calls
        self._seconds = seconds
        self._times: deque[float] = deque()

    def take(self, now: float) -> float:
        """Count a call, and return how many seconds it must wait before it goes out."""
        if self._calls is None:
            return 0.0
        while self._times and self._times[0] <= now - self._seconds:
            self._times.popleft()
        at = now
        if len(self._times) >= self._calls:
            at = max(now, self._times[-self._calls] + self._seconds)
        self._times.append(at)
        return at - now
