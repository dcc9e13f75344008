"""The channels to catch up: urgent ones first, each once, never two tasks on one channel; and a limit on hints."""

from __future__ import annotations

import asyncio

from archiver.ids import ChannelId

CHANGED, FRESH, PRECAUTION = range(3)
"""Why a channel is due, most urgent first: something happened, it is new, as a precaution."""
_AT_ONCE = {PRECAUTION: 2}
"""Maximum under way, by rank: a channel that still waits here can become more urgent."""


class DueQueue:
    """Holds each channel at most once; a channel put while it is under way is taken again later."""

    def __init__(self) -> None:
        self._waiting: dict[ChannelId, int] = {}
        self._under_way: dict[ChannelId, int] = {}
        self.filled = asyncio.Event()
        """Set while there may be something to take."""

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, channel_id: ChannelId) -> bool:
        return channel_id in self._waiting

    def is_under_way(self, channel_id: ChannelId) -> bool:
        """Whether the channel was taken and is not done yet."""
        return channel_id in self._under_way

    def put(self, channel_id: ChannelId, rank: int) -> None:
        """Queue the channel; the more urgent of two reasons counts."""
        self._waiting[channel_id] = min(rank, self._waiting.get(channel_id, rank))
        self.filled.set()

    def take(self) -> tuple[ChannelId, int] | None:
        """Take the most urgent channel and its rank until `done`; clear `filled` and return None if there is none."""
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

    def done(self, channel_id: ChannelId) -> None:
        """Allow the channel to be taken again, whether or not it was caught up."""
        self._under_way.pop(channel_id, None)
        if self._waiting:
            self.filled.set()


class RateLimit:
    """At most `per_second` in the long run, `at_once` in a burst; no limit when `per_second` is 0.

    https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
    """

    def __init__(self, per_second: float, at_once: int) -> None:
        self._price = 1 / per_second if per_second > 0 else 0.0
        self._most = at_once * self._price
        self._paid_until = 0.0

    def take(self, now: float) -> bool:
        """Take one if the limit allows it; return whether it did."""
        # A clock that jumps back costs no more than one burst.
        self._paid_until = min(self._paid_until, now + self._most)
        paid = max(now, self._paid_until) + self._price
        if paid > now + self._most:
            return False
        self._paid_until = paid
        return True
