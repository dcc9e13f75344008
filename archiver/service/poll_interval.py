"""How often to ask a channel of which the probe says nothing. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise
from statistics import median

POLL_LEAST, POLL_MOST = 60.0, 3600.0
"""Seconds between two polls of a channel, while there are not too many of them."""
SHARE = 0.25
"""Of the account's requests, how much polling may take to be faster than it must."""
MOST_SHARE = 0.9
"""Of the account's requests, how much polling may take at all: histories are not to stand still beside it."""


def poll_interval(dates: Sequence[int], *, channels: int, requests_per_second: float) -> float:
    """Seconds between two polls of a channel: half the usual time between its posts, within limits.

    `dates` are the unix times of its newest posts. Where few channels are polled, none needs to wait for long.
    """
    gaps = [abs(later - earlier) for later, earlier in pairwise(dates)]
    usual = median(gaps) / 2 if gaps else POLL_MOST
    affordable = channels / (requests_per_second * SHARE) if requests_per_second > 0 else POLL_LEAST
    return max(POLL_LEAST, min(usual, affordable, POLL_MOST))


def slowdown(intervals: Collection[float], requests_per_second: float) -> float:
    """By how much all intervals have to be longer, so that polling leaves room for other calls; 1.0: by nothing."""
    if requests_per_second <= 0:
        return 1.0
    return max(1.0, sum(1 / interval for interval in intervals) / (requests_per_second * MOST_SHARE))
