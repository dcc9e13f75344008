"""A rate that grows until the server orders a wait, and then halves. Pure.

Additive increase, multiplicative decrease:
https://en.wikipedia.org/wiki/Additive_increase/multiplicative_decrease
"""

from __future__ import annotations

from dataclasses import dataclass

REGAIN = 0.004
"""Share of the halved rate that is regained per second: the old rate is reached again after about four minutes."""
USED = 2.0
"""Seconds after a call that count as use: an unused rate proves nothing and does not climb."""
PROVING = 30.0
"""Seconds of waiting for answers without a flood wait after which one more concurrent call is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateRange:
    """Bounds of a rate and how it changes, in calls per second."""

    start: float
    lowest: float
    highest: float
    climb: float
    """Increase per second until the first flood wait."""
    regain: float | None = None
    """Increase per second after a flood wait, used or not; None: REGAIN times the halved rate, while it is used."""


class Rate:
    """The current rate, in calls per second."""

    def __init__(self, within: RateRange) -> None:
        self.value = within.start
        self._range = within
        self._growth = within.climb

    def pass_time(self, seconds: float) -> float:
        """Grow over this time; return how many calls were earned meanwhile."""
        used = seconds if self._range.regain is not None else min(seconds, USED)
        before, self.value = self.value, min(self._range.highest, self.value + used * self._growth)
        return seconds * (before + self.value) / 2

    def halve(self) -> None:
        """React to a flood wait: continue at half the rate and grow slowly from there."""
        self.value = max(self.value / 2, self._range.lowest)
        self._growth = self.value * REGAIN if self._range.regain is None else self._range.regain


class InFlight:
    """How many calls may be in flight: as many as the rate needs at this latency, once that has proved harmless.

    A call that waits for the previous answer cannot violate a flood wait; a concurrent one can, since both may cross on
    the way. So calls go one by one until half a minute of them has met no flood wait, which is the window over which
    servers are known to count; then, on a slow connection (rate times latency, by Little's law), up to `highest`. The
    first flood wait shows that a limit is within reach: from then on calls go one by one again, for good.
    """

    _SMOOTH = 0.2

    def __init__(self, highest: int) -> None:
        self._highest = highest
        self._allowed = 1.0
        self._latency = 0.0
        """Seconds until an answer, smoothed."""

    def answered(self, seconds: float) -> None:
        """Record a call that was answered after this time."""
        self._latency += self._SMOOTH * (seconds - self._latency)
        self._allowed = min(self._allowed + seconds / PROVING, self._highest)

    def end(self) -> None:
        """React to a flood wait: one call at a time from now on."""
        self._allowed, self._highest = 1.0, 1

    def count(self, rate: float) -> int:
        """Maximum number of calls in flight at this rate."""
        return max(min(int(self._allowed), int(rate * self._latency) + 1), 1)
