"""Times as rows and other JSON have them: ISO 8601, UTC, whole seconds."""

from __future__ import annotations

from functools import lru_cache
from time import gmtime


def iso(seconds: int | None) -> str | None:
    """Unix seconds as ISO 8601 UTC with Z; None if out of range."""
    if seconds is None:
        return None
    day, second = divmod(seconds, 86_400)
    date = _day(day)
    return None if date is None else f"{date}T{_MINUTES[second // 60]}:{_SECONDS[second % 60]}Z"


@lru_cache(maxsize=4096)
def _day(day: int) -> str | None:
    try:
        return "%04d-%02d-%02d" % gmtime(86_400 * day)[:3]  # noqa: UP031 - as fast as it gets
    except (OverflowError, OSError, ValueError):
        return None


_MINUTES = [f"{hour:02d}:{minute:02d}" for hour in range(24) for minute in range(60)]
_SECONDS = [f"{second:02d}" for second in range(60)]


shared_iso = lru_cache(maxsize=4096)(iso)
"""`iso` for the times of captures, which many messages share."""
