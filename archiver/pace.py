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
MUCH: Final = 5_000
"""Messages; when so many wait nothing is gathered."""
SHORTEST: Final = 1.0
"""Seconds that messages are gathered for at least."""
TARGET: Final = 10.0
"""Seconds that the server may work on a task of ours: what comes live has to wait behind it."""


def gathering(duration: float) -> float:
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
    """What the server takes."""

    def learn(self, sent: int, duration: float | None) -> None:
        """A task of so many bytes took so long."""
        if duration is not None and sent > self.bytes // 2:
            if duration > 1.5 * TARGET:
                self.bytes = max(LEAST_BYTES, self.bytes // 2)
            elif duration < TARGET / 2:
                self.bytes = min(self.most, self.bytes * 2)

    def refuse(self, sent: int) -> None:
        """The server does not take so many."""
        self.most = max(1, sent // 2)
        self.bytes = min(self.bytes, self.most)


def pause_after(failures: int, *, most: float = 15.0, least: float = 0.0) -> float:
    """Seconds until the next try after so many failures in a row: twice as long each time, never in step."""
    return max(least, min(most, 0.5 * float(2 ** min(failures, 10))) * random.uniform(0.75, 1.25))  # noqa: S311
