"""What one page of the history proves, and where the window ends. Pure.

Messages rise by id; their dates mostly do, and nothing promises it. So an old message does not end the window
(`add --since`): only ENOUGH of them in a row may, with nothing newer between. Those at a page's old end are left out,
unproven, until the pages below show whether they are the beginning of such a row. If not, they are a gap like any
other, and are fetched with the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from archiver.errors import Implausible
from archiver.model.coverage import Interval
from archiver.model.plausible import cut_page, page_ids
from archiver.model.record import HistoryPage, Message

ENOUGH = 100
"""Messages in a row, all of them older than the window, after which it may end: a page of them."""


class OlderRun(NamedTuple):
    """Messages in a row that are older than the window, down to where the reading has come."""

    number: int = 0
    top: int = 0
    """The highest of their ids."""

    @property
    def enough(self) -> bool:
        """Whether the window may end here."""
        return self.number >= ENOUGH


NONE_OLDER = OlderRun()


@dataclass(frozen=True, slots=True)
class Step:
    """What one page means: what to store, which ids it proves, where the window ends, where to go on."""

    page: HistoryPage
    proven: Interval | None
    floor_id: int | None
    """The highest id that is older than the window; None while the window goes on."""
    next_offset: int | None
    """Where the next page of this walk begins; None at its end."""
    older: OlderRun = NONE_OLDER
    """What was left out at the page's old end, and above it: nothing is proved of it yet."""

    def end_window(self) -> Step:
        """The same, where the row of older messages is the end of the window."""
        return replace(self, floor_id=self.older.top, next_offset=None)


def plan_page(page: HistoryPage, *, gap: Interval, window_start: int | None, older: OlderRun = NONE_OLDER) -> Step:
    """Read a page that was asked for with offset_id = gap.hi + 1, to fill `gap`.

    The ids that came drive it: from the lowest of them up to the gap's upper end, each id is either in the page or
    absent now. A short page is no end; an empty one is. `older`: the row that reaches down to this page.
    """
    lo, hi = gap
    if not page.messages and not page.empty_ids:
        return Step(page, None, older.top, None) if older.number else Step(page, (1, hi), None, None)
    lowest = page_ids(page)[-1]
    if lowest > hi:
        raise Implausible("answered with messages that were not asked for")
    tail = _older_tail(page, window_start)
    if not tail.number:
        return Step(page, (lowest, hi), None, lowest if lowest > lo else None)
    kept = tuple(message for message in page.messages if message.message_id > tail.top)
    row = tail if kept else OlderRun(older.number + tail.number, older.top or tail.top)
    above = (tail.top + 1, hi) if tail.top < hi and row.top == tail.top else None
    step = Step(replace(page, messages=kept), above, None, lowest, row)
    return step.end_window() if lowest == 1 else step


def plan_top(page: HistoryPage, *, newest: int, floor_id: int | None, window_start: int | None) -> Step:
    """Read the newest page of a history. `floor_id`: up to which id it is known to be older than the window."""
    if not floor_id:
        return plan_page(page, gap=(1, newest), window_start=window_start)
    lowest = max(page_ids(page)[-1], floor_id + 1)
    return Step(cut_page(page, lowest), (lowest, newest) if lowest <= newest else None, None, None)


def keep_within(page: HistoryPage, lowest: int) -> HistoryPage:
    """The page down to this id; all of it where nothing of it is above."""
    kept = cut_page(page, lowest)
    return kept if kept.messages or kept.empty_ids else page


def _older_tail(page: HistoryPage, window_start: int | None) -> OlderRun:
    """The messages at the page's old end that are older than the window, up to the first that is not."""
    if window_start is None:
        return NONE_OLDER
    number = top = 0
    for message in sorted(page.messages, key=_message_id):
        # The date of a stub is a guess, and 1970 is none: they never end the window.
        if message.kind == "stub" or not 0 < message.date.timestamp() < window_start:
            break
        number, top = number + 1, message.message_id
    return OlderRun(number, top)


def _message_id(message: Message) -> int:
    return message.message_id
