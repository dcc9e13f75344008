"""Recent failures of an account's channels, and when to retry; in memory only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from archiver.clock import Clock
from archiver.ids import ChannelId

WALK_PERIOD = 86400.0
"""Seconds in which a history may be walked again MAX_WALKS times."""
FIRST_RETRY, LAST_RETRY = 60.0, 3600.0
"""Seconds until a failed difference is retried: the first delay, doubled with each failure, and the longest."""

Reason: TypeAlias = Literal["unread event", "lost state", "too long"]
"""Why a history is walked again: an event was unreadable, the server rejected its own pts, or it had too many events to
list."""
MAX_WALKS: Mapping[Reason, int] = {"unread event": 1, "lost state": 1, "too long": 3}
"""Maximum walks per WALK_PERIOD: in a channel too busy to follow, walks would otherwise never stop."""


class RecentFailures:
    """Recent failures by channel."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._walked: dict[tuple[Reason, int], tuple[float, ...]] = {}
        """Times of recent walks."""
        self._failed: dict[ChannelId, tuple[float, float]] = {}
        """Channels whose difference failed: when to retry, and the delay in seconds."""

    def walks_too_soon(self, channel_id: ChannelId, reason: Reason) -> bool:
        """Whether the history may not be walked again yet for this reason; if it may, record a walk."""
        now = self._clock.now()
        lately = tuple(at for at in self._walked.get((reason, channel_id), ()) if 0 <= now - at < WALK_PERIOD)
        if len(lately) >= MAX_WALKS[reason]:
            return True
        self._walked[reason, channel_id] = (*lately, now)
        return False

    def reads_history_instead(self, channel_id: ChannelId) -> bool:
        """Whether it is too early to retry a failed difference."""
        until, seconds = self._failed.get(channel_id, (0.0, 0.0))
        # If the clock was set back, wait no longer than the delay.
        return 0 < until - self._clock.now() <= seconds

    def is_difference_due(self, channel_id: ChannelId) -> bool:
        """Whether it is time to retry a difference that failed."""
        return channel_id in self._failed and not self.reads_history_instead(channel_id)

    def note_failed_difference(self, channel_id: ChannelId) -> None:
        """Record that a difference failed; the delay until the retry doubles each time."""
        _, before = self._failed.get(channel_id, (0.0, 0.0))
        seconds = min(max(2 * before, FIRST_RETRY), LAST_RETRY)
        self._failed[channel_id] = self._clock.now() + seconds, seconds

    def note_difference(self, channel_id: ChannelId) -> None:
        """Record that differences work again, or that nothing of the channel can be read."""
        self._failed.pop(channel_id, None)

    def forget(self, kept: set[ChannelId]) -> None:
        """Drop the state of all other channels."""
        self._walked = {key: at for key, at in self._walked.items() if key[1] in kept}
        self._failed = {key: retry for key, retry in self._failed.items() if key in kept}
