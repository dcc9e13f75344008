"""Times of rows on the clocks of one zone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from archiver.model.iso_time import iso
from search.query.dates import parse_zone


class LocalTime(NamedTuple):
    """A moment as clocks of the zone show it."""

    day: str
    """`2021-12-16`."""
    clock: str
    """`14:03`."""
    offset: str
    """`UTC` or `+03:00`."""
    wall: datetime
    """Without a zone."""


class LocalClock:
    """Reads the times of rows."""

    def __init__(self, zone: str) -> None:
        self._zone = parse_zone(zone)
        self.name = zone

    def at(self, written: str | None) -> LocalTime | None:
        """Convert a time of a row; None for null, or for a date that no calendar has."""
        if written is None:
            return None
        try:
            local = datetime.fromisoformat(written).astimezone(self._zone)
        except (ValueError, OverflowError):
            return None
        return LocalTime(
            local.date().isoformat(), local.strftime("%H:%M"), _offset(local.utcoffset()), local.replace(tzinfo=None)
        )

    def bound(self, unix: int | None) -> str | None:
        """A bound of the dates in the zone and in UTC, `2024-06-01 00:00 +03:00 (2024-05-31T21:00:00Z)`; None: open."""
        utc = iso(unix)
        local = self.at(utc) if self.name != "UTC" else None
        return utc if local is None else f"{local.day} {local.clock} {local.offset} ({utc})"


def _offset(offset: timedelta | None) -> str:
    seconds = int(offset.total_seconds()) if offset else 0
    if not seconds:
        return "UTC"
    hours, minutes = divmod(abs(seconds) // 60, 60)
    return f"{'-' if seconds < 0 else '+'}{hours:02d}:{minutes:02d}"
