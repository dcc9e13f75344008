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

    A call whose answer is awaited first cannot break a flood wait; so a quick line has one under way, and a slow one
    (rate times seconds an answer takes, by Little's law) up to `most`. The allowance grows and halves like the rate.
    """

    _STEP, _CAREFUL_STEP = 0.1, 0.005
    """What an answer adds to the allowance, before the first flood wait and after it."""
    _SMOOTH = 0.2

    def __init__(self, most: int) -> None:
        self._most = most
        self._allowed = 1.0
        self._step = self._STEP
        self._seconds = 0.0
        """That an answer takes, smoothed."""

    def answered(self, seconds: float) -> None:
        """A call was answered after so long."""
        self._seconds += self._SMOOTH * (seconds - self._seconds)
        self._allowed = min(self._allowed + self._step, self._most)

    def halve(self) -> None:
        """The server asked to wait."""
        self._allowed = max(self._allowed / 2, 1.0)
        self._step = self._CAREFUL_STEP

    def count(self, rate: float) -> int:
        """How many calls may be under way at this rate."""
        return max(min(int(self._allowed), int(rate * self._seconds) + 1), 1)
