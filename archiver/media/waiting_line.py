"""A line of tasks that wait for room: first come, first served."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable


class WaitingLine:
    """What is in use, and who waits to use more."""

    def __init__(self, fits: Callable[[int, int], bool]) -> None:
        """`fits` says whether something of this cost may be added to what is in use."""
        self.used = 0
        self._fits = fits
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def is_full(self) -> bool:
        """Whether anybody waits."""
        return bool(self._waiting)

    async def enter(self, cost: int = 1) -> None:
        """Return when there is room, which is taken until `leave`."""
        if not self._waiting and self._fits(self.used, cost):
            self.used += cost
            return
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((cost, granted))
        try:
            await granted
        except BaseException:
            if granted.done() and not granted.cancelled():
                self.leave(cost)
            raise

    def leave(self, cost: int = 1) -> None:
        """Give room back."""
        self.used -= cost
        self.admit()

    def admit(self) -> None:
        """Let in those for whom there is room; call it when there may be more."""
        while self._waiting and (self._waiting[0][1].done() or self._fits(self.used, self._waiting[0][0])):
            cost, granted = self._waiting.popleft()
            if not granted.done():
                self.used += cost
                granted.set_result(None)
