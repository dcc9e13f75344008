"""The local times of Desktop's HTML: the wall clock of the computer that exported.

Since June 2022 each is labelled with an offset, `UTC+02:00`. That is the *standard* offset that the computer's zone had
when it exported, in every season and whatever offset the zone had before: in a zone with summer time, every summer is
labelled an hour wrong; in Amman, which is at UTC+3 for good since October 2022, every winter before that. So with a
zone the zone decides. Without one a label is taken only for days on which all zones that could write it agree with it.
https://github.com/telegramdesktop/tdesktop/blob/929032d/Telegram/SourceFiles/export/data/export_data_types.cpp#L2543
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

_TITLE: Final = re.compile(
    r"\s*([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2})(?: (\S[^<>\"]{0,47}))?\s*"
)
_LABEL: Final = re.compile(r"(UTC|GMT)?(?:([+\-−])([0-9]{1,2})(?::?([0-9]{2}))?(?::([0-9]{2}))?)?\s*")
"""An offset, as most systems write it; some Linux without `UTC`, as the tz database calls zones that have no name."""
_LABELLED: Final = datetime(2022, 6, 8)  # noqa: DTZ001 - a wall clock; the first version that wrote labels
_IRELAND: Final = frozenset({"Europe/Dublin", "Eire"})
"""The tz database calls its summer time standard, no other system does."""


class WallTime(NamedTuple):
    """A time on the exporter's wall clock."""

    local: datetime
    """Without a zone."""
    label: int | None
    """Seconds east of UTC as written; None: not written."""


def read_title(title: str) -> WallTime | None:
    """Read `13.01.2022 10:11:12 UTC+03:00`; None if it is not such a time. A zone's name, as `MSK`, says no offset."""
    found = _TITLE.fullmatch(title)
    if found is None:
        return None
    day, month, year, hour, minute, second = (int(found[at]) for at in range(1, 7))
    try:
        local = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - a wall clock
    except ValueError:
        return None
    offset = _LABEL.fullmatch(found[7] or "")
    if offset is None or not (offset[1] or offset[2]):
        return WallTime(local, None)
    sign = 1 if offset[2] in (None, "+") else -1
    label = sign * (int(offset[3] or 0) * 3600 + int(offset[4] or 0) * 60 + int(offset[5] or 0))
    return WallTime(local, label) if abs(label) < 86_400 else None


class ExporterClock:
    """Turns wall times into instants, in the order of the messages."""

    def __init__(self, zone: tzinfo | None) -> None:
        self._zone = zone
        self._last: datetime | None = None
        self.twice = 0
        """How many times exist twice, because a clock was put back."""
        self.never = 0
        """How many times do not exist, because a clock was put forward."""

    def at(self, wall: WallTime) -> datetime | None:
        """The instant of the next message. Ids grow with time, which tells the two times apart that look the same."""
        instant = to_instant(wall, self._zone)
        if self._zone is None or instant is None:
            return instant
        later = to_instant(wall, self._zone, fold=1)
        if later is not None and later != instant:
            if later < instant:
                self.never += 1
            else:
                self.twice += 1
                if self._last is not None and instant < self._last:
                    instant = later
        self._last = instant
        return instant


def to_instant(wall: WallTime, zone: tzinfo | None, *, fold: int = 0) -> datetime | None:
    """The instant of a wall time; the label counts only without a zone. None: unknown, or beyond the calendar."""
    try:
        if zone is not None:
            return wall.local.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        return None if wall.label is None else wall.local.replace(tzinfo=_fixed(wall.label)).astimezone(UTC)
    except OverflowError:
        return None


@lru_cache(maxsize=64)
def _fixed(label: int) -> tzinfo:
    return timezone(timedelta(seconds=label))


class LabelledDay(NamedTuple):
    """How many times of a day are labelled with an offset."""

    day: date
    label: int | None
    times: int


class LabelDoubts(NamedTuple):
    """What the labels of a source leave open."""

    unlabelled: int
    uncertain: int
    """Times on days on which a zone that could write the label had another offset."""
    total: int


def find_doubts(days: Iterable[LabelledDay]) -> LabelDoubts:
    """How many times cannot be read without a zone."""
    unlabelled = uncertain = total = 0
    for one in days:
        total += one.times
        if one.label is None:
            unlabelled += one.times
        elif not is_certain(one.label, one.day):
            uncertain += one.times
    return LabelDoubts(unlabelled, uncertain, total)


@lru_cache(maxsize=8192)
def is_certain(label: int, day: date) -> bool:
    """Whether every zone that could write the label had that offset for the whole day, in its standard time or not."""
    begin, offset = datetime.combine(day, time()), timedelta(seconds=label)
    return all(
        zone.utcoffset(begin) == offset == zone.utcoffset(begin + timedelta(days=1))
        for zone in _writers().get(label, ())
    )


def could_write(zone: tzinfo, label: int) -> bool:
    """Whether a computer in the zone could write the label: any offset since 2022 will do."""
    return any(offset == timedelta(seconds=label) for offset in _offsets(zone, standard=False))


def zones_of(label: int) -> list[str]:
    """Some zones that could write the label, for a hint."""
    regions = ("Africa", "America", "Asia", "Australia", "Europe", "Pacific")
    names = sorted(zone.key for zone in _writers().get(label, ()) if zone.key.split("/")[0] in regions)
    known = [name for name in _OFTEN if name in names]
    return (known + [name for name in names if name not in known])[:3]


_OFTEN: Final = (
    *("Europe/Berlin", "Europe/Paris", "Europe/Kyiv", "Europe/Moscow", "Europe/Istanbul", "Europe/London"),
    *("Asia/Baghdad", "Asia/Beirut", "Africa/Cairo", "Asia/Tehran", "Asia/Dubai", "Asia/Shanghai"),
    *("America/New_York", "America/Chicago", "America/Los_Angeles", "America/Sao_Paulo"),
)


@lru_cache(maxsize=1)
def _writers() -> Mapping[int, list[ZoneInfo]]:
    """The zones of the tz database by the labels that computers in them write."""
    found: dict[int, list[ZoneInfo]] = {}
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        offsets = {min(_offsets(zone, standard=False))} if name in _IRELAND else _offsets(zone, standard=True)
        for offset in offsets:
            found.setdefault(int(offset.total_seconds()), []).append(zone)
    return found


def _offsets(zone: tzinfo, *, standard: bool) -> set[timedelta]:
    """The offsets of a zone, month by month since labels are written: standard time only, or all."""
    found: set[timedelta] = set()
    for month in range(5 * 12):
        moment = _LABELLED.replace(year=2022 + (5 + month) // 12, month=(5 + month) % 12 + 1)
        offset = zone.utcoffset(moment)
        if offset is not None and (not standard or not zone.dst(moment)):
            found.add(offset)
    return found
