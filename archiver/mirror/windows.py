"""Read one gap of a history at several places concurrently, roughly newest first.

The gap is cut into windows from its top; each is walked page by page, and pages are yielded as they arrive. What a page
proves does not depend on the others: overlaps merge in the coverage. `Windows` decides, `walk_windows` fetches.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TYPE_CHECKING

from archiver.model.coverage import Interval
from archiver.pacing.tasks import cancel_all

if TYPE_CHECKING:
    from archiver.mirror.step import Step

PAGES = 20
"""Approximate pages per window: few, so that the newest come first; several, because the last one may overlap."""
FIRST = 100
"""Ids per page before the first one arrives: as in a channel without deletions."""


class Windows:
    """Decides which part of a gap to read next. Pure."""

    def __init__(self, gap: Interval) -> None:
        self._lo, self._top = gap
        """The part of the gap not handed out yet."""
        self._resting: list[Interval] = []
        """Remainders of windows that are not being read at the moment."""
        self._reading: list[Interval] = []
        self._page = float(FIRST)

    @property
    def left(self) -> int:
        """Number of ids still to read."""
        parts = [*self._resting, *self._reading, (self._lo, self._top)]
        return sum(max(hi - lo + 1, 0) for lo, hi in parts)

    def take(self) -> Interval | None:
        """Take the highest part that is not being read, to fetch its first page; None if there is none."""
        if self._resting:
            part = max(self._resting)
            self._resting.remove(part)
        elif self._top < self._lo:
            return None
        else:
            part = max(self._lo, self._top - int(self._page * PAGES) + 1), self._top
            self._top = part[0] - 1
        self._reading.append(part)
        return part

    def note(self, part: Interval, lowest: int, *, ended: bool) -> None:
        """Record a page that settles the part from `lowest` up. `ended`: there is nothing to read below."""
        self._reading.remove(part)
        lo, hi = part
        if ended:
            self._top = min(self._top, self._lo - 1)
            self._resting = [one for one in self._resting if one[0] > hi]
            return
        self._page = max((self._page + (hi - lowest + 1)) / 2, FIRST)
        if lowest > lo:
            self._resting.append((lo, lowest - 1))
        elif self._top == lo - 1:
            self._top = min(self._top, lowest - 1)


async def walk_windows(
    read: Callable[[Interval], Awaitable[Step]], gap: Interval, *, at_once: int, pages: int | None
) -> AsyncGenerator[tuple[Step, int], None]:
    """Yield the steps that fill a gap, each with the number of ids left; at most `pages` of them.

    `read` fetches the first page of a part; its errors end the walk.
    """
    windows, running = Windows(gap), dict[asyncio.Task["Step"], Interval]()
    spare = pages

    def go_on() -> None:
        nonlocal spare
        while len(running) < at_once and spare != 0 and (part := windows.take()) is not None:
            running[asyncio.create_task(_run(read, part), name="backfill page")] = part
            spare = None if spare is None else spare - 1

    try:
        go_on()
        while running:
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            steps = [(running.pop(task), task.result()) for task in sorted(done, key=running.__getitem__, reverse=True)]
            for part, step in steps:
                windows.note(part, _lowest(step, part), ended=_has_ended(step, part))
            go_on()
            for _, step in steps:
                yield step, windows.left
    finally:
        await cancel_all(running)  # pages that are no longer needed


async def _run(read: Callable[[Interval], Awaitable[Step]], part: Interval) -> Step:
    return await read(part)


def _lowest(step: Step, part: Interval) -> int:
    return step.next_offset or (step.proven[0] if step.proven else part[0])


def _has_ended(step: Step, part: Interval) -> bool:
    """Whether the window of time, or the history itself, ends within this part."""
    return step.floor_id is not None or not (step.page.messages or step.page.empty_ids)
