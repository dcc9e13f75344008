"""Row numbers of the embedded engine, ordered by date. Pure arithmetic.

A *docid* encodes a tier, a time window and a sequence number within the window. The tiers have windows of a week, a
day, an hour, a minute and a second; a message is placed in the first tier with room. Windows are ordered and small, so
a page of newest or oldest hits needs at most one window of each tier sorted, and date bounds are docid ranges. Docids
are also small and close together, which keeps FTS5's delta-encoded lists short; windows of a week rather than a day
keep messages of one channel, which share words, next to each other.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime
from itertools import accumulate, pairwise

from search.query.dates import Bounds

WIDTHS = (604_800, 86_400, 3_600, 60, 1)
"""Length of a window in seconds, by tier."""
ROOM = (13, 13, 12, 12, 20)
"""Bits of the sequence number, by tier."""
ANY = range(1 << 62)
"""All docids."""
_SHARES = (64, 8)
"""The shares of the windows after which a range is split."""
_END = (1 << 32) - 1
"""Telegram's dates are 32-bit Unix seconds."""
_FIRST = tuple(accumulate(((_END // width + 2 << room) for width, room in zip(WIDTHS, ROOM, strict=True)), initial=0))
"""First docid of each tier, and the end of the last one."""


def window(tier: int, date: int) -> range:
    """Docids of the window that contains a date (Unix seconds)."""
    first = _FIRST[tier] + (date // WIDTHS[tier] << ROOM[tier])
    return range(first, first + (1 << ROOM[tier]))


def is_in_window(docid: str, date: str) -> str:
    """SQL condition: the docid is in the window of its tier that contains the date. False if in doubt."""
    tiers = reversed([*zip(_FIRST, ROOM, WIDTHS, strict=False)])
    cases = [
        f"WHEN {docid} >= {first} THEN {docid} - {first} >> {room} = {date} / {width}" for first, room, width in tiers
    ]
    return f"({date} BETWEEN 0 AND {_END} AND CASE {' '.join(cases)} ELSE 0 END)"


def window_number(docid: int) -> int:
    """Number of a docid's window within its tier."""
    tier = tier_of(docid)
    return docid - _FIRST[tier] >> ROOM[tier]


def tier_of(docid: int) -> int:
    """Tier of a docid."""
    return bisect_right(_FIRST, docid) - 1


def tiers_in_use(docid: int | None) -> range:
    """Tiers in use, given the highest docid; None: no documents."""
    return range(0 if docid is None else tier_of(docid) + 1)


def windows(tiers: Iterable[int], dates: Iterable[int]) -> set[range]:
    """Windows that contain any of the dates, in all of these tiers."""
    dates = set(dates)
    return {window(tier, date) for tier in tiers for date in dates}


def next_docid(date: int, used: dict[int, int]) -> int:
    """Take a free docid for a date.

    `used` maps the first docid of a window to the highest one in use, and is updated. Raises OverflowError.
    """
    for tier, width in enumerate(WIDTHS):
        first = _FIRST[tier] + (date // width << ROOM[tier])
        docid = used.get(first, first - 1) + 1
        if docid < first + (1 << ROOM[tier]):
            used[first] = docid
            return docid
    raise OverflowError(f"more than {1 << ROOM[-1]} messages within one second")


def docid_range(tier: int, bounds: Bounds) -> range:
    """Docids of all windows that overlap the bounds."""
    return range(window(tier, _clamp(bounds.since, 0)).start, window(tier, _clamp(bounds.until, _END)).stop)


def split(docids: range, first: int, last: int, *, newest: bool) -> list[range]:
    """Split a range of one tier where windows end: a small part at the end where reading begins, then larger ones.

    `first` and `last`: docids in use, the lowest and the highest within the range.
    """
    tier = tier_of(first)
    room = 1 << ROOM[tier]
    low, high = (docid - (docid - _FIRST[tier]) % room for docid in (first, last))
    windows = (high - low) // room + 1
    parts = [windows // share * room for share in _SHARES]
    edges = [high - part for part in parts] if newest else [low + part + room for part in parts]
    cuts = sorted({docids.start, *(edge for edge in edges if edge in docids), docids.stop})
    found = [range(*ends) for ends in pairwise(cuts)]
    return found[::-1] if newest else found


def _clamp(instant: datetime | None, default: int) -> int:
    return default if instant is None else min(max(int(instant.timestamp()), 0), _END)
