"""How often to poll a channel that the probe does not report. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise
from statistics import median

POLL_LEAST, POLL_MOST = 60.0, 3600.0
"""Limits of a channel's poll interval in seconds, before any slowdown."""
SHARE = 0.25
"""Share of the account's requests that polling may use to be faster than the channels' own rhythm requires."""
MOST_SHARE = 0.9
"""Largest share of the account's requests for polling, so that backfill continues."""


def poll_interval(dates: Sequence[int], *, channels: int, requests_per_second: float) -> float:
    """Return the seconds between two polls: half the median time between the channel's posts, within limits.

    `dates`: unix times of its newest posts. `channels`: how many are polled; the fewer, the shorter the interval.
    """
    gaps = [abs(later - earlier) for later, earlier in pairwise(dates)]
    usual = median(gaps) / 2 if gaps else POLL_MOST
    affordable = channels / (requests_per_second * SHARE) if requests_per_second > 0 else POLL_LEAST
    return max(POLL_LEAST, min(usual, affordable, POLL_MOST))


def slowdown(intervals: Collection[float], requests_per_second: float) -> float:
    """Return the factor that stretches all intervals so that polling leaves room for other calls; 1.0: none."""
    if requests_per_second <= 0:
        return 1.0
    return max(1.0, sum(1 / interval for interval in intervals) / (requests_per_second * MOST_SHARE))
