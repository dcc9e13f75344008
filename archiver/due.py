"""The channels that are to be caught up: the urgent ones first, each once, none by two tasks at the same time."""

from __future__ import annotations

import asyncio

CHANGED, FRESH, SURELY = range(3)
"""Why a channel is caught up, the urgent first: something happened, it is new, to be sure."""


class DueQueue:
    """Holds each channel at most once, however often it is put; a channel put while it is under way comes again."""

    def __init__(self) -> None:
        self._waiting: dict[int, int] = {}
        self._under_way: set[int] = set()
        self.filled = asyncio.Event()
        """Set while there may be something to take."""

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, channel_id: int) -> bool:
        return channel_id in self._waiting

    def put(self, channel_id: int, rank: int) -> None:
        """The channel is due; the more urgent of two reasons counts."""
        self._waiting[channel_id] = min(rank, self._waiting.get(channel_id, rank))
        self.filled.set()

    def take(self) -> tuple[int, int] | None:
        """The most urgent channel and why; None, and `filled` cleared, when there is none. `done` gives it back."""
        ready = [(rank, channel_id) for channel_id, rank in self._waiting.items() if channel_id not in self._under_way]
        if not ready:
            self.filled.clear()
            return None
        # min takes the first of equals, and a dict keeps the order of arrival.
        rank, channel_id = min(ready, key=lambda entry: entry[0])
        del self._waiting[channel_id]
        self._under_way.add(channel_id)
        return channel_id, rank

    def done(self, channel_id: int) -> None:
        """The channel was caught up, or was not; it may be taken again."""
        self._under_way.discard(channel_id)
        if self._waiting:
            self.filled.set()
