"""How much is sent to the index at once, and when. Pure.

A task costs a large index much whatever it carries, so what comes live is gathered for a while: longer when the last
tasks took longer, and never so long that a message is not in the index within a minute of its commit.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

MOST_BYTES: Final = 32_000_000
"""Of one task: large ones are cheap, this one fits the server's limit of 100 MB and our memory."""
LEAST_BYTES: Final = 100_000
PROBE: Final = 20
"""Full tasks after a refused one before a larger one is tried again."""
MUCH: Final = 5_000
"""Messages; when so many wait nothing is gathered."""
SHORTEST: Final = 1.0
"""Seconds that messages are gathered for at least."""
TARGET: Final = 10.0
"""Seconds that the server may work on a task of ours: what comes live has to wait behind it."""


def gathering_seconds(duration: float) -> float:
    """Seconds to gather messages for, after a task that took so long.

    A message waits for the task before it, then is gathered, then its own task runs: 45 seconds in all, as long as
    tasks take less than 20.
    """
    return max(SHORTEST, min(2 * duration, 45 - 2 * duration))


@dataclass(slots=True)
class Size:
    """How many bytes a task may have."""

    bytes: int = MOST_BYTES
    most: int = MOST_BYTES
    """What the server takes, as far as is known."""
    rest: int = PROBE
    """Full tasks until twice of that is tried: somebody may have raised its limit since."""
    full: int = 0
    """Full tasks since then."""
    probing: bool = False
    """Whether it was not yet taken."""

    def learn(self, sent: int, duration: float | None) -> None:
        """A task of so many bytes took so long."""
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
        """The server does not take so many."""
        if self.probing:
            self.rest, self.most = min(2 * self.rest, 10 * PROBE), self.most // 2
        else:
            self.most = max(1, min(self.most, sent // 2))
        self.full, self.probing = 0, False
        self.bytes = min(self.bytes, self.most)


def pause_after(failures: int, *, most: float = 15.0, least: float = 0.0) -> float:
    """Seconds until the next try after so many failures in a row: twice as long each time, never in step."""
    return max(least, min(most, 0.5 * float(2 ** min(failures, 10))) * random.uniform(0.75, 1.25))  # noqa: S311
