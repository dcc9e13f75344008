"""How fast a history comes and how long the rest will take, over the last half minute, not since the start. Pure."""

from __future__ import annotations

from collections import deque

from archiver.duration import in_words

SPAN = 30.0
"""Seconds over which a speed is taken."""
_SOON = 2.0
"""Seconds before which a speed says nothing about the time left."""


class Throughput:
    """Messages and ids a second. Times are seconds since an arbitrary moment."""

    def __init__(self, now: float) -> None:
        self._begun = now
        self._came: deque[tuple[float, int, int]] = deque()

    def add(self, messages: int, ids: int, now: float) -> None:
        """Record an answer: its messages, and the ids that it settles."""
        self._came.append((now, messages, ids))
        self._forget(now)

    def rate(self, now: float) -> float:
        """Messages a second."""
        self._forget(now)
        return sum(messages for _, messages, _ in self._came) / self._span(now)

    def seconds_left(self, ids: int, now: float) -> float | None:
        """Time for that number of ids at the current speed; None if unknown."""
        self._forget(now)
        looked = sum(one for _, _, one in self._came)
        if not looked or now - self._begun < _SOON:
            return None
        return ids * self._span(now) / looked

    def _span(self, now: float) -> float:
        return max(min(now - self._begun, SPAN), 0.001)

    def _forget(self, now: float) -> None:
        while self._came and self._came[0][0] <= now - SPAN:
            self._came.popleft()


def time_left(seconds: float | None) -> str:
    """`about 12 min left`; nothing when it is not known."""
    return "" if seconds is None else f"about {in_words(seconds)} left"
