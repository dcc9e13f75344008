"""Lets as many bytes of one data centre be in flight as its window allows; first come, first served.

A part that takes longer than SLOW seconds no longer counts: a hung file must not hold up others. At most OVERDUE bytes
are set free that way, so that a server that answers nothing is not flooded.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from archiver.media.window import SLOW, Window, received, slowed
from archiver.model.file_location import PART

SMALLEST = PART // 4
"""Bytes that a small file counts at least: its answer costs more than its bytes."""
OVERDUE = 16 * PART
"""Bytes in flight that may be overdue."""


class Gate:
    """The bytes in flight at one data centre."""

    def __init__(self, *, tick: Callable[[], float] | None = None) -> None:
        self._tick = tick or asyncio.get_running_loop().time
        self.window = Window()
        self._used = 0
        self._overdue = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def part(self, length: int) -> AsyncIterator[None]:
        """Enter when a part of this many bytes may be asked for; leave when it has arrived or failed."""
        cost = max(min(length, PART), SMALLEST)
        await self._enter(cost)
        began, overdue = self._tick(), False

        def give_up() -> None:
            nonlocal overdue
            if self._overdue + cost <= OVERDUE:
                overdue = True
                self._overdue += cost
                self._leave(cost)

        timer = asyncio.get_running_loop().call_later(SLOW, give_up)
        try:
            yield
        except BaseException:
            self._note(None, began)
            raise
        else:
            self._note(length, began)
        finally:
            timer.cancel()
            if overdue:
                self._overdue -= cost
            else:
                self._leave(cost)

    def _note(self, length: int | None, began: float) -> None:
        now = self._tick()
        if length is not None:
            full = bool(self._waiting)
            self.window = received(self.window, length, seconds=now - began, now=now, full=full)
        elif now - began >= SLOW:
            self.window = slowed(self.window, asked_at=began, now=now)

    async def _enter(self, cost: int) -> None:
        if not self._waiting and self._fits(cost):
            self._used += cost
            return
        granted = asyncio.get_running_loop().create_future()
        self._waiting.append((cost, granted))
        try:
            await granted
        except BaseException:
            if granted.done() and not granted.cancelled():
                self._leave(cost)
            raise

    def _fits(self, cost: int) -> bool:
        return self._used == 0 or self._used + cost <= self.window.size

    def _leave(self, cost: int) -> None:
        self._used -= cost
        while self._waiting and (self._waiting[0][1].done() or self._fits(self._waiting[0][0])):
            cost, granted = self._waiting.popleft()
            if not granted.done():
                self._used += cost
                granted.set_result(None)
