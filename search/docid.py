"""Numbers of the embedded engine's rows, in the order of their days. Pure arithmetic.

A *docid* is a tier, a day and a running number within the day. FTS5 stores differences of docids, so the numbers are
kept close: a day has room for 2**13 messages in tier 0; a busier day goes on in tier 1, and so forth. Within a tier the
days are in order, so a page of newest or oldest hits is read without sorting more than a day, and dates are ranges.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from search.dates import Bounds

DAY = 86_400
ROOM = (13, 20, 31)
"""Bits of the running number within a day, tier by tier."""
_SHIFT = 52
_LAST_DAY = 1 << 15


def first_docid(tier: int, day: int) -> int:
    """The first docid of a day (days since 1970) in a tier; that of the next day is behind its last."""
    return (tier << _SHIFT) + (day << ROOM[tier])


def day_of(docid: int) -> int:
    """The day that a docid belongs to."""
    return (docid & ((1 << _SHIFT) - 1)) >> ROOM[tier_of(docid)]


def tier_of(docid: int) -> int:
    """The tier that a docid belongs to."""
    return docid >> _SHIFT


def tiers_to(docid: int | None) -> range:
    """The tiers in use when this is the highest docid, None when there is none."""
    return range(0 if docid is None else tier_of(docid) + 1)


def docid_range(tier: int, bounds: Bounds) -> tuple[int, int]:
    """First docid, and the one behind the last, of the days that the bounds touch."""
    first = _day(bounds.since, 0)
    last = _day(bounds.until, _LAST_DAY)
    return first_docid(tier, first), first_docid(tier, last + 1)


def free_docids(day: int, last_used: Mapping[int, int]) -> Iterator[int]:
    """The docids of a day that are still free, ascending; `last_used` tells the highest one of each tier in use."""
    for tier in range(len(ROOM)):
        used = last_used.get(tier, first_docid(tier, day) - 1)
        yield from range(used + 1, first_docid(tier, day + 1))


def _day(instant: datetime | None, default: int) -> int:
    if instant is None:
        return default
    return min(max(int(instant.astimezone(UTC).timestamp() // DAY), 0), _LAST_DAY)
