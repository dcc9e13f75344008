"""Reject implausible answers of the server. Pure; `pages` and `difference` fetch them again.

A history page proves that every id between its messages is absent, so one stray id could declare a whole history
deleted. Impossible ids are rejected. A gap far wider than the others of its page is not trusted on one answer alone:
the page is cut above it, and the next request, from there, shows whether it is real.
https://core.telegram.org/api/offsets
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain, pairwise
from statistics import median

from archiver.errors import Implausible
from archiver.model.coverage import Interval
from archiver.model.record import Deleted, Difference, Edited, HistoryPage, Posted

LAST_ID = 2**31 - 2
"""The highest possible message id: ids are positive 32-bit integers, and an offset is higher than its ids."""
FAR = 100
"""Gaps up to this many ids are never remarkable: a page of deleted messages."""
TIMES = 20
"""A gap is remarkable from this multiple of the page's median gap."""
LEAP = 10_000
"""Minimum number of new ids for which a new top message is confirmed by requesting it by id."""


def page_ids(page: HistoryPage) -> list[int]:
    """All ids of a page, including empty ones, without repeats, newest first."""
    return sorted({*(message.message_id for message in page.messages), *page.empty_ids}, reverse=True)


def check_page(page: HistoryPage, *, offset_id: int, limit: int) -> None:
    """Raise Implausible for a page that cannot answer this request. `offset_id` 0: from the newest message."""
    ids = page_ids(page)
    if not ids:
        return
    if ids[-1] < 1 or ids[0] > LAST_ID:
        raise Implausible("answered with a message id that cannot exist")
    if offset_id and ids[0] >= offset_id:
        raise Implausible("answered with messages that were not requested")
    if len(ids) > limit:
        raise Implausible("answered with more messages than requested")


def check_difference(difference: Difference) -> None:
    """Raise Implausible for a difference with an impossible id."""
    deleted = (one for event in difference.events if isinstance(event, Deleted) for one in event.message_ids)
    if any(not 1 <= message_id <= LAST_ID for message_id in chain(shown_ids(difference), deleted)):
        raise Implausible("answered with a message id that cannot exist")


def shown_ids(difference: Difference) -> Iterable[int]:
    """Ids of the messages whose content a difference contains."""
    return (event.message.message_id for event in difference.events if isinstance(event, Posted | Edited))


def find_far_gap(ids: Sequence[int]) -> int | None:
    """The position of the first id remarkably far below the one before it, if any; `ids` descend."""
    gaps = [above - below for above, below in pairwise(ids)]
    widest = _widest(gaps)
    return next((place for place, gap in enumerate(gaps, 1) if gap > widest), None)


def starts_far_below(ids: Sequence[int], offset_id: int) -> bool:
    """Whether the newest of these ids is remarkably far below the requested offset."""
    return bool(ids) and offset_id - ids[0] > _widest([above - below for above, below in pairwise(ids)])


def _widest(gaps: Sequence[int]) -> float:
    """The widest unremarkable gap, given the page's gaps; fewer than four say nothing about their channel."""
    return max(FAR, TIMES * median(gaps)) if len(gaps) > 3 else FAR


def cut_page(page: HistoryPage, lowest: int) -> HistoryPage:
    """The part of a page from its newest id down to `lowest`."""
    return replace(
        page,
        messages=tuple(message for message in page.messages if message.message_id >= lowest),
        empty_ids=tuple(message_id for message_id in page.empty_ids if message_id >= lowest),
    )


def proven_posts(difference: Difference, top_id: int, *, known_top: int) -> Interval | None:
    """The ids of new messages, if the difference accounts for each up to the newest, as posted or as deleted.

    It does not if some were unreadable or the server withheld some, for example of a channel that became inaccessible;
    then the history has to be read.
    """
    if top_id <= known_top or difference.unread_posts:
        return None
    if top_id - known_top > 1 << 20:
        return None  # more than any difference contains
    shown: set[int] = {event.message.message_id for event in difference.events if isinstance(event, Posted)}
    shown.update(*(event.message_ids for event in difference.events if isinstance(event, Deleted)))
    lo = known_top + 1
    return (lo, top_id) if shown.issuperset(range(lo, top_id + 1)) else None
