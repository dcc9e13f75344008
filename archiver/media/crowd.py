"""How many files hold a reference at the same time: fewer when references expire while their files wait.

If a server allows few calls and its references are short-lived, a hundred waiting files would all come too late, get
new references, and come too late again. So the limit is halved then, and grows again with each file that arrives; a
file outside has no reference yet. First come, first served.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from archiver.media.waiting_line import WaitingLine

LEAST = 4
"""The smallest crowd."""
PAUSE = 2.0
"""Seconds between two halvings: many references expire at the same time."""


class Crowd:
    """The files that hold a reference."""

    def __init__(self, most: int) -> None:
        self.limit = most
        self._most = most
        self._line = WaitingLine(lambda inside, _: inside < self.limit)
        self._halved_at = float("-inf")

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Enter when there is room."""
        await self._line.enter()
        try:
            yield
        finally:
            self._line.leave()

    def came_too_late(self, *, now: float) -> None:
        """Halve the limit: references keep expiring while files wait. `now`: monotonic seconds."""
        if now >= self._halved_at + PAUSE:
            self._halved_at = now
            self.limit = max(min(self.limit, self._line.used) // 2, LEAST)

    def arrived(self) -> None:
        """Raise the limit: a file has arrived."""
        self.limit = min(self.limit + 1, self._most)
        self._line.admit()
