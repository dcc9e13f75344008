"""Times for people: `25 Jan 2022 17:13 +03` in a zone, `25 Jan 2022 14:13 UTC`, intervals, `3 min ago`. Pure.

The offset is always visible; only an interval may omit it, next to a time of the same offset. JSON and TSV have
`archiver.model.row.iso` instead.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import NamedTuple

from archiver.duration import LAST, MONTHS, in_words

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_OUT_OF_RANGE = "unknown time"
_RECENT = 172_800
"""Age in seconds up to which it says more than a date."""


def choose_zone(typed: str | None, configured: str | None = None) -> tzinfo:
    """The zone of --tz, else of [display] tz, else UTC. Raises DateError, which suggests similar names."""
    name = typed or configured
    if name is None or name == "UTC":
        return UTC
    from search.query.dates import parse_zone

    return parse_zone(name)


class Moments(NamedTuple):
    """Writes times in one zone, as seen from one moment. Unix seconds in, text out."""

    zone: tzinfo = UTC
    now: float = 0.0

    def at(self, unix: float, *, seconds: bool = False) -> str:
        """`25 Jan 2022 17:13 +03`; with `seconds` `25 Jan 2022 17:13:09 +03`."""
        moment = self._local(unix)
        if moment is None:
            return _OUT_OF_RANGE
        return f"{_date(moment)} {_clock(moment, seconds=seconds)} {self._offset(moment)}"

    def in_utc(self, unix: float, *, seconds: bool = False) -> str:
        """`25 Jan 2022 14:13 UTC`, regardless of the zone."""
        return Moments(UTC, self.now).at(unix, seconds=seconds)

    def with_utc(self, unix: float) -> str:
        """`25 Jan 2022 17:13 +03 (14:13 UTC)`; the UTC day is shown where it differs."""
        local = self._local(unix)
        if self.zone is UTC or local is None:
            return self.at(unix)
        universal = local.astimezone(UTC)
        day = "" if local.date() == universal.date() else f"{_day_and_month(universal)} "
        return f"{self.at(unix)} ({day}{_clock(universal, seconds=False)} UTC)"

    def short(self, unix: float, *, seconds: bool = False) -> str:
        """`29 Nov 17:52 +03`: as `at`, without the year if it is the current one."""
        moment = self._local(unix)
        if moment is None:
            return _OUT_OF_RANGE
        return f"{self._short_date(moment)} {_clock(moment, seconds=seconds)} {self._offset(moment)}"

    def date(self, unix: float) -> str:
        """`25 Jan 2022`."""
        moment = self._local(unix)
        return _OUT_OF_RANGE if moment is None else _date(moment)

    def day(self, unix: float) -> str:
        """`Tue 25 Jan 2022`, as a heading for the events of that day in the zone."""
        moment = self._local(unix)
        return _OUT_OF_RANGE if moment is None else f"{_DAYS[moment.weekday()]} {_date(moment)}"

    def clock(self, unix: float, *, seconds: bool = False) -> str:
        """`17:13 +03`: below the heading of its day."""
        moment = self._local(unix)
        if moment is None:
            return _OUT_OF_RANGE
        return f"{_clock(moment, seconds=seconds)} {self._offset(moment)}"

    def between(self, begin: float, end: float, *, next_to: float | None = None) -> str:
        """`between 29 Nov 17:52 and 17:58 +03`: with days, years and seconds only if both ends differ in them.

        `next_to`: a time shown next to it, with its offset; the interval then omits an equal offset.
        """
        if begin == end and (moment := self._local(begin)) is not None:
            zone = self._own_offset(moment, moment, next_to)
            return f"on {self._short_date(moment)} at {_clock(moment, seconds=True)}{zone}"
        return f"between {self._ends(begin, end, 'and', next_to)}"

    def span(self, begin: float, end: float) -> str:
        """`from 29 Nov 17:52 to 17:58 +03`: as `between`, for a state that lasted the whole time."""
        return f"from {self._ends(begin, end, 'to', None)}"

    def ago(self, unix: float) -> str:
        """`3 min ago` for up to two days, else the date, as for future times."""
        age = self.now - unix
        return f"{in_words(age)} ago" if 0 <= age < _RECENT else self.short(unix)

    def _ends(self, begin: float, end: float, word: str, next_to: float | None) -> str:
        first, last = self._local(begin), self._local(end)
        if first is None or last is None:
            return f"{self.at(begin)} {word} {self.at(end)}"
        exact = _minute(first) == _minute(last)
        from_zone = "" if self._offset(first) == self._offset(last) else f" {self._offset(first)}"
        from_day, to_day = self._days(first, last)
        return (
            f"{from_day} {_clock(first, seconds=exact)}{from_zone} {word}"
            f" {to_day}{_clock(last, seconds=exact)}{self._own_offset(first, last, next_to)}"
        )

    def _own_offset(self, first: datetime, last: datetime, next_to: float | None) -> str:
        """The offset at the end of an interval; empty if the time next to it shows the same."""
        shown = None if next_to is None else self._local(next_to)
        known = None if shown is None else self._offset(shown)
        offset = self._offset(last)
        return "" if known == offset == self._offset(first) else f" {offset}"

    def _local(self, unix: float) -> datetime | None:
        """The time in the zone; None if `datetime` cannot represent it."""
        if not 0 <= unix <= LAST:
            return None
        try:
            return datetime.fromtimestamp(unix, UTC).astimezone(self.zone)
        except (OverflowError, ValueError):  # the last hours of the year 9999
            return None

    def _offset(self, moment: datetime) -> str:
        return "UTC" if self.zone is UTC else write_offset(moment.utcoffset() or timedelta())

    def _short_date(self, moment: datetime) -> str:
        current = self._local(self.now)
        return _date(moment) if current is None or moment.year != current.year else _day_and_month(moment)

    def _days(self, first: datetime, last: datetime) -> tuple[str, str]:
        """The dates of both ends: the second one only if it differs, the years if one is not the current year."""
        if first.date() == last.date():
            return self._short_date(first), ""
        current = self._local(self.now)
        is_current = current is not None and first.year == last.year == current.year
        write = _day_and_month if is_current else _date
        return write(first), f"{write(last)} "


def write_offset(offset: timedelta) -> str:
    """`+03`, `-04`, `+05:30`."""
    minutes = round(offset.total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02d}{f':{rest:02d}' if rest else ''}"


def write_day(day: date) -> str:
    """`25 Jan 2022`."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def _date(moment: datetime) -> str:
    return write_day(moment)


def _day_and_month(moment: datetime) -> str:
    return f"{moment.day} {MONTHS[moment.month - 1]}"


def _clock(moment: datetime, *, seconds: bool) -> str:
    return f"{moment:%H:%M:%S}" if seconds else f"{moment:%H:%M}"


def _minute(moment: datetime) -> tuple[datetime, timedelta | None]:
    return moment.replace(second=0, microsecond=0, tzinfo=None), moment.utcoffset()
