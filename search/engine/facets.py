"""Counts of hits by what they share: channel, day, month, attachment, language, origin. Pure.

Terminology: a *facet* is one of these ways to count; a *value* is what is counted in it, as text: a channel's bare id,
a day `2021-12-16`, a month `2021-12`, a name of `has:`, two letters of a language or UNKNOWN, and of a forward's
origin the bare id of the channel or else a name. A message counts once for each of its values: one with a photo and a
link for both, one without attachments for none.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final, Literal, TypeAlias, get_args

from search.errors import SearchError
from search.flags import HAS_BITS, LANG_MASK, LANG_SHIFT, lang_code

FacetName: TypeAlias = Literal["channel", "day", "month", "media", "lang", "fwd"]
NAMES: Final[tuple[FacetName, ...]] = get_args(FacetName)
UNKNOWN: Final = "unknown"
"""The value of messages whose language is not known."""
MEDIA: Final = tuple(name for name in HAS_BITS if name not in {"media", "album"})
"""The values of `media`: what `has:` asks for, but for what is no kind."""
Counts: TypeAlias = Mapping[FacetName, Sequence["Count"]]


@dataclass(frozen=True, slots=True)
class Count:
    """How many hits have a value."""

    value: str
    count: int
    name: str | None = None
    """What people call the value, where the engine knows."""


def read_names(text: str) -> tuple[FacetName, ...]:
    """The facets of a list with commas, each once. Raises SearchError for one that there is not."""
    wanted = [name.strip().lower() for name in text.split(",") if name.strip()]
    wrong = [name for name in wanted if name not in NAMES]
    if wrong or not wanted:
        what = f"There is no facet '{wrong[0]}'." if wrong else "No facet is named."
        raise SearchError(what, hint=f"There are {', '.join(NAMES)}; several with commas between.")
    return tuple(dict.fromkeys(_one(name) for name in wanted))


def order(name: FacetName, counts: Iterable[Count]) -> list[Count]:
    """Days and months as they follow each other, the rest by count, then by name."""
    if name in {"day", "month"}:
        return sorted(counts, key=lambda one: one.value)
    return sorted(counts, key=lambda one: (-one.count, one.name or one.value, one.value))


def step_of(zone: tzinfo) -> int:
    """Seconds of which every day of the zone is a multiple: a quarter of an hour wherever people live."""
    if is_utc(zone):
        return 86_400
    offset = zone.utcoffset(None)
    return 60 if offset is not None and offset % timedelta(minutes=15) else 900


def by_date(name: FacetName, steps: Mapping[int, int], zone: tzinfo) -> list[Count]:
    """Days or months of a zone, from counts by its steps since 1970."""
    if not steps:
        return []
    length = step_of(zone)
    days = _days(min(steps) * length, max(steps) * length, zone)
    starts = [start for start, _ in days]
    by_day = [0] * len(days)
    for step, count in steps.items():
        by_day[bisect_right(starts, step * length) - 1] += count
    found: Counter[str] = Counter()
    for (_, day), count in zip(days, by_day, strict=True):
        found[day.isoformat() if name == "day" else day.isoformat()[:7]] += count
    return _counts(+found)


def by_media(flags: Mapping[int, int]) -> list[Count]:
    """Attachments, from counts by the bits of a row."""
    found = {name: sum(count for bits, count in flags.items() if bits & HAS_BITS[name]) for name in MEDIA}
    return _counts({name: count for name, count in found.items() if count})


def by_lang(flags: Mapping[int, int]) -> list[Count]:
    """Languages, from counts by the bits of a row."""
    found: Counter[str] = Counter()
    for bits, count in flags.items():
        found[lang_code(bits >> LANG_SHIFT & LANG_MASK) or UNKNOWN] += count
    return _counts(found)


def by_channel(channels: Mapping[int, int]) -> list[Count]:
    """Channels, from counts by their bare ids."""
    return _counts({str(channel_id): count for channel_id, count in channels.items()})


def is_utc(zone: tzinfo) -> bool:
    """Whether the days of a zone are those of UTC, always."""
    return zone is UTC or str(zone) in {"UTC", "Etc/UTC"}


def _one(name: str) -> FacetName:
    return next(one for one in NAMES if one == name)


def _counts(found: Mapping[str, int]) -> list[Count]:
    return [Count(value, count) for value, count in found.items()]


def _days(first: int, last: int, zone: tzinfo) -> list[tuple[float, date]]:
    """When each day begins, from the one in which `first` lies to the one in which `last` does."""
    day, end = (datetime.fromtimestamp(at, zone).date() for at in (first, last))
    days = []
    while day <= end:
        days.append((datetime(day.year, day.month, day.day, tzinfo=zone).timestamp(), day))
        day += timedelta(1)
    return days
