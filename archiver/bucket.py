"""What one method of the server's may be called: its rate, its flood wait, its calls under way.

A token bucket whose rate halves at each flood wait and comes back slowly (additive increase, multiplicative decrease:
https://en.wikipedia.org/wiki/Additive_increase/multiplicative_decrease). Times are `Clock.tick`s; a moment is a time of
the event loop, whose seconds are always real ones. The caller gives both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

MARGIN = 1.0
"""Seconds on top of every ordered wait: server and client round differently."""
RECOVERY = 0.05 / 60
"""Share of its normal rate that a method gains back a second."""
LEAST = 1 / 64
"""Share of its normal rate below which no method is slowed down."""
OVERLAP = 2.0
"""Real seconds for which an answer is waited for before the next call of its method: it may be a flood wait, against
which that call must not go out. What takes longer is slow or hangs, and must not hold up the others."""
_WHOLE = 1 - 1e-6
"""A token, but for what floating point loses."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What one method may do, for an account of one request a second."""

    per_second: float
    burst: int
    """Calls that an idle time saves up."""
    in_flight: int = 2
    """Calls under way at once."""
    scaled: bool = True
    """Whether the rate follows `requests_per_second`; some methods the server counts by the day."""


LIMITS = {
    "getHistory": Limit(1.0, 3, in_flight=1),  # parallel history on one session gets accounts banned
    "getChannelDifference": Limit(1.0, 1, in_flight=4),
    "getPeerDialogs": Limit(0.2, 5),
    "getMessages": Limit(0.1, 3),
    "getFullChannel": Limit(0.2, 5),
    "resolveUsername": Limit(1 / 30, 5, scaled=False),
}
"""Unpublished by the server; these are what other clients report to work."""
_OTHER = Limit(1.0, 1)


class Bucket:
    """One method of one account."""

    def __init__(self, method: str, requests_per_second: float, flooded_until: float, now: float) -> None:
        """`requests_per_second` 0: no pacing, only the flood wait and the calls under way count."""
        self.method = method
        self.limit = LIMITS.get(method, _OTHER)
        self.flooded_until = flooded_until
        self.under_way: list[float] = []
        """The moments at which the calls that are not answered yet went out."""
        self.paced = requests_per_second > 0
        self._rate = self.limit.per_second * (requests_per_second if self.limit.scaled else 1.0)
        self._share = 1.0
        self._tokens = float(self.limit.burst)
        self._at = now

    def pause(self, moment: float) -> float:
        """Real seconds for which the calls under way hold up the next one; inf: until one of them has ended."""
        if len(self.under_way) >= self.limit.in_flight:
            return math.inf
        return max(max(self.under_way) + OVERLAP - moment, 0.0) if self.under_way else 0.0

    def ready_at(self, now: float) -> float:
        """When the next call may go out, as far as flood waits and tokens are concerned."""
        return max(self.flooded_until, self.token_at(now))

    def token_at(self, now: float) -> float:
        """When there is a token for the next call."""
        self._refill(now)
        if not self.paced or self._tokens >= _WHOLE:
            return now
        return self._at + (1 - self._tokens) / (self._rate * self._share)

    def take(self, moment: float) -> None:
        """A call goes out."""
        self.under_way.append(moment)
        self._tokens -= 1

    def give_back(self, moment: float) -> None:
        """The call of that moment did not go out after all."""
        self.under_way.remove(moment)
        self._tokens = min(self.limit.burst, self._tokens + 1)

    def end(self, moment: float) -> None:
        """The call of that moment was answered or given up."""
        self.under_way.remove(moment)

    def flood(self, seconds: float, now: float) -> None:
        """Stop for so long, and go on at half the rate. The answers of calls under way together halve it once."""
        self._refill(now)
        if now >= self.flooded_until:
            self._share = max(self._share / 2, LEAST)
        self.flooded_until = max(self.flooded_until, now + seconds + MARGIN)
        # One call may go out when it is over; the bucket fills from there.
        self._tokens, self._at = 1.0, self.flooded_until

    def _refill(self, now: float) -> None:
        """Bring tokens and share to the present. Nothing comes before a flood wait is over."""
        passed = now - self._at
        if passed > 0:
            share = min(1.0, self._share + passed * RECOVERY)
            self._tokens = min(self.limit.burst, self._tokens + passed * self._rate * (self._share + share) / 2)
            self._share = share
        if passed > 0 or now >= self.flooded_until:
            self._at = now
