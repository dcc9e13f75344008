"""Parse dates as people write them into exact instants. Pure: time zone and current time are arguments.

Accepted: `7d` `2h` `30m` `2w` (before now), `now`, `today`, `yesterday`, `2021`, `2021-12`, `2021-12-16`,
`2021-12-16T10:30[:45]` with or without `Z` or `+03:00`, `@1639612800` (unix seconds); ranges `A..B`, `A..`, `..B`.
A year, month or day means all of it in the time zone, even across clock changes, so `until 2021-12-16` includes that
day. Results are half-open intervals `[since, until)` in timezone-aware UTC. Digits of any script work. Other ISO 8601
forms (20211216, 2021-W50) are rejected because people read them differently. Every invalid text raises `DateError`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from config.zones import ZoneError, find_zone
from search.errors import DateError

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_ACCEPTED = "Write 7d, 2h, today, yesterday, 2021-12-16, 2021-12, 2021, 2021-12-16T10:30 or @1639612800."
_OTHER_ORDER = r"([0-9]{4})[./]([0-9]{1,2})[./]([0-9]{1,2})|([0-9]{1,2})([./-])([0-9]{1,2})[./-]([0-9]{4})"
_FIRST_YEAR, _LAST_YEAR = 1970, 9998
"""No messages exist outside; and datetime cannot represent the end of the year 9999."""

_AGO = re.compile(r"([0-9]{1,9})([mhdw])")
_UNIX = re.compile(r"@([0-9]{1,12})")
_CALENDAR = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(Z|[+-][0-9]{2}:?[0-9]{2})?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """`[since, until)` in timezone-aware UTC; None is unbounded."""

    since: datetime | None = None
    until: datetime | None = None

    @property
    def since_unix(self) -> int | None:
        """The first whole second inside."""
        return None if self.since is None else _ceil(self.since)

    @property
    def until_unix(self) -> int | None:
        """The first whole second outside."""
        return None if self.until is None else _ceil(self.until)

    def intersect(self, other: Bounds) -> Bounds:
        """Return the intersection, which may be empty (`since >= until`)."""
        since = max((b for b in (self.since, other.since) if b is not None), default=None)
        until = min((b for b in (self.until, other.until) if b is not None), default=None)
        return Bounds(since, until)


def parse_since(text: str, tz: tzinfo, now: datetime) -> datetime:
    """Return the instant at which `text` begins."""
    return _span(text, tz, now)[0]


def parse_until(text: str, tz: tzinfo, now: datetime) -> datetime:
    """Return the instant at which `text` is over: a day, month or year is included, an instant is not."""
    return _span(text, tz, now)[1]


def parse_on(text: str, tz: tzinfo, now: datetime) -> Bounds:
    """Return the bounds of a whole day, month or year."""
    since, until = _span(text, tz, now)
    if since == until:
        raise DateError(f"'{text}' is a point in time, not a day.", hint="Write a day, a month or a year.")
    return Bounds(since, until)


def parse_range(text: str, tz: tzinfo, now: datetime) -> Bounds:
    """Parse `A..B`, `A..` or `..B`; ends that are days are included. Without dots, parse a day, month or year."""
    first, dots, last = text.partition("..")
    if not dots:
        return parse_on(text, tz, now)
    if not first.strip() and not last.strip():
        raise DateError("'..' has no date on either side.", hint="Write 2021-12-01..2021-12-31.")
    since = parse_since(first, tz, now) if first.strip() else None
    until = parse_until(last, tz, now) if last.strip() else None
    return _ordered(since, until)


def parse_bounds(
    *, since: str | None = None, until: str | None = None, on: str | None = None, tz: tzinfo, now: datetime
) -> Bounds:
    """Combine the options --since, --until and --on. `on` also accepts a range and excludes the other two."""
    if on is not None:
        if since is not None or until is not None:
            raise DateError(
                "--on cannot be combined with --since or --until.", hint="Use --on, or --since and --until."
            )
        return parse_range(on, tz, now)
    return _ordered(
        None if since is None else parse_since(since, tz, now),
        None if until is None else parse_until(until, tz, now),
    )


def parse_zone(text: str) -> tzinfo:
    """Parse a time zone: a name (`Asia/Baghdad`), an offset (`+03:00`), `UTC` or `Z`."""
    try:
        return find_zone(text)
    except ZoneError as exc:
        raise DateError(str(exc), hint=exc.hint) from None


def ascii_digits(text: str) -> str:
    """Replace decimal digits of all scripts by 0 to 9."""
    return text if text.isascii() else "".join(str(unicodedata.decimal(char, char)) for char in text)


def _span(text: str, tz: tzinfo, now: datetime) -> tuple[datetime, datetime]:
    """Return start and end of what the text means; both are equal for an instant."""
    written = ascii_digits(text)
    try:
        found = _words(written, tz, now) or _calendar(written, tz) or _instant(written, tz)
    except (ValueError, OverflowError, OSError):
        raise DateError(f"'{text}' is not a valid date.", hint=_ACCEPTED) from None
    if found is None:
        raise DateError(f"'{text}' is not a date.", hint=_rather(written) or _ACCEPTED)
    if not _FIRST_YEAR <= found[0].year <= _LAST_YEAR:
        raise DateError(f"'{text}' is outside the years {_FIRST_YEAR} to {_LAST_YEAR}.")
    return found


def _rather(text: str) -> str | None:
    """Return how to write a date that people write in another order; both readings if there are two."""
    found = re.fullmatch(_OTHER_ORDER, text.strip())
    if found is None:
        return None
    year, one, two, sign = (found[1], found[2], found[3], "-") if found[1] else (found[7], found[6], found[4], found[5])
    readings = [(one, two)] if found[1] or sign == "." else [(one, two), (two, one)]
    valid = [f"{year}-{int(month):02}-{int(day):02}" for month, day in dict.fromkeys(readings) if int(month) <= 12]
    return f"Write {' or '.join(dict.fromkeys(valid))}." if valid else None


def _words(text: str, tz: tzinfo, now: datetime) -> tuple[datetime, datetime] | None:
    word = text.strip().lower()
    if word in {"today", "yesterday"}:
        day = now.astimezone(tz).date() - timedelta(days=word == "yesterday")
        return _day(day, tz), _day(day + timedelta(days=1), tz)
    if word == "now":
        return now.astimezone(UTC), now.astimezone(UTC)
    if ago := _AGO.fullmatch(word):
        instant = (now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})).astimezone(UTC)
        return instant, instant
    if unix := _UNIX.fullmatch(word):
        instant = datetime.fromtimestamp(int(unix[1]), UTC)
        return instant, instant
    return None


def _calendar(text: str, tz: tzinfo) -> tuple[datetime, datetime] | None:
    match = _CALENDAR.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day = (None if part is None else int(part) for part in match.groups())
    first = date(year or 0, month or 1, day or 1)
    if month is None:
        after = date(first.year + 1, 1, 1)
    elif day is None:
        after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    else:
        after = first + timedelta(days=1)
    begin, end = _day(first, tz), _day(after, tz)
    if begin == end:
        raise DateError(f"There was no {first} in {tz}: clocks there skipped that day.", hint="Write another day.")
    return begin, end


def _instant(text: str, tz: tzinfo) -> tuple[datetime, datetime] | None:
    match = _INSTANT.fullmatch(text.strip())
    if match is None:
        return None
    zone = tz if match[3] is None else parse_zone(match[3])
    clock = datetime.combine(date.fromisoformat(match[1]), time.fromisoformat(match[2]), zone)
    return clock.astimezone(UTC), clock.astimezone(UTC)


def _day(day: date, tz: tzinfo) -> datetime:
    """Return the start of the day. If a clock change skips midnight, fold=0 gives the moment of the change."""
    return datetime.combine(day, time(), tz).astimezone(UTC)


def _ordered(since: datetime | None, until: datetime | None) -> Bounds:
    if since is not None and until is not None and since >= until:
        error = DateError(
            f"The period is empty: it begins at {since:%Y-%m-%dT%H:%M:%SZ} and ends before {until:%Y-%m-%dT%H:%M:%SZ}.",
            hint="Swap the two dates, or make the end later.",
        )
        error.empty = since, until
        raise error
    return Bounds(since, until)


def _ceil(instant: datetime) -> int:
    """Round up: Telegram's dates are whole seconds, so a bound at .5 includes from the next second on."""
    return -int(-instant.timestamp() // 1)
