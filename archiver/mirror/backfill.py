"""Reading the history: newest first, by uncovered interval, resumable at every page.

`mirror/step.py` decides what a page proves (pure); `_walk` fetches the next page while the last one is being written,
one request at a time. https://core.telegram.org/api/offsets
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any, NamedTuple

import archiver.model.coverage as ids
from archiver.errors import ServerFault
from archiver.mirror.apply import StoredCounts
from archiver.mirror.confirm_absence import mark_confirmed_missing
from archiver.mirror.ingest import Ingest, Outdated, Reading
from archiver.mirror.pages import Pages
from archiver.mirror.source import Source
from archiver.mirror.step import Step, plan_page, plan_top
from archiver.mirror.walk import PlannedGap, Walk
from archiver.mirror.windows import walk_windows
from archiver.model.coverage import Interval
from archiver.model.plausible import page_ids
from archiver.model.record import HistoryPage, Message
from archiver.store.channel import Mirrored, find_channel
from archiver.store.coverage import BEFORE, list_coverage
from archiver.store.database import Database

RECENT = 1000
"""Ids below the top that are read again at once when the server would not tell what happened to them."""
OVERTAKEN = 3
"""How often in a row pages may come too late."""


class TopCheck(NamedTuple):
    """What came of reading the newest page."""

    stored: StoredCounts
    pts: int
    """The channel's state that the page shows."""
    lowest: int
    """The lowest id of the page."""


