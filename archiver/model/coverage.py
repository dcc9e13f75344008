"""Sets of message ids as sorted, disjoint, non-adjacent closed intervals. Pure, no clock, no I/O.

The coverage of a channel is such a set: the ids that an answer fully accounted for. Ids between the intervals were not
fetched. Hypothesis tests compare the functions with plain sets.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TypeAlias

Interval: TypeAlias = tuple[int, int]
"""(lo, hi), both ends included, lo <= hi."""


def add(intervals: Sequence[Interval], lo: int, hi: int) -> list[Interval]:
    """The set with [lo, hi] added; neighbours merge. Raises ValueError if lo > hi."""
    if lo > hi:
        raise ValueError(f"an interval ends before it begins: [{lo}, {hi}]")
    # Merge intervals that touch or overlap [lo, hi].
    first = bisect_left(intervals, lo - 1, key=lambda interval: interval[1])
    last = bisect_right(intervals, hi + 1, key=lambda interval: interval[0])
    if first < last:
        lo = min(lo, intervals[first][0])
        hi = max(hi, intervals[last - 1][1])
    return [*intervals[:first], (lo, hi), *intervals[last:]]


def gaps(intervals: Sequence[Interval], lo: int, hi: int) -> list[Interval]:
    """The intervals within [lo, hi] that the set lacks, ascending."""
    if lo > hi:
        return []
    edges: list[Interval] = [(lo - 1, lo - 1), *clip(intervals, lo, hi), (hi + 1, hi + 1)]
    return [(left[1] + 1, right[0] - 1) for left, right in pairwise(edges) if left[1] + 1 <= right[0] - 1]


def join(intervals: Iterable[Interval]) -> list[Interval]:
    """Ascending disjoint intervals with those merged that touch."""
    found: list[Interval] = []
    for lo, hi in intervals:
        start = found.pop()[0] if found and found[-1][1] == lo - 1 else lo
        found.append((start, hi))
    return found


def highest_gap(intervals: Sequence[Interval], lo: int, hi: int) -> Interval | None:
    """The highest interval within [lo, hi] that the set lacks."""
    missing = gaps(intervals, lo, hi)
    return missing[-1] if missing else None


def next_gap(
    intervals: Sequence[Interval], before: Sequence[Interval], lo: int, hi: int, *, newest: int
) -> Interval | None:
    """The gap of [lo, hi] to read next: first among the `newest` ids, then ids never read, then the rest.

    `before`: ids that were read in an earlier generation. They come last, so that a channel that has to be walked
    repeatedly still gets its whole history; otherwise each walk would start at the top, and none reach the bottom.
    """
    gap = highest_gap(intervals, lo, hi)
    if gap is None or not before:
        return gap
    if gap[1] > hi - newest:
        return max(gap[0], hi - newest + 1), gap[1]
    known = list(intervals)
    for interval in before:
        known = add(known, *interval)
    return highest_gap(known, lo, hi) or gap


def clip(intervals: Sequence[Interval], lo: int, hi: int) -> list[Interval]:
    """The part of the set within [lo, hi]."""
    return [(max(a, lo), min(b, hi)) for a, b in intervals if a <= hi and b >= lo]


def size(intervals: Iterable[Interval]) -> int:
    """Number of ids in the set."""
    return sum(hi - lo + 1 for lo, hi in intervals)


def contains(intervals: Sequence[Interval], message_id: int) -> bool:
    """Whether the id is in the set."""
    at = bisect_right(intervals, message_id, key=lambda interval: interval[0]) - 1
    return at >= 0 and intervals[at][1] >= message_id


def runs(ids: Iterable[int]) -> list[Interval]:
    """Turn ascending ids into intervals. Raises ValueError for ids that do not ascend."""
    found: list[Interval] = []
    for message_id in ids:
        if found and message_id <= found[-1][1]:
            raise ValueError("ids must ascend")
        if found and message_id == found[-1][1] + 1:
            found[-1] = (found[-1][0], message_id)
        else:
            found.append((message_id, message_id))
    return found
