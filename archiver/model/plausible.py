"""What an answer of the server may claim at all. Pure; `backfill` and `mirror` ask again when it claims more.

A page of the history proves that every id between its messages is absent, so one stray id could declare a whole
history deleted. Ids that cannot be are refused. A gap far wider than the others of its page is not believed because
of one answer: the page ends above it, and the next question, asked from there, shows whether it is real.
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
"""The highest id that a message can have: ids are positive 32-bit numbers, and an offset lies above its ids."""
FAR = 100
"""Absent ids in a row that are never remarkable: a page of deleted messages."""
TIMES = 20
"""How many times wider than the page's median gap a remarkable gap is."""
LEAP = 10_000
"""New ids at once that no difference tells of; a newer top is confirmed by asking for that message."""


def page_ids(page: HistoryPage) -> list[int]:
    """The ids the page names, each once, newest first."""
    return sorted({*(message.message_id for message in page.messages), *page.empty_ids}, reverse=True)


def check_page(page: HistoryPage, *, offset_id: int, limit: int) -> None:
    """Raise Implausible for a page that cannot answer this question. `offset_id` 0: from the newest message on."""
    ids = page_ids(page)
    if not ids:
        return
    if ids[-1] < 1 or ids[0] > LAST_ID:
        raise Implausible("answered with a message id that cannot exist")
    if offset_id and ids[0] >= offset_id:
        raise Implausible("answered with messages that were not asked for")
    if len(ids) > limit:
        raise Implausible("answered with more messages than were asked for")


def check_difference(difference: Difference) -> None:
    """Raise Implausible for a difference with an id that cannot exist."""
    gone = (one for event in difference.events if isinstance(event, Deleted) for one in event.message_ids)
    if any(not 1 <= message_id <= LAST_ID for message_id in chain(told_ids(difference), gone)):
        raise Implausible("answered with a message id that cannot exist")


def told_ids(difference: Difference) -> Iterable[int]:
    """Ids of the messages whose content the difference shows."""
    return (event.message.message_id for event in difference.events if isinstance(event, Posted | Edited))


def far_gap(ids: Sequence[int]) -> int | None:
    """The place of the first id that lies remarkably far below the one before it; `ids` descend. None without one."""
    gaps = [above - below for above, below in pairwise(ids)]
    widest = _widest(gaps)
    return next((place for place, gap in enumerate(gaps, 1) if gap > widest), None)


def starts_far_below(ids: Sequence[int], offset_id: int) -> bool:
    """Whether the newest of these ids lies remarkably far below the offset they were asked for with."""
    return bool(ids) and offset_id - ids[0] > _widest([above - below for above, below in pairwise(ids)])


def _widest(gaps: Sequence[int]) -> float:
    """The widest gap that is not remarkable beside these. Too few of them say nothing about their channel."""
    return max(FAR, TIMES * median(gaps)) if len(gaps) > 3 else FAR


def cut_page(page: HistoryPage, lowest: int) -> HistoryPage:
    """The part of a page from its newest id down to `lowest`."""
    return replace(
        page,
        messages=tuple(message for message in page.messages if message.message_id >= lowest),
        empty_ids=tuple(message_id for message_id in page.empty_ids if message_id >= lowest),
    )


def proven_posts(difference: Difference, top_id: int, *, known_top: int) -> Interval | None:
    """The ids of new messages, if the difference accounts for each up to the newest: as posted or as deleted.

    It does, unless some could not be read, or the server kept some to itself, as of a channel that was shut meanwhile:
    then the history has to show what is there.
    """
    if top_id <= known_top or difference.unread_posts:
        return None
    if top_id - known_top > 1 << 20:
        return None  # no difference tells of so many
    told = {event.message.message_id for event in difference.events if isinstance(event, Posted)}
    told.update(*(event.message_ids for event in difference.events if isinstance(event, Deleted)))
    lo = known_top + 1
    return (lo, top_id) if told.issuperset(range(lo, top_id + 1)) else None
