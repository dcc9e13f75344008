"""The state of a walk down through one gap of the history. Pure; `backfill` fetches and stores."""

from __future__ import annotations

from dataclasses import dataclass, replace

from archiver.mirror.step import NO_OLDER, Step, keep_within, plan_page
from archiver.model.coverage import Interval
from archiver.model.record import HistoryPage
from archiver.store.channels.channel import Mirrored


@dataclass(frozen=True, slots=True)
class PlannedGap:
    """A gap to fill."""

    channel: Mirrored
    gap: Interval
    window_start: int | None
    """The date at which the window may end within the gap; None: all of the gap is wanted."""

    def cut(self, page: HistoryPage, lowest: int) -> HistoryPage:
        """The page without its part below `lowest`, if all of the gap is within the channel's window."""
        if self.channel.window_start is None or self.window_start is not None:
            return page
        return keep_within(page, lowest)


class Walk:
    """Walks down through a gap, and decides where the window ends."""

    def __init__(self, planned: PlannedGap) -> None:
        self.planned = planned
        self.ended = False
        self._lo, self._hi = planned.gap
        self._older = NO_OLDER
        self._reach = 0
        """The window does not end above this id, because the server shows newer messages there."""

    @property
    def offset_id(self) -> int:
        """The offset of the next page."""
        return self._hi + 1

    @property
    def left(self) -> int:
        """Number of ids of the gap not read yet."""
        return 0 if self.ended else max(self._hi + 1 - self._lo, 0)

    def read(self, page: HistoryPage) -> Step:
        """Interpret the page at `offset_id`, and move on."""
        within = bool(self._reach) and self._hi >= self._reach
        step = plan_page(
            self.planned.cut(page, self._lo),
            gap=(self._lo, self._hi),
            window_start=None if within else self.planned.window_start,
            older=self._older,
        )
        return self._move(step, step.next_offset)

    def end_window(self, step: Step) -> Step:
        """End the window at the run of older messages of this step."""
        return self._move(step.end_window(), None)

    def extend_window(self, step: Step, reach: int) -> Step:
        """Continue, because the window reaches down to at least `reach`: the run is read again, and kept."""
        self._reach = reach
        self._move(replace(step, older=NO_OLDER), step.older.top + 1)
        return step

    def _move(self, step: Step, next_offset: int | None) -> Step:
        self.ended, self._older = next_offset is None, step.older
        if next_offset is not None:
            self._hi = next_offset - 1
        return step
