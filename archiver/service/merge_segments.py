"""When the embedded engine's index is tidied: after a sync, and while the service has nothing to fill in.

Backfill leaves the index in many small segments, a tenth larger than it need be. Joining them is work in short
transactions of its own, each of which leaves the index whole: it may end at any of them, and goes on another time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from archiver.clock import Clock
from archiver.store.database import Database
from search.exact import writer

MOST = 30.0
"""Seconds that a sync spends on it at its end, at most; a million messages take about half of that."""
SHARE = 0.1
"""The share of a sync's own time that it may spend, and a second."""
IDLE = 60.0
"""Seconds between two looks of the service whether there is something to do."""
PAUSE = 1.0
"""Seconds between two short transactions of the service: others have their turn first."""


async def merge_after_sync(database: Database, *, seconds: float) -> None:
    """Tidy, if it pays, for as long as becomes a sync that has taken so many seconds."""
    until = time.monotonic() + min(MOST, 1 + seconds * SHARE)
    if await database.read(writer.is_untidy):
        while await database.write(writer.tidy) and time.monotonic() < until:
            pass


async def merge_when_idle(database: Database, stop: asyncio.Event, clock: Clock, is_busy: Callable[[], bool]) -> None:
    """The service's: step by step while nothing else is to be written in bulk, until told to stop."""
    while not await clock.wait(stop, IDLE):
        if is_busy() or not await database.read(writer.is_untidy):
            continue
        while not is_busy() and await database.write(writer.tidy):
            if await clock.wait(stop, PAUSE):
                return
