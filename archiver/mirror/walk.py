"""Where a walk through a gap of the history has come, page by page. Pure; `backfill` asks and stores."""

from __future__ import annotations

from dataclasses import dataclass, replace

from archiver.mirror.step import NONE_OLDER, Step, keep_within, plan_page
from archiver.model.coverage import Interval
from archiver.model.record import HistoryPage
from archiver.store.channel import Mirrored


@dataclass(frozen=True, slots=True)
class PlannedGap:
    """A gap that is to be filled."""

    channel: Mirrored
    gap: Interval
    window_start: int | None
    """The date at which reading may end within the gap; None: all of the gap is wanted."""

    def cut(self, page: HistoryPage, lowest: int) -> HistoryPage:
        """A page without what lies below all that is wanted of it, where the channel has a window."""
        if self.channel.window_start is None or self.window_start is not None:
            return page
        return keep_within(page, lowest)


class Walk:
    """Goes down through a gap, and decides where its window ends."""

    def __init__(self, work: PlannedGap) -> None:
        self.work = work
        self.ended = False
        self._lo, self._hi = work.gap
        self._older = NONE_OLDER
        self._reach = 0
        """Down to which id there is no end of the window, because the server shows that it goes on."""

    @property
    def offset_id(self) -> int:
        """Where the next page begins."""
        return self._hi + 1

    @property
    def left(self) -> int:
        """How many ids of the gap were not looked at."""
        return 0 if self.ended else max(self._hi + 1 - self._lo, 0)

    def read(self, page: HistoryPage) -> Step:
        """What the page at `offset_id` means."""
        within = bool(self._reach) and self._hi >= self._reach
        step = plan_page(
            self.work.cut(page, self._lo),
            gap=(self._lo, self._hi),
            window_start=None if within else self.work.window_start,
            older=self._older,
        )
        return self._move(step, step.next_offset)

    def end_window(self, step: Step) -> Step:
        """The row of older messages at this step is the end."""
        return self._move(step.end_window(), None)

    def go_on(self, step: Step, reach: int) -> Step:
        """It is none, because the window goes on down to `reach` at least: all of it is read again, and kept."""
        self._reach = reach
        self._move(replace(step, older=NONE_OLDER), step.older.top + 1)
        return step

    def _move(self, step: Step, next_offset: int | None) -> Step:
        self.ended, self._older = next_offset is None, step.older
        if next_offset is not None:
            self._hi = next_offset - 1
        return step
