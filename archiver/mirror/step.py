"""What one page of the history proves, and where the window ends. Pure.

Ids ascend; dates usually do too, but nothing guarantees it. So one old message does not end the window (`add --since`):
only a run of ENOUGH of them may, with nothing newer in between. Those at a page's old end are left out, unproven, until
the pages below show whether they start such a run. If not, they are a gap like any other, and are fetched again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from archiver.errors import Implausible
from archiver.model.coverage import Interval
from archiver.model.plausible import cut_page, page_ids
from archiver.model.record import HistoryPage, Message

ENOUGH = 100
"""Length of a run of messages older than the window after which it may end: one page."""


class OlderRun(NamedTuple):
    """Consecutive messages older than the window, down to the last id read."""

    number: int = 0
    top: int = 0
    """Their highest id."""

    @property
    def enough(self) -> bool:
        """Whether the window may end here."""
        return self.number >= ENOUGH


NO_OLDER = OlderRun()


@dataclass(frozen=True, slots=True)
class Step:
    """The meaning of one page: what to store, which ids it proves, where the window ends, where to continue."""

    page: HistoryPage
    proven: Interval | None
    floor_id: int | None
    """The highest id older than the window; None until its end is found."""
    next_offset: int | None
    """The offset of the next page of this walk; None at its end."""
    older: OlderRun = NO_OLDER
    """The messages left out at the page's old end, and of pages above it: unproven so far."""

    def end_window(self) -> Step:
        """The same step, with the window ending at the run of older messages."""
        return replace(self, floor_id=self.older.top, next_offset=None)


def plan_page(page: HistoryPage, *, gap: Interval, window_start: int | None, older: OlderRun = NO_OLDER) -> Step:
    """Interpret a page that was requested with offset_id = gap.hi + 1, to fill `gap`.

    From the page's lowest id up to the gap's upper end, each id is either in the page or absent now. A short page does
    not end the history; an empty one does. `older`: the run of older messages that reaches down to this page.
    """
    lo, hi = gap
    if not page.messages and not page.empty_ids:
        return Step(page, None, older.top, None) if older.number else Step(page, (1, hi), None, None)
    lowest = page_ids(page)[-1]
    if lowest > hi:
        raise Implausible("answered with messages that were not requested")
    tail = _older_tail(page, window_start)
    if not tail.number:
        return Step(page, (lowest, hi), None, lowest if lowest > lo else None)
    kept = tuple(message for message in page.messages if message.message_id > tail.top)
    row = tail if kept else OlderRun(older.number + tail.number, older.top or tail.top)
    above = (tail.top + 1, hi) if tail.top < hi and row.top == tail.top else None
    step = Step(replace(page, messages=kept), above, None, lowest, row)
    return step.end_window() if lowest == 1 else step


def plan_top(page: HistoryPage, *, newest: int, floor_id: int | None, window_start: int | None) -> Step:
    """Interpret the newest page of a history. `floor_id`: the highest id known to be older than the window."""
    if not floor_id:
        return plan_page(page, gap=(1, newest), window_start=window_start)
    lowest = max(page_ids(page)[-1], floor_id + 1)
    return Step(cut_page(page, lowest), (lowest, newest) if lowest <= newest else None, None, None)


def keep_within(page: HistoryPage, lowest: int) -> HistoryPage:
    """The page down to this id; all of it if no id is above that."""
    kept = cut_page(page, lowest)
    return kept if kept.messages or kept.empty_ids else page


def _older_tail(page: HistoryPage, window_start: int | None) -> OlderRun:
    """The messages at the page's old end that are older than the window, up to the first one that is not."""
    if window_start is None:
        return NO_OLDER
    number = top = 0
    for message in sorted(page.messages, key=_message_id):
        # A stub's date is a guess, and date 0 is not a date: neither ends the window.
        if message.kind == "stub" or not 0 < message.date.timestamp() < window_start:
            break
        number, top = number + 1, message.message_id
    return OlderRun(number, top)


def _message_id(message: Message) -> int:
    return message.message_id
