"""How many bytes of files may be in flight at one data centre. Pure.

Telegram Desktop adds to its window after successes and shrinks it after time-outs; TDLib keeps 2 to 16 MiB. Here growth
must prove itself: a larger window stays only if more bytes arrive per second than with the smaller one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from archiver.model.file_location import PART

LEAST, START, MOST = PART, 4 * PART, 16 * PART
"""Bytes in flight: the fewest, at the beginning, the most."""
GAIN = 1.05
"""Factor by which more bytes must arrive per second for a larger window to stay."""
SLOW = 8.0
"""Seconds after which an answer counts as a time-out: requests made meanwhile only waited for it."""
PROBE_AFTER = 60.0
"""Seconds after which a window that did not help is tried again: the network may have changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The window of one data centre, and what has arrived since it was last changed."""

    size: int = START
    since: float = 0.0
    """When the current measurement began."""
    arrived: int = 0
    """Bytes since then."""
    rate: float = 0.0
    """Bytes per second with the next smaller window; 0: not measured."""
    limit: int = MOST
    """The largest window worth trying."""
    limit_until: float = 0.0
    """When that is forgotten."""
    cut_at: float = -1e9
    """When it was last cut."""


def received(window: Window, length: int, *, seconds: float, now: float, full: bool) -> Window:
    """A part has arrived after `seconds`. `full`: more was waiting, so that the rate shows what the window allows."""
    if seconds >= SLOW:
        return slowed(window, asked_at=now - seconds, now=now)
    if not full:
        return replace(window, since=now, arrived=0)
    if window.arrived == 0 and window.since <= 0.0:
        return replace(window, since=now)  # how long this one took does not count
    window = replace(window, arrived=window.arrived + length)
    enough = 2 * window.size if window.rate else window.size  # without another rate there is nothing to compare
    if window.arrived < enough or now <= window.since:
        return window
    return _judge(window, window.arrived / (now - window.since), now)


def _judge(window: Window, rate: float, now: float) -> Window:
    """Grow while that helps; take back a growth that did not."""
    limit = MOST if now >= window.limit_until else window.limit
    fresh = replace(window, since=now, arrived=0, limit=limit)
    if window.rate and rate < window.rate * GAIN:
        smaller = max(window.size // 2, LEAST)
        return replace(fresh, size=smaller, rate=0.0, limit=smaller, limit_until=now + PROBE_AFTER)
    if window.size >= limit:
        return replace(fresh, rate=0.0)
    return replace(fresh, size=min(window.size * 2, limit), rate=rate)


def slowed(window: Window, *, asked_at: float, now: float) -> Window:
    """A time-out, or an order to wait: halve it, once for all that were asked before."""
    if asked_at < window.cut_at:
        return window
    size = max(window.size // 2, LEAST)
    return replace(
        window, size=size, since=now, arrived=0, rate=0.0, limit=size, limit_until=now + PROBE_AFTER, cut_at=now
    )
