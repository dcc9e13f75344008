"""Reading one gap of a history at several places at once, newest first as far as that goes.

The gap is cut into windows from its top; each is walked page by page, and the pages come out as they arrive. What a
page proves does not depend on the others: overlaps melt together in the coverage. `Windows` decides, `walk_windows`
asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TYPE_CHECKING

from archiver.model.coverage import Interval

if TYPE_CHECKING:
    from archiver.mirror.step import Step

PAGES = 20
"""Pages of a window, about: few, so that the newest come first; several, because the last one may overlap."""
FIRST = 100
"""Ids of a page, as long as none has come: those of a channel in which nothing was deleted."""


class Windows:
    """Which part of a gap to ask for next. Pure."""

    def __init__(self, gap: Interval) -> None:
        self._lo, self._top = gap
        """What was not handed out yet: down to the gap's end, from here."""
        self._resting: list[Interval] = []
        """What is left of windows that nobody reads at this moment."""
        self._reading: list[Interval] = []
        self._page = float(FIRST)

    @property
    def left(self) -> int:
        """How many ids are still to be looked at."""
        parts = [*self._resting, *self._reading, (self._lo, self._top)]
        return sum(max(hi - lo + 1, 0) for lo, hi in parts)

    def take(self) -> Interval | None:
        """The highest part that nobody reads; its first page is to be asked for. None: there is none."""
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
        """Record a page that settles the part from `lowest` up; `ended`: there is nothing to read below."""
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
    """The steps that fill a gap, each with the number of ids left then; `pages` limits them.

    `read` asks for the first page of a part; what it raises ends the walk.
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
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)
        for task in running:
            if not task.cancelled():
                task.exception()  # of a page that nobody waits for any more


async def _run(read: Callable[[Interval], Awaitable[Step]], part: Interval) -> Step:
    return await read(part)


def _lowest(step: Step, part: Interval) -> int:
    return step.next_offset or (step.proven[0] if step.proven else part[0])


def _has_ended(step: Step, part: Interval) -> bool:
    """Whether the window of time, or the history itself, ends within this part."""
    return step.floor_id is not None or not (step.page.messages or step.page.empty_ids)
