"""What the live worker remembers of one channel: when it was probed, what is still sought. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from archiver.model.record import PeerState

TRIES = 3
"""Attempts to reach a state that the probe reported, when no difference leads to it."""
NEVER = -math.inf
"""The tick of an event that never happened."""


@dataclass(slots=True)
class ChannelWatch:
    """One channel's. Times are ticks, because the time of day may be set."""

    difference_at: float
    """When its difference is requested at the latest."""
    probed_at: float
    """When the probe last reported it; `NEVER`: the last probe did not."""
    top_shown: int = 0
    """The newest message id in the probe's report, if it is not archived yet."""
    top_sought: int = 0
    """The newest message id that was already looked for."""
    pts_shown: int = 0
    """The pts in the probe's report, if it is ahead of ours."""
    pts_sought: int = 0
    """The pts that no difference led to: a server may report a wrong one."""
    pts_tries: int = 0
    """Attempts to reach `pts_sought`."""
    overtaken: int = 0
    """Answers in a row that were older than what is archived."""
    newest_dates: tuple[int, list[int]] | None = None
    """Top id, and the dates of the newest posts when it was current."""

    def is_behind(self, state: PeerState, pts: int | None) -> bool:
        """Whether the server reports events after `pts` that were not yet sought in vain."""
        if state.pts is None or state.pts <= (pts or 0):
            return False
        self.pts_shown = state.pts
        return state.pts != self.pts_sought or self.pts_tries < TRIES

    def is_overtaken_again(self) -> bool:
        """Record an outdated answer; return whether it was one more than TRIES in a row."""
        self.overtaken = (self.overtaken + 1) % (TRIES + 1)
        return self.overtaken == 0

    def note_sought(self, top_id: int) -> None:
        """Record that the channel was caught up and message `top_id` (0: none) was looked for."""
        self.overtaken = 0
        self.top_shown, self.top_sought = 0, max(top_id, self.top_sought)
        self.pts_tries = self.pts_tries + 1 if self.pts_shown == self.pts_sought else 1
        self.pts_sought = self.pts_shown
