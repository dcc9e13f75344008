"""Throughput of reading a history and the time left, measured over the last half minute. Pure."""

from __future__ import annotations

from collections import deque

SPAN = 30.0
"""Seconds over which the speed is averaged."""
_SOON = 2.0
"""Seconds after the start during which no time left is estimated."""


class Throughput:
    """Messages and ids per second. Times are seconds since an arbitrary moment."""

    def __init__(self, now: float) -> None:
        self._started = now
        self._answers: deque[tuple[float, int, int]] = deque()
        self._messages = self._ids = 0
        """Sums over them."""

    def add(self, messages: int, ids: int, now: float) -> None:
        """Record an answer: the number of its messages, and of the ids that it settles."""
        self._answers.append((now, messages, ids))
        self._messages += messages
        self._ids += ids
        self._forget(now)

    def rate(self, now: float) -> float:
        """Messages per second."""
        self._forget(now)
        return self._messages / self._span(now)

    def seconds_left(self, ids: int, now: float) -> float | None:
        """Time for that number of ids at the current speed; None if unknown."""
        self._forget(now)
        if not self._ids or now - self._started < _SOON:
            return None
        return ids * self._span(now) / self._ids

    def _span(self, now: float) -> float:
        return max(min(now - self._started, SPAN), 0.001)

    def _forget(self, now: float) -> None:
        while self._answers and self._answers[0][0] <= now - SPAN:
            _, messages, ids = self._answers.popleft()
            self._messages -= messages
            self._ids -= ids
