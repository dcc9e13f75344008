"""What live remembers of one channel while the service runs: when it was looked at, what is sought. No I/O."""

from __future__ import annotations

import math
from dataclasses import dataclass

from archiver.model.record import PeerState

TRIES = 3
"""How often a state that the probe speaks of is looked for, if no difference leads to it."""
UNSAID = -math.inf
"""The tick of what never happened."""


@dataclass(slots=True)
class ChannelWatch:
    """One channel's. Times are ticks, because the time of day may be set."""

    sure_at: float
    """When its difference is asked for at the latest."""
    probed_at: float
    """When the probe last spoke of it; `UNSAID`: it said nothing."""
    top_shown: int = 0
    """The newest message that the probe spoke of, if it is not known yet."""
    top_sought: int = 0
    """The one that was looked for already."""
    pts_shown: int = 0
    """The state that the probe spoke of, if it is ahead of ours."""
    pts_sought: int = 0
    """The one that no difference led to, and how often it was tried: a server may say what is not so."""
    pts_tries: int = 0
    overtaken: int = 0
    """How often in a row an answer was older than what is known."""
    dates: tuple[int, list[int]] | None = None
    """Top id and the dates of the newest posts that were read with it."""

    def is_behind(self, state: PeerState, pts: int | None) -> bool:
        """Whether the server speaks of events that we, at `pts`, do not know, and did not look for in vain."""
        if state.pts is None or state.pts <= (pts or 0):
            return False
        self.pts_shown = state.pts
        return state.pts != self.pts_sought or self.pts_tries < TRIES

    def is_overtaken_again(self) -> bool:
        """Record an answer that came too late; whether that happened more than TRIES times in a row."""
        self.overtaken = (self.overtaken + 1) % (TRIES + 1)
        return self.overtaken == 0

    def note_sought(self, top_id: int) -> None:
        """The channel was caught up, and this newest message (0: none) was looked for beside it."""
        self.overtaken = 0
        self.top_shown, self.top_sought = 0, max(top_id, self.top_sought)
        self.pts_tries = self.pts_tries + 1 if self.pts_shown == self.pts_sought else 1
        self.pts_sought = self.pts_shown
