"""Numbers of the embedded engine's rows, in the order of their dates. Pure arithmetic.

A *docid* is a tier, a window of time and a running number within the window. Tiers have windows of a week, a day, an
hour, a minute, a second. A message takes the first of them that has room. So windows are in order and small: a page of
newest or oldest hits is read without sorting more than one window of each tier, and dates are ranges. And docids are
small and close to one another, which keeps FTS5's lists short, for they store differences: a week rather than a day,
because the messages of one channel come together, and have words in common.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime
from itertools import accumulate

from search.query.dates import Bounds

WIDTHS = (604_800, 86_400, 3_600, 60, 1)
"""Seconds of a window, tier by tier."""
ROOM = (13, 13, 12, 12, 20)
"""Bits of the running number."""
_END = (1 << 32) - 1
"""Telegram's dates are 32 bits of seconds."""
_FIRST = tuple(accumulate(((_END // width + 2 << room) for width, room in zip(WIDTHS, ROOM, strict=True)), initial=0))
"""The first docid of each tier, and one behind all."""


def window(tier: int, date: int) -> range:
    """The docids of the window that a date (unix seconds) lies in."""
    first = _FIRST[tier] + (date // WIDTHS[tier] << ROOM[tier])
    return range(first, first + (1 << ROOM[tier]))


def window_of(docid: int) -> int:
    """A number of the window of a docid, to compare with others of the same tier."""
    tier = tier_of(docid)
    return docid - _FIRST[tier] >> ROOM[tier]


def tier_of(docid: int) -> int:
    """The tier that a docid belongs to."""
    return bisect_right(_FIRST, docid) - 1


def tiers_to(docid: int | None) -> range:
    """The tiers in use when this is the highest docid, None when there is none."""
    return range(0 if docid is None else tier_of(docid) + 1)


def windows(tiers: Iterable[int], dates: Iterable[int]) -> set[range]:
    """The windows of all the dates in all the tiers."""
    dates = set(dates)
    return {window(tier, date) for tier in tiers for date in dates}


def next_docid(date: int, used: dict[int, int]) -> int:
    """A free docid for a date, noted as used. `used` is the highest docid in use by the first one of its window."""
    for tier in range(len(WIDTHS)):
        docids = window(tier, date)
        docid = used.get(docids.start, docids.start - 1) + 1
        if docid < docids.stop:
            used[docids.start] = docid
            return docid
    raise OverflowError(f"more than {1 << ROOM[-1]} messages within one second")


def docid_range(tier: int, bounds: Bounds) -> range:
    """The docids of the windows that the bounds touch."""
    return range(window(tier, _clamp(bounds.since, 0)).start, window(tier, _clamp(bounds.until, _END)).stop)


def _clamp(instant: datetime | None, default: int) -> int:
    return default if instant is None else min(max(int(instant.timestamp()), 0), _END)
