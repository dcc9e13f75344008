"""While mirroring computes, all views together take at most a share of a processor.

Priorities settle who waits for a processor; what readers who never pause cost a sync beyond that (memory, caches, the
disk) only fewer answers can spare it. A few readers at once never notice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

SHARE: Final = 0.2
"""Of one processor."""
BURST: Final = 0.5
"""Seconds of processor time that may be taken at once, before answers wait."""
MOST: Final = 2.0
"""Maximum seconds that one answer waits for those before it."""


class ProcessorShare:
    """Lets answers begin one after the other, as late as the share demands."""

    def __init__(
        self, used: Callable[[], float] = time.process_time, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._used, self._clock = used, clock
        self._seen = used(), clock()
        self._debt = 0.0
        """Processor time taken beyond the share, in seconds."""
        self._line = asyncio.Lock()

    async def turn(self, *, limited: bool) -> None:
        """Return when the next answer may begin; at once unless it is `limited`."""
        async with self._line:
            await asyncio.sleep(self.delay(limited=limited))

    def delay(self, *, limited: bool) -> float:
        """Seconds that the next answer has to wait now."""
        (used, then), self._seen = self._seen, (self._used(), self._clock())
        if not limited:
            self._debt = 0.0
            return 0.0
        self._debt = max(self._debt + self._seen[0] - used - SHARE * (self._seen[1] - then), 0.0)
        return min(max(self._debt - BURST, 0.0) / SHARE, MOST)
