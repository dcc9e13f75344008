"""How much to send to the index at once, and when. Pure.

On a large index every task is expensive, whatever its size, so live messages are gathered for a while: longer if the
last tasks took longer, but a message is always indexed within a minute of its commit.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

MOST_BYTES: Final = 64_000_000
"""Maximum size of a task: large ones are cheap, and this fits the server's limit of 100 MB and our memory."""
LEAST_BYTES: Final = 100_000
PROBE: Final = 20
"""Full tasks after a refused one before trying a larger one again."""
MUCH: Final = 5_000
"""Number of waiting messages at which gathering stops."""
MIN_GATHERING: Final = 1.0
"""Minimum seconds to gather messages."""
TARGET: Final = 10.0
"""Seconds that one task may take: live messages have to wait for it."""


def gathering_seconds(duration: float) -> float:
    """Return how many seconds to gather messages after a task that took `duration`.

    A message waits for the task before it, is gathered, then its own task runs: 45 seconds in all, as long as tasks
    take less than 20.
    """
    return max(MIN_GATHERING, min(2 * duration, 45 - 2 * duration))


@dataclass(slots=True)
class BatchSize:
    """The size in bytes to aim for, learnt from how long tasks take and which are refused."""

    bytes: int = MOST_BYTES
    most: int = MOST_BYTES
    """The largest size the server is known to accept."""
    rest: int = PROBE
    """Full tasks before trying twice that size, because the server's limit may have been raised."""
    full: int = 0
    """Full tasks since the last refusal or probe."""
    probing: bool = False
    """Whether `most` has not been accepted yet."""

    def learn(self, sent: int, duration: float | None) -> None:
        """Learn from an applied task: its size in bytes and its duration in seconds."""
        if duration is None or sent <= self.bytes // 2:
            return
        self.full += 1
        if self.probing and sent > self.most // 2:
            self.probing, self.rest = False, PROBE
        if self.full >= self.rest and self.most < MOST_BYTES:
            self.most, self.full, self.probing = min(MOST_BYTES, 2 * self.most), 0, True
        if duration > 1.5 * TARGET:
            self.bytes = max(LEAST_BYTES, self.bytes // 2)
        elif duration < TARGET / 2:
            self.bytes = min(self.most, self.bytes * 2)

    def refuse(self, sent: int) -> None:
        """Learn from a task that the server refused as too large."""
        if self.probing:
            self.rest, self.most = min(2 * self.rest, 10 * PROBE), self.most // 2
        else:
            self.most = max(1, min(self.most, sent // 2))
        self.full, self.probing = 0, False
        self.bytes = min(self.bytes, self.most)


def pause_after(failures: int, *, most: float = 15.0, least: float = 0.0) -> float:
    """Return the seconds before the next attempt after `failures` in a row: doubled each time, with jitter."""
    return max(least, min(most, 0.5 * float(2 ** min(failures, 10))) * random.uniform(0.75, 1.25))  # noqa: S311
