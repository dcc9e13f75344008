"""Limits the bytes in flight at one data centre to its window; first come, first served.

A part that takes longer than SLOW seconds no longer counts: a hung file must not hold up others. At most OVERDUE bytes
are released that way, so that a server that answers nothing is not flooded.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from archiver.media.waiting_line import WaitingLine
from archiver.media.window import SLOW, Window, received, slowed
from archiver.model.file_location import PART

SMALLEST = PART // 4
"""Minimum bytes that a small file counts for: its answer costs more than its bytes."""
OVERDUE = 16 * PART
"""Bytes in flight that may be overdue."""


class Gate:
    """The bytes in flight at one data centre."""

    def __init__(self, *, tick: Callable[[], float] | None = None) -> None:
        self._tick = tick or asyncio.get_running_loop().time
        self.window = Window()
        self._line = WaitingLine(lambda used, cost: used == 0 or used + cost <= self.window.size)
        self._overdue = 0

    @property
    def in_flight(self) -> int:
        """Bytes that count towards the window."""
        return self._line.used

    @asynccontextmanager
    async def part(self, length: int) -> AsyncIterator[None]:
        """Enter when a part of this many bytes may be asked for; leave when it has arrived or failed."""
        cost = max(min(length, PART), SMALLEST)
        await self._line.enter(cost)
        began, overdue = self._tick(), False

        def give_up() -> None:
            nonlocal overdue
            if self._overdue + cost <= OVERDUE:
                overdue = True
                self._overdue += cost
                self._line.leave(cost)

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
                self._line.leave(cost)

    def _note(self, length: int | None, began: float) -> None:
        now = self._tick()
        if length is not None:
            full = self._line.is_full
            self.window = received(self.window, length, seconds=now - began, now=now, full=full)
        elif now - began >= SLOW:
            self.window = slowed(self.window, asked_at=began, now=now)
