"""The channels that are to be caught up: the urgent ones first, each once, none by two tasks at the same time.

And how many hints are followed.
"""

from __future__ import annotations

import asyncio

CHANGED, FRESH, SURELY = range(3)
"""Why a channel is caught up, the urgent first: something happened, it is new, to be sure."""
_AT_ONCE = {SURELY: 2}
"""Of some ranks only so many are under way: while a channel waits here, it can still become more urgent."""


class DueQueue:
    """Holds each channel at most once, however often it is put; a channel put while it is under way comes again."""

    def __init__(self) -> None:
        self._waiting: dict[int, int] = {}
        self._under_way: dict[int, int] = {}
        self.filled = asyncio.Event()
        """Set while there may be something to take."""

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, channel_id: int) -> bool:
        return channel_id in self._waiting

    def is_under_way(self, channel_id: int) -> bool:
        """Whether the channel was taken and not given back yet."""
        return channel_id in self._under_way

    def put(self, channel_id: int, rank: int) -> None:
        """The channel is due; the more urgent of two reasons counts."""
        self._waiting[channel_id] = min(rank, self._waiting.get(channel_id, rank))
        self.filled.set()

    def take(self) -> tuple[int, int] | None:
        """The most urgent channel and why; None, and `filled` cleared, when there is none. `done` gives it back."""
        ranks = list(self._under_way.values())
        full = {rank for rank, most in _AT_ONCE.items() if ranks.count(rank) >= most}
        ready = [
            (rank, channel_id)
            for channel_id, rank in self._waiting.items()
            if channel_id not in self._under_way and rank not in full
        ]
        if not ready:
            self.filled.clear()
            return None
        # min takes the first of equals, and a dict keeps the order of arrival.
        rank, channel_id = min(ready, key=lambda entry: entry[0])
        del self._waiting[channel_id]
        self._under_way[channel_id] = rank
        return channel_id, rank

    def done(self, channel_id: int) -> None:
        """The channel was caught up, or was not; it may be taken again."""
        self._under_way.pop(channel_id, None)
        if self._waiting:
            self.filled.set()


class RateLimit:
    """So many a second in the long run, and some at once after a quiet time; no limit when that is 0.

    https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
    """

    def __init__(self, per_second: float, at_once: int) -> None:
        self._price = 1 / per_second if per_second > 0 else 0.0
        self._most = at_once * self._price
        self._paid_until = 0.0

    def take(self, now: float) -> bool:
        """Whether there is one more; it is taken then."""
        # A clock that was set back costs no more than a quiet time.
        self._paid_until = min(self._paid_until, now + self._most)
        paid = max(now, self._paid_until) + self._price
        if paid > now + self._most:
            return False
        self._paid_until = paid
        return True
