"""How many files hold a reference at the same time: fewer when references expire while their files wait.

Where a server allows few calls and its references are good for a short time, a hundred files that wait for their turn
would all come too late, be given new references, and come too late again. So the crowd is halved then, and grows again
with each file that arrives; who is outside has no reference yet. First come, first served.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

LEAST = 4
"""The smallest crowd."""
PAUSE = 2.0
"""Seconds between two halvings: many references expire at the same time."""


class Crowd:
    """The files that hold a reference."""

    def __init__(self, most: int) -> None:
        self.limit = most
        self._most = most
        self._inside = 0
        self._halved_at = float("-inf")
        self._waiting: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Enter when there is room."""
        if self._waiting or self._inside >= self.limit:
            await self._wait()
        else:
            self._inside += 1
        try:
            yield
        finally:
            self._leave()

    def came_too_late(self, *, now: float) -> None:
        """References expire again and again while files wait; `now`: monotonic seconds."""
        if now >= self._halved_at + PAUSE:
            self._halved_at = now
            self.limit = max(min(self.limit, self._inside) // 2, LEAST)

    def arrived(self) -> None:
        """A file has arrived."""
        self.limit = min(self.limit + 1, self._most)
        self._admit()

    async def _wait(self) -> None:
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(granted)
        try:
            await granted
        except BaseException:
            if granted.done() and not granted.cancelled():
                self._leave()
            raise

    def _leave(self) -> None:
        self._inside -= 1
        self._admit()

    def _admit(self) -> None:
        while self._waiting and (self._waiting[0].done() or self._inside < self.limit):
            granted = self._waiting.popleft()
            if not granted.done():
                self._inside += 1
                granted.set_result(None)
