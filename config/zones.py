"""Parse time zones as people write them: a name (`Asia/Baghdad`), an offset (`+03:00`), `UTC` or `Z`."""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone, tzinfo

_OFFSET = re.compile(r"([+-])([0-9]{2}):?([0-9]{2})")


class ZoneError(ValueError):
    """Unknown time zone; `hint` says how to fix it."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def find_zone(text: str) -> tzinfo:
    """The time zone of this name or offset. Raises ZoneError."""
    if text.upper() in {"UTC", "Z", "GMT"}:
        return UTC
    if offset := _OFFSET.fullmatch(text):
        return _offset(offset)
    import zoneinfo

    try:
        return zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        if (name := _in_any_case(text)) is not None:
            return zoneinfo.ZoneInfo(name)
        raise ZoneError(f"There is no time zone '{text}'.", hint=_near_zones(text)) from None


def _in_any_case(text: str) -> str | None:
    """The zone whose name matches the text, ignoring case."""
    import zoneinfo

    return next((name for name in zoneinfo.available_timezones() if name.casefold() == text.casefold()), None)


def _offset(match: re.Match[str]) -> tzinfo:
    sign = -1 if match[1] == "-" else 1
    hours, minutes = int(match[2]), int(match[3])
    if hours > 14 or minutes > 59:
        raise ZoneError(f"There is no offset '{match[0]}' from UTC.", hint="Write one from -12:00 to +14:00.")
    return timezone(sign * timedelta(hours=hours, minutes=minutes))


def _near_zones(text: str) -> str:
    import difflib
    import zoneinfo

    names = {name.casefold(): name for name in zoneinfo.available_timezones() if "/" in name}
    if not names:
        return "No time zone database found: write an offset such as +03:00, or install tzdata."
    cities = {name.rpartition("/")[2]: name for name in names}
    wanted = text.casefold().replace(" ", "_")
    near = difflib.get_close_matches(wanted, names, 3, 0.75)
    near += [cities[city] for city in difflib.get_close_matches(wanted.rpartition("/")[2], cities, 2, 0.75)]
    if not near:
        return "Write a name such as Asia/Baghdad, or an offset such as +03:00."
    return f"Did you mean {' or '.join(dict.fromkeys(names[name] for name in near))}?"
