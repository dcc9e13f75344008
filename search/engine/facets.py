"""Count hits by a shared property: channel, day, month, attachment, language, origin, state of files. Pure.

Terminology: a *facet* is one of these properties; a *value* of it is text: a bare channel id, a day `2021-12-16`, a
month `2021-12`, a kind of `has:`, a two-letter language code or UNKNOWN, and for the origin of a forward the bare
channel id or else a name. A message counts once for each of its values: one with a photo and a link counts for both,
one without attachments for none.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final, Literal, TypeAlias, get_args

from search.errors import SearchError
from search.flags import FILE_BITS, HAS_BITS, LANG_MASK, LANG_SHIFT, lang_code

FacetName: TypeAlias = Literal["channel", "day", "month", "media", "lang", "fwd", "file"]
NAMES: Final[tuple[FacetName, ...]] = get_args(FacetName)
_DAY: Final = 86_400
_EARLIEST: Final = -62_135_510_400
_LATEST: Final = 253_402_214_400
"""Unix times that `datetime` can represent in every zone."""
UNKNOWN: Final = "unknown"
"""Value of messages of unknown language."""
MEDIA: Final = tuple(name for name in HAS_BITS if name not in {"media", "album", "file"})
"""Values of `media`: those of `has:` that are kinds of attachments."""
Counts: TypeAlias = Mapping[FacetName, Sequence["Count"]]


@dataclass(frozen=True, slots=True)
class Count:
    """The number of hits with a value."""

    value: str
    count: int
    name: str | None = None
    """Display name of the value, if the engine knows one."""


def parse_names(text: str) -> tuple[FacetName, ...]:
    """Parse a comma-separated list of facets; duplicates are dropped. Raises SearchError for an unknown facet."""
    wanted = [name.strip().lower() for name in text.split(",") if name.strip()]
    wrong = [name for name in wanted if name not in NAMES]
    if wrong or not wanted:
        what = f"Unknown facet '{wrong[0]}'." if wrong else "No facet given."
        raise SearchError(what, hint=f"Available: {', '.join(NAMES)}; separate several by commas.")
    return tuple(dict.fromkeys(_one(name) for name in wanted))


def order(name: FacetName, counts: Iterable[Count]) -> list[Count]:
    """Sort days and months chronologically, other values by count, then by name."""
    if name in {"day", "month"}:
        return sorted(counts, key=lambda one: one.value)
    return sorted(counts, key=lambda one: (-one.count, one.name or one.value, one.value))


def step_seconds(zone: tzinfo) -> int:
    """Seconds into which all days of the zone divide evenly: a quarter of an hour for every inhabited zone."""
    if is_utc(zone):
        return 86_400
    offset = zone.utcoffset(None)
    return 60 if offset is not None and offset % timedelta(minutes=15) else 900


def by_date(name: FacetName, steps: Mapping[int, int], zone: tzinfo) -> list[Count]:
    """Counts by day or month of a zone, from counts by its time steps since 1970."""
    if not steps:
        return []
    length = step_seconds(zone)
    days = _days({step * length // _DAY for step in steps}, zone)
    starts = [start for start, _ in days]
    by_day = [0] * len(days)
    for step, count in steps.items():
        by_day[bisect_right(starts, step * length) - 1] += count
    found: Counter[str] = Counter()
    for (_, day), count in zip(days, by_day, strict=True):
        found[day.isoformat() if name == "day" else day.isoformat()[:7]] += count
    return _counts(+found)


def by_media(flags: Mapping[int, int]) -> list[Count]:
    """Counts by attachment, from counts by row flags."""
    found = {name: sum(count for bits, count in flags.items() if bits & HAS_BITS[name]) for name in MEDIA}
    return _counts({name: count for name, count in found.items() if count})


def by_file(flags: Mapping[int, int]) -> list[Count]:
    """Counts by what became of attached files, from counts by row flags."""
    found = {name: sum(count for bits, count in flags.items() if bits & bit) for name, bit in FILE_BITS.items()}
    return _counts({name: count for name, count in found.items() if count})


def by_lang(flags: Mapping[int, int]) -> list[Count]:
    """Counts by language, from counts by row flags."""
    found: Counter[str] = Counter()
    for bits, count in flags.items():
        found[lang_code(bits >> LANG_SHIFT & LANG_MASK) or UNKNOWN] += count
    return _counts(found)


def by_channel(channels: Mapping[int, int]) -> list[Count]:
    """Counts by channel, from counts by bare id."""
    return _counts({str(channel_id): count for channel_id, count in channels.items()})


def is_utc(zone: tzinfo) -> bool:
    """Whether a zone is UTC."""
    return zone is UTC or str(zone) in {"UTC", "Etc/UTC"}


def _one(name: str) -> FacetName:
    return next(one for one in NAMES if one == name)


def _counts(found: Mapping[str, int]) -> list[Count]:
    return [Count(value, count) for value, count in found.items()]


def _days(numbers: Iterable[int], zone: tzinfo) -> list[tuple[float, date]]:
    """List the zone's days, each with its start, that these days of UTC, counted from 1970, are parts of."""
    found: set[date] = set()
    for number in numbers:
        begin, end = (max(_EARLIEST, min(at, _LATEST)) for at in (number * _DAY, (number + 1) * _DAY - 1))
        first, last = datetime.fromtimestamp(begin, zone).date(), datetime.fromtimestamp(end, zone).date()
        found |= {first, last} if (last - first).days < 2 else {first, first + timedelta(1), last}
    return [(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp(), day) for day in sorted(found)]
