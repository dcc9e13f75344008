"""When to merge the FTS5 segments of the embedded engine: after a sync, and while the service has no history to read.

Backfill leaves the index in many small segments, a tenth larger than necessary. Merging runs in short transactions,
each of which leaves the index intact, so it may stop after any of them and continue later.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from archiver.clock import Clock
from archiver.store.database import Database
from search.exact import writer

MOST = 30.0
"""Maximum seconds of merging at the end of a sync; a million messages take about half of that."""
SHARE = 0.1
"""Share of the sync's duration allowed for merging, in addition to one second."""
IDLE = 60.0
"""Seconds between two checks of the service for segments to merge."""
PAUSE = 1.0
"""Seconds between two transactions, so that other writers go first."""


async def merge_after_sync(database: Database, *, seconds: float) -> None:
    """Merge, if it pays, for a time in proportion to a sync that took `seconds`."""
    until = time.monotonic() + min(MOST, 1 + seconds * SHARE)
    if await database.read(writer.needs_merge):
        while await database.write(writer.merge_segments) and time.monotonic() < until:
            pass


async def merge_when_idle(database: Database, stop: asyncio.Event, clock: Clock, is_busy: Callable[[], bool]) -> None:
    """Merge step by step while the service is not busy with histories, until `stop` is set."""
    while not await clock.wait(stop, IDLE):
        if is_busy() or not await database.read(writer.needs_merge):
            continue
        while not is_busy() and await database.write(writer.merge_segments):
            if await clock.wait(stop, PAUSE):
                return