class Backfill:
    """Brings a channel's history in until nothing below its top is uncovered."""

    def __init__(self, source: Source, database: Database, ingest: Ingest) -> None:
        self._source = source
        self._pages = Pages(source)
        self._database = database
        self._ingest = ingest

    async def snapshot(self, channel: Mirrored, access_hash: int) -> StoredCounts:
        """The newest page of a channel that has no pts yet. Its pts is where the differences begin."""
        page = await self._pages.fetch(channel, access_hash, 0)
        return await self._store_top(channel, access_hash, page, pts=page.pts)

    async def read_top(self, channel: Mirrored, access_hash: int) -> StoredCounts:
        """The newest page of a channel whose differences cannot be had, for a caller who keeps others from storing.

        Raises ServerFault when it shows nothing.
        """
        page = await self._pages.fetch(channel, access_hash, 0)
        if not page_ids(page):
            raise ServerFault("the server shows nothing of it.", hint="Try again later.")
        return await self._store_top(channel, access_hash, page, alone=True)

    async def check_top(self, channel: Mirrored, access_hash: int, *, reading: Reading = "history") -> TopCheck:
        """The newest page, because differences may not tell of all that happened there."""
        page = await self._pages.fetch(channel, access_hash, 0)
        stored = await self._store_top(channel, access_hash, page, reading=reading)
        return TopCheck(stored, page.pts, min(page_ids(page), default=1))

    async def _store_top(
        self,
        channel: Mirrored,
        access_hash: int,
        page: HistoryPage,
        *,
        pts: int | None = None,
        reading: Reading = "history",
        alone: bool = False,
    ) -> StoredCounts:
        newest = next(iter(page_ids(page)), 0)
        if not newest:
            await self._mark_confirmed_missing(channel, access_hash, channel.top_id)
            return await self._ingest.store_page(channel, page, proven=None, pts=pts, reading=reading)
        step = plan_top(page, newest=newest, floor_id=channel.floor_id, window_start=channel.window_start)
        if reading == "audit" and newest < channel.top_id and page.pts >= (channel.pts or 0):
            # What is held above the newest message is gone, or the page is false.
            await self._mark_confirmed_missing(channel, access_hash, channel.top_id, lo=newest + 1, shown=page.messages)
        return await self._ingest.store_page(
            channel,
            step.page,
            proven=step.proven,
            pts=pts,
            top_id=newest,
            floor_id=step.floor_id,
            reading=reading,
            alone=alone,
        )

    async def run(
        self,
        channel_id: int,
        access_hash: int,
        *,
        pages: int | None = None,
        stop: Callable[[], bool] = lambda: False,
        progress: Callable[[StoredCounts, int], None] | None = None,
    ) -> bool:
        """Fill the gaps, newest first: all, or so many pages. True when there is more to do.

        `stop` is asked after each page; `progress` hears of each page and how many ids are left to look at. Raises
        Outdated when the archive learns faster than the pages come, three times in a row.
        """
        overtaken = 0
        while (planned := await self._next_gap(channel_id)) is not None:
            try:
                async with aclosing(self._steps(planned, access_hash, pages)) as steps:
                    async for step, left in steps:
                        stored = await self._store(planned.channel, access_hash, step)
                        overtaken = 0
                        if progress:
                            progress(stored, left)
                        pages = None if pages is None else pages - 1
                        # What a row of older messages means shows at its end only; it is short.
                        if stop() or (pages is not None and pages <= 0 and not step.older.number):
                            return await self._next_gap(channel_id) is not None
            except Outdated:
                overtaken += 1
                if overtaken > OVERTAKEN:
                    raise
        return False

    async def run_alone(
        self, channel_id: int, access_hash: int, *, progress: Callable[[StoredCounts, int], None] | None = None
    ) -> bool:
        """One page, for a caller who sees to it that nothing else of the channel is stored meanwhile."""
        if (planned := await self._next_gap(channel_id)) is None:
            return False
        async with aclosing(self._walk(planned, access_hash, ahead=False)) as steps:
            async for step, left in steps:
                stored = await self._store(planned.channel, access_hash, step, alone=True)
                if progress:
                    progress(stored, left)
                if not step.older.number:
                    break
        return await self._next_gap(channel_id) is not None

    async def has_gap(self, channel_id: int) -> bool:
        """Whether there is history to read."""
        return await self._next_gap(channel_id) is not None

    async def _next_gap(self, channel_id: int) -> PlannedGap | None:
        channel = await find_channel(self._database.connection, channel_id)
        if channel is None or channel.pts is None:
            return None
        covered = await list_coverage(self._database.connection, channel_id, channel.generation)
        before = await list_coverage(self._database.connection, channel_id, BEFORE) if channel.generation > 1 else ()
        gap = ids.next_gap(covered, before, channel.lowest_wanted, channel.top_id, newest=RECENT)
        if gap is None:
            return None
        ends_above = channel.floor_id or ids.contains(covered, gap[0] - 1)
        return PlannedGap(channel, gap, None if ends_above else channel.window_start)

    async def _store(self, channel: Mirrored, access_hash: int, step: Step, *, alone: bool = False) -> StoredCounts:
        if not step.page.messages and not step.floor_id and not step.older.number and step.proven:
            await self._mark_confirmed_missing(channel, access_hash, step.proven[1])
        return await self._ingest.store_page(
            channel, step.page, proven=step.proven, floor_id=step.floor_id, alone=alone
        )

    async def _steps(
        self, work: PlannedGap, access_hash: int, pages: int | None
    ) -> AsyncGenerator[tuple[Step, int], None]:
        """The steps that fill a gap, and how many ids of it are left then."""
        gap, at_once = work.gap, self._source.at_once
        if at_once > 1 and work.window_start is not None:
            # Where the window ends is found page by page; all that is surely within it need not be.
            oldest = await self._pages.find_older(work.channel, access_hash, work.window_start)
            gap = max(gap[0], oldest + 1), gap[1]
        if at_once == 1 or gap[0] > gap[1]:
            steps = self._walk(work, access_hash)
        else:
            steps = walk_windows(self._reading(work, access_hash, gap[0]), gap, at_once=at_once, pages=pages)
        async with aclosing(steps):
            async for step, left in steps:
                yield step, left

    def _reading(self, work: PlannedGap, access_hash: int, lowest: int) -> Callable[[Interval], Awaitable[Step]]:
        async def read(part: Interval) -> Step:
            page = await self._pages.fetch(work.channel, access_hash, part[1] + 1)
            return plan_page(work.cut(page, lowest), gap=part, window_start=None)

        return read

    async def _walk(
        self, work: PlannedGap, access_hash: int, *, ahead: bool = True
    ) -> AsyncGenerator[tuple[Step, int], None]:
        """The same, one page after the other. `ahead`: the next one is on its way while the last is written."""
        walk = Walk(work)

        def fetch() -> asyncio.Task[HistoryPage]:
            return asyncio.create_task(
                self._pages.fetch(work.channel, access_hash, walk.offset_id), name="backfill page"
            )

        coming = fetch()
        try:
            while True:
                step = walk.read(await coming)
                if step.older.enough and step.next_offset is not None:
                    step = await self._end_window(walk, step, access_hash)
                if ahead and not walk.ended:
                    coming = fetch()
                yield step, walk.left
                if walk.ended:
                    return
                if not ahead:
                    coming = fetch()
        finally:
            coming.cancel()
            await asyncio.wait([coming])
            if not coming.cancelled():
                coming.exception()  # told already, or of a page that nobody waits for any more

    async def _end_window(self, walk: Walk, step: Step, access_hash: int) -> Step:
        """A row of older messages is the end, unless the server shows some of the window below."""
        channel, start = walk.work.channel, walk.work.window_start
        assert start is not None
        assert step.next_offset is not None
        reach = await self._pages.find_reach(channel, access_hash, start, lowest=step.next_offset)
        return walk.end_window(step) if reach >= step.next_offset else walk.go_on(step, reach)

    async def _mark_confirmed_missing(
        self, channel: Mirrored, access_hash: int, hi: int, *, lo: int = 1, shown: Sequence[Message] = ()
    ) -> None:
        how: dict[str, Any] = {"access_hash": access_hash, "within": (lo, hi), "shown": shown}
        await mark_confirmed_missing(self._source, self._database, self._ingest, channel, **how)
