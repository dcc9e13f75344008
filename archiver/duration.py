"""Durations and times as text: `3 days`, `2026-12-02 10:00 UTC`. Pure except for the local time zone."""

from __future__ import annotations

from datetime import UTC, datetime

_UNITS = (("day", 86_400.0, 172_800.0), ("hour", 3_600.0, 7_200.0), ("min", 60.0, 120.0))
_LAST = 253_402_300_799
"""Unix time of the end of the year 9999, the last that `datetime` can represent."""


def in_words(seconds: float) -> str:
    """`45 s`, `12 min`, `5 hours`, `3 days`: rounded, in the largest unit that fits at least twice."""
    for unit, size, least in _UNITS:
        if seconds >= least:
            plural = "s" * (unit != "min")
            return f"{seconds / size:,.0f} {unit}{plural}"
    return f"{max(seconds, 0.0):.0f} s"


def moment(unix: float) -> str:
    """The time in UTC, to the minute."""
    return f"{_at(unix):%Y-%m-%d %H:%M} UTC"


def local_moment(unix: float) -> str:
    """The time in the local time zone, with the zone's name."""
    return f"{_at(unix).astimezone():%Y-%m-%d %H:%M %Z}".rstrip()


def _at(unix: float) -> datetime:
    return datetime.fromtimestamp(min(max(unix, 0.0), _LAST), UTC)
