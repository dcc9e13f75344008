"""What one method of the server's may be called: its rate, its flood wait, its calls under way.

A token bucket whose rate halves at each flood wait and comes back slowly (`archiver.pacing.aimd`). Times are
`Clock.tick`s; a moment is a time of the event loop, whose seconds are always real ones. The caller gives both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from archiver.pacing.aimd import InFlight, Rate, Span

MARGIN = 1.0
"""Seconds on top of every ordered wait: server and client round differently."""
RECOVERY = 0.05 / 60
"""Share of its normal rate that a method gains back a second."""
LEAST = 1 / 64
"""Share of its normal rate below which no method is slowed down."""
OVERLAP = 2.0
"""Real seconds for which an answer is waited for before the next call of its method: it may be a flood wait, against
which that call must not go out. What takes longer is slow or hangs, and must not hold up the others."""
_UNPACED = 10.0
"""Calls a second by which it is judged how many have to be under way at once, where nothing paces them."""
_WHOLE = 1 - 1e-6
"""A token, but for what floating point loses."""

Pace: TypeAlias = Literal["gentle", "normal", "takeout"]
"""How the history is read: at one even rate, at one that looks for its limit, or within a takeout."""


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
    most: float = 0.0
    """The rate up to which it grows; 0: it stays at `per_second`."""
    climb: float = 0.0
    """Calls a second that the rate gains a second, until a flood wait comes."""


LIMITS = {
    "getHistory": Limit(1.0, 3, in_flight=1),  # parallel history on one session gets accounts banned
    "getChannelDifference": Limit(1.0, 1, in_flight=4),
    "getPeerDialogs": Limit(0.2, 5),
    "getMessages": Limit(0.1, 3),
    "getFullChannel": Limit(0.2, 5),
    "getRichMessage": Limit(0.5, 3, in_flight=1),  # nobody has measured it: well below a page of history
    "resolveUsername": Limit(1 / 30, 5, scaled=False),
}
"""Unpublished by the server; these are what other clients report to work."""
NORMAL = Limit(1.0, 1, in_flight=1, most=3.0, climb=0.05)
"""getHistory of an account whose pace is normal."""
TAKEOUT = Limit(3.0, 1, in_flight=3, most=9.5, climb=1.0)
"""getHistory within a takeout: others measured 60,000 messages a minute, 10 pages a second, and no more."""
_OTHER = Limit(1.0, 1)


def limit_of(method: str, pace: Pace) -> Limit:
    """What a method may do at this pace."""
    if method == "getHistory" and pace != "gentle":
        return NORMAL if pace == "normal" else TAKEOUT
    return LIMITS.get(method, _OTHER)


class Bucket:
    """One method of one account."""

    def __init__(
        self,
        method: str,
        requests_per_second: float,
        flooded_until: float,
        now: float,
        pace: Pace = "gentle",
    ) -> None:
        """`requests_per_second` 0: no pacing, only the flood wait and the calls under way count."""
        self.method = method
        self.limit = limit_of(method, pace)
        self.apart = pace == "takeout"
        """Whether its calls are no part of the account's even rate."""
        self.flooded_until = flooded_until
        self.under_way: list[float] = []
        """The moments at which the calls that are not answered yet went out."""
        self.paced = requests_per_second > 0
        self._rate = Rate(_span(self.limit, requests_per_second if self.limit.scaled else 1.0))
        self._in_flight = InFlight(self.limit.in_flight) if self.apart else None
        self._tokens = float(self.limit.burst)
        self._at = now

    def pause(self, moment: float) -> float:
        """Real seconds for which the calls under way hold up the next one; inf: until one of them has ended."""
        if len(self.under_way) >= self.limit.in_flight:
            return math.inf
        rate = self._rate.value if self.paced else _UNPACED
        if not self.under_way or (self._in_flight and len(self.under_way) < self._in_flight.count(rate)):
            return 0.0
        return max(max(self.under_way) + OVERLAP - moment, 0.0)

    def ready_at(self, now: float) -> float:
        """When the next call may go out, as far as flood waits and tokens are concerned."""
        return max(self.flooded_until, self.token_at(now))

    def token_at(self, now: float) -> float:
        """When there is a token for the next call."""
        self._refill(now)
        if not self.paced or self._tokens >= _WHOLE:
            return now
        return self._at + (1 - self._tokens) / self._rate.value

    def take(self, moment: float) -> None:
        """A call goes out."""
        self.under_way.append(moment)
        self._tokens -= 1

    def give_back(self, moment: float) -> None:
        """The call of that moment did not go out after all."""
        self.under_way.remove(moment)
        self._tokens = min(self.limit.burst, self._tokens + 1)

    def end(self, moment: float, now: float) -> None:
        """The call of that moment was answered or given up; `now` is a moment too."""
        self.under_way.remove(moment)
        if self._in_flight:
            self._in_flight.answered(now - moment)

    def flood(self, seconds: float, now: float) -> None:
        """Stop for so long, and go on at half the rate. The answers of calls under way together halve it once."""
        self._refill(now)
        if now >= self.flooded_until:
            self._rate.halve()
            if self._in_flight:
                self._in_flight.end()
        self.hold(now + seconds + MARGIN, now)

    def hold(self, until: float, now: float) -> None:
        """Stop until then."""
        self._refill(now)
        self.flooded_until = max(self.flooded_until, until)
        # One call may go out when it is over; the bucket fills from there.
        self._tokens, self._at = 1.0, self.flooded_until

    def _refill(self, now: float) -> None:
        """Bring tokens and rate to the present. Nothing comes before a flood wait is over."""
        passed = now - self._at
        if passed > 0:
            self._tokens = min(self.limit.burst, self._tokens + self._rate.pass_time(passed))
        if passed > 0 or now >= self.flooded_until:
            self._at = now


def _span(limit: Limit, scale: float) -> Span:
    start = limit.per_second * scale
    if limit.climb:
        return Span(start=start, least=start * LEAST, most=limit.most * scale, climb=limit.climb * scale)
    return Span(start=start, least=start * LEAST, most=start, climb=0.0, regain=start * RECOVERY)
