"""What went wrong lately in the channels of an account, and when it may be tried again; for this process only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from archiver.clock import Clock

AGAIN = 86400.0
"""Seconds in which a history is walked so often again for one reason, and no oftener; see MOST."""
BY_HISTORY, BY_HISTORY_MOST = 60.0, 3600.0
"""Seconds until a difference is asked for again that could not be had: at first, and at most; doubled each time."""

Reason: TypeAlias = Literal["unread event", "lost state", "too long"]
"""Why a history is walked again: an event could not be read, the server did not accept its own pts, or too much
happened for it to say what."""
MOST: Mapping[Reason, int] = {"unread event": 1, "lost state": 1, "too long": 3}
"""Walks for each reason: in a channel that is too busy to be followed one would follow the other."""


class Setbacks:
    """Remembers by channel."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._walked: dict[tuple[Reason, int], tuple[float, ...]] = {}
        """When a history was walked again lately."""
        self._by_history: dict[int, tuple[float, float]] = {}
        """Channels without differences: until when their newest page is read instead, and how long that was meant."""

    def walks_too_soon(self, channel_id: int, reason: Reason) -> bool:
        """Whether the history was walked often enough for this reason lately; else remember that it is now."""
        now = self._clock.now()
        lately = tuple(at for at in self._walked.get((reason, channel_id), ()) if 0 <= now - at < AGAIN)
        if len(lately) >= MOST[reason]:
            return True
        self._walked[reason, channel_id] = (*lately, now)
        return False

    def reads_history_instead(self, channel_id: int) -> bool:
        """Whether it is too early to ask for a difference that could not be had."""
        until, seconds = self._by_history.get(channel_id, (0.0, 0.0))
        # No longer than was meant, if the clock was set back.
        return 0 < until - self._clock.now() <= seconds

    def owes_difference(self, channel_id: int) -> bool:
        """Whether a difference could not be had, and it is time to ask for it again."""
        return channel_id in self._by_history and not self.reads_history_instead(channel_id)

    def note_failed_difference(self, channel_id: int) -> None:
        """A difference could not be had: leave it for a while, twice as long as the last time."""
        _, before = self._by_history.get(channel_id, (0.0, 0.0))
        seconds = min(max(2 * before, BY_HISTORY), BY_HISTORY_MOST)
        self._by_history[channel_id] = self._clock.now() + seconds, seconds

    def note_difference(self, channel_id: int) -> None:
        """Differences can be had, or nothing can."""
        self._by_history.pop(channel_id, None)

    def forget(self, kept: set[int]) -> None:
        """Drop what is remembered of other channels."""
        self._walked = {key: at for key, at in self._walked.items() if key[1] in kept}
        self._by_history = {key: told for key, told in self._by_history.items() if key in kept}
