"""Durations and times as text: `3 days`, `2026-12-02 10:00 UTC`. Pure except for the local time zone."""

from __future__ import annotations

from datetime import UTC, datetime

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LAST = 253_402_300_799
"""Unix time of the end of the year 9999, the last that `datetime` can represent."""


def in_words(seconds: float) -> str:
    """`45 s`, `12 min`, `2 h 5 min`, `30 h`, `4 days`: rounded, with the smaller unit only where it matters."""
    seconds = max(seconds, 0.0)
    if seconds < 119.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    if minutes < 600:
        return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"
    hours = round(seconds / 3_600)
    return f"{hours} h" if hours < 48 else f"{seconds / 86_400:,.0f} days"


def on_a_clock(seconds: float) -> str:
    """`0:24`, `1:06:40`: how long a video or sound plays."""
    minutes, rest = divmod(round(seconds), 60)
    hours, of_hour = divmod(minutes, 60)
    return f"{hours}:{of_hour:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def moment(unix: float) -> str:
    """The time in UTC, to the minute."""
    return f"{_at(unix):%Y-%m-%d %H:%M} UTC"


def day(unix: float) -> str:
    """The day in UTC: `12 Mar 2024`."""
    moment = _at(unix)
    return f"{moment.day} {MONTHS[moment.month - 1]} {moment.year}"


def local_moment(unix: float) -> str:
    """The time in the local time zone, with the zone's name."""
    return f"{_at(unix).astimezone():%Y-%m-%d %H:%M %Z}".rstrip()


def _at(unix: float) -> datetime:
    return datetime.fromtimestamp(min(max(unix, 0.0), LAST), UTC)
