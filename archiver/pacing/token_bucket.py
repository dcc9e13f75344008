"""When one server method may be called: its rate, its flood wait, its calls in flight.

A token bucket whose rate halves at each flood wait and recovers slowly (`archiver.pacing.aimd`). Times are
`Clock.tick`s; a moment is a time of the event loop, whose seconds are always real ones. The caller passes both in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from archiver.pacing.aimd import InFlight, Rate, RateRange

MARGIN = 1.0
"""Seconds added to every flood wait: server and client round differently."""
RECOVERY = 0.05 / 60
"""Share of its normal rate that a method regains per second."""
LEAST = 1 / 64
"""Share of its normal rate below which a method is never slowed down."""
OVERLAP = 2.0
"""Real seconds to wait for an answer before the next call of its method: the answer may be a flood wait, which that
call would violate. A call that takes longer is slow or hangs, and must not hold up the others."""
_UNPACED = 10.0
"""Calls per second used to derive the number of calls in flight when pacing is off."""
_WHOLE = 1 - 1e-6
"""A whole token, allowing for rounding errors."""

Pace: TypeAlias = Literal["gentle", "normal", "takeout"]
"""How the history is read: at an even rate, at a rate that probes for the limit, or within a takeout."""


@dataclass(frozen=True, slots=True)
class Limit:
    """Rate limit of one method, for an account with one request per second."""

    per_second: float
    burst: int
    """Tokens saved up while idle."""
    in_flight: int = 2
    """Maximum number of concurrent calls."""
    scaled: bool = True
    """Whether the rate follows `requests_per_second`; the server counts some methods by the day."""
    max_rate: float = 0.0
    """Rate up to which it grows; 0: it stays at `per_second`."""
    climb: float = 0.0
    """Increase of the rate per second until the first flood wait."""
    own: bool = False
    """Whether the caller keeps its budget: only flood waits bind it here, and it takes nothing from the others."""


LIMITS = {
    "getHistory": Limit(1.0, 3, in_flight=1),  # parallel history reads on one session get accounts banned
    "getChannelDifference": Limit(1.0, 1, in_flight=4),
    "getPeerDialogs": Limit(0.2, 5),
    "getMessages": Limit(0.1, 3),
    "getFullChannel": Limit(0.2, 5),
    "getRichMessage": Limit(0.5, 3, in_flight=1),  # not measured by anyone: well below a page of history
    "resolveUsername": Limit(1 / 30, 5, scaled=False),
    "getFile": Limit(1.0, 1, in_flight=256, own=True),  # `media.window` and `media.call_budget` keep its budget
    "getFileHashes": Limit(1.0, 1, in_flight=256, own=True),
}
"""The server publishes none; other clients report that these work."""
NORMAL = Limit(1.0, 1, in_flight=1, max_rate=3.0, climb=0.05)
"""getHistory at pace "normal"."""
TAKEOUT = Limit(3.0, 1, in_flight=3, max_rate=9.5, climb=1.0)
"""getHistory within a takeout: others measured at most 60,000 messages per minute, 10 pages per second."""
_OTHER = Limit(1.0, 1)


def limit_of(method: str, pace: Pace) -> Limit:
    """The limit of a method at this pace."""
    if method == "getHistory" and pace != "gentle":
        return NORMAL if pace == "normal" else TAKEOUT
    return LIMITS.get(method, _OTHER)


class TokenBucket:
    """One method of one account."""

    def __init__(
        self,
        method: str,
        requests_per_second: float,
        flooded_until: float,
        now: float,
        pace: Pace = "gentle",
    ) -> None:
        """`requests_per_second` 0: no pacing; only the flood wait and the calls in flight count."""
        self.method = method
        self.limit = limit_of(method, pace)
        self.separate = pace == "takeout" or self.limit.own
        """Whether its calls do not count towards the account's even rate."""
        self.flooded_until = flooded_until
        self.in_flight: list[float] = []
        """Moments at which the unanswered calls went out."""
        self.paced = requests_per_second > 0 and not self.limit.own
        self._rate = Rate(_rate_range(self.limit, requests_per_second if self.limit.scaled else 1.0))
        self._concurrency = InFlight(self.limit.in_flight) if self.separate and not self.limit.own else None
        self._tokens = float(self.limit.burst)
        self._at = now

    def pause(self, moment: float) -> float:
        """Real seconds for which calls in flight hold up the next one; inf: until one of them has ended."""
        if len(self.in_flight) >= self.limit.in_flight:
            return math.inf
        if self.limit.own:
            return 0.0
        rate = self._rate.value if self.paced else _UNPACED
        if not self.in_flight or (self._concurrency and len(self.in_flight) < self._concurrency.count(rate)):
            return 0.0
        return max(max(self.in_flight) + OVERLAP - moment, 0.0)

    def ready_at(self, now: float) -> float:
        """Earliest tick of the next call, as far as flood waits and tokens are concerned."""
        return max(self.flooded_until, self.token_at(now))

    def token_at(self, now: float) -> float:
        """Tick at which there is a token for the next call."""
        self._refill(now)
        if not self.paced or self._tokens >= _WHOLE:
            return now
        return self._at + (1 - self._tokens) / self._rate.value

    def take(self, moment: float) -> None:
        """Record that a call goes out."""
        self.in_flight.append(moment)
        self._tokens -= 1

    def give_back(self, moment: float) -> None:
        """Undo `take`: the call of that moment did not go out."""
        self.in_flight.remove(moment)
        self._tokens = min(self.limit.burst, self._tokens + 1)

    def end(self, moment: float, now: float) -> None:
        """Record that the call of that moment was answered or given up; `now` is a tick too."""
        self.in_flight.remove(moment)
        if self._concurrency:
            self._concurrency.answered(now - moment)

    def flood(self, seconds: float, now: float) -> None:
        """Stop for this time, then continue at half the rate. Flood waits of concurrent calls halve it only once."""
        self._refill(now)
        if now >= self.flooded_until:
            self._rate.halve()
            if self._concurrency:
                self._concurrency.end()
        self.hold(now + seconds + MARGIN, now)

    def hold(self, until: float, now: float) -> None:
        """Stop until this tick."""
        self._refill(now)
        self.flooded_until = max(self.flooded_until, until)
        # One call may go out when the wait is over; the bucket refills from there.
        self._tokens, self._at = 1.0, self.flooded_until

    def _refill(self, now: float) -> None:
        """Bring tokens and rate up to now. Nothing accrues during a flood wait."""
        passed = now - self._at
        if passed > 0:
            self._tokens = min(self.limit.burst, self._tokens + self._rate.pass_time(passed))
        if passed > 0 or now >= self.flooded_until:
            self._at = now


def _rate_range(limit: Limit, scale: float) -> RateRange:
    start = limit.per_second * scale
    if limit.climb:
        return RateRange(start=start, lowest=start * LEAST, highest=limit.max_rate * scale, climb=limit.climb * scale)
    return RateRange(start=start, lowest=start * LEAST, highest=start, climb=0.0, regain=start * RECOVERY)
