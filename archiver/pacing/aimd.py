"""A rate that grows while the server bears it and halves when it does not. Pure.

Additive increase, multiplicative decrease:
https://en.wikipedia.org/wiki/Additive_increase/multiplicative_decrease
"""

from __future__ import annotations

from dataclasses import dataclass

REGAIN = 0.004
"""Share of the halved rate that is gained back a second: the old rate is reached again after about four minutes."""
USED = 2.0
"""Seconds after a call that count as use: a rate that nobody uses proves nothing, and does not climb."""


PROVING = 30.0
"""Seconds of waiting for answers, without an order to wait, that prove one more call under way at once harmless."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The rates that are possible, in calls a second."""

    start: float
    least: float
    most: float
    climb: float
    """Gained a second while no flood wait has come."""
    regain: float | None = None
    """Gained a second after one, used or not; None: the share REGAIN of the halved rate, while it is used."""


class Rate:
    """Calls a second, at this moment."""

    def __init__(self, span: Span) -> None:
        self.value = span.start
        self._span = span
        self._growth = span.climb

    def pass_time(self, seconds: float) -> float:
        """Grow for so long; how many calls were earned meanwhile."""
        used = seconds if self._span.regain is not None else min(seconds, USED)
        before, self.value = self.value, min(self._span.most, self.value + used * self._growth)
        return seconds * (before + self.value) / 2

    def halve(self) -> None:
        """The server asked to wait: go on at half the rate, and grow slowly from there."""
        self.value = max(self.value / 2, self._span.least)
        self._growth = self.value * REGAIN if self._span.regain is None else self._span.regain


class InFlight:
    """How many calls may be under way at once: as many as the rate needs on this line, once that proved harmless.

    A call whose answer is awaited first cannot break a flood wait; one beside another can, since it may be on its way
    while the order is. So the calls go one by one until half a minute of them has met no order, which is the span over
    which servers are known to count; then, on a slow line (rate times seconds an answer takes, by Little's law), up to
    `most`. The first order shows that there is a limit within reach: from then on they go one by one again, for good.
    """

    _SMOOTH = 0.2

    def __init__(self, most: int) -> None:
        self._most = most
        self._allowed = 1.0
        self._seconds = 0.0
        """That an answer takes, smoothed."""

    def answered(self, seconds: float) -> None:
        """A call was answered after so long."""
        self._seconds += self._SMOOTH * (seconds - self._seconds)
        self._allowed = min(self._allowed + seconds / PROVING, self._most)

    def end(self) -> None:
        """The server asked to wait."""
        self._allowed, self._most = 1.0, 1

    def count(self, rate: float) -> int:
        """How many calls may be under way at this rate."""
        return max(min(int(self._allowed), int(rate * self._seconds) + 1), 1)
