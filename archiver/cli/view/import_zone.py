"""Remarks on `--tz`: it was not needed, or contradicts the dates in the file. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo


def describe_zone(name: str, zone: tzinfo, offsets: Mapping[timedelta, datetime], *, is_used: bool) -> str | None:
    """The remark, if any. `offsets`: UTC offsets of local times that have an exact date next to them."""
    others = sorted(offset for offset, at in offsets.items() if zone.utcoffset(at) != offset)
    says = " and ".join(map(_write, others))
    if is_used:
        return (
            f"--tz {name} contradicts the file: where it has exact dates, its local times are {says}" if says else None
        )
    unneeded = f"--tz {name} was not needed: the dates in the file are exact"
    return f"{unneeded}, and its local times are {says}, not those of {name}" if says else unneeded


def _write(offset: timedelta) -> str:
    minutes = int(offset.total_seconds()) // 60
    return f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
