"""The delay between attempts at one thing that keeps failing, such as a file or a message. Pure."""

from __future__ import annotations

FIRST, FACTOR, MOST = 60.0, 4.0, 86400.0
"""Seconds after the first attempt, growth factor, maximum in seconds."""


def attempt_delay(attempts: int) -> float:
    """Seconds until the next attempt, given the number of failed ones before this one."""
    return min(FIRST * FACTOR ** min(attempts, 10), MOST)
