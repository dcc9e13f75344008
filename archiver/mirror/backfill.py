"""Read a channel's history: newest first, gap by gap, resumable at every page.

`step` decides what a page proves (pure); `_walk` fetches the next page while the last one is being written, one request
at a time. https://core.telegram.org/api/offsets
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any, NamedTuple

import archiver.model.coverage as ids
from archiver.errors import ServerFault
from archiver.ids import AccessHash, ChannelId
from archiver.mirror.confirm_absence import mark_confirmed_missing
from archiver.mirror.ingest import Ingest, Outdated, Reading
from archiver.mirror.pages import Pages
from archiver.mirror.source import Source
from archiver.mirror.step import Step, plan_page, plan_top
from archiver.mirror.walk import PlannedGap, Walk
from archiver.mirror.windows import walk_windows
from archiver.mirror.write_changes import StoredCounts
from archiver.model.coverage import Interval
from archiver.model.plausible import page_ids
from archiver.model.record import HistoryPage, Message
from archiver.store.channels.channel import Mirrored, find_channel
from archiver.store.channels.coverage import BEFORE, list_coverage
from archiver.store.database import Database

RECENT = 1000
"""Number of newest ids that are read first after a "too long"."""
MAX_OVERTAKEN = 3
"""How many pages in a row may be outdated when they arrive."""


class TopCheck(NamedTuple):
    """The result of reading the newest page."""

    stored: StoredCounts
    pts: int
    """The channel's pts when the page was served."""
    lowest: int
    """The lowest id of the page."""


class Backfill:
    """Reads a channel's history until every id below its top is covered."""

    def __init__(self, source: Source, database: Database, ingest: Ingest) -> None:
        self._source = source
        self._pages = Pages(source)
        self._database = database
        self._ingest = ingest

    async def snapshot(self, channel: Mirrored, access_hash: AccessHash) -> StoredCounts:
        """Store the newest page of a channel without a pts. Differences start from the page's pts."""
        page = await self._pages.fetch(channel, access_hash, 0)
        return await self._store_top(channel, access_hash, page, pts=page.pts)

    async def read_top(self, channel: Mirrored, access_hash: AccessHash) -> StoredCounts:
        """Store the newest page of a channel whose differences fail. The caller holds the channel's lock.

        Raises ServerFault if the page is empty.
        """
        page = await self._pages.fetch(channel, access_hash, 0)
        if not page_ids(page):
            raise ServerFault("the server shows no messages in it.", hint="Try again later.")
        return await self._store_top(channel, access_hash, page, exclusive=True)

    async def check_top(self, channel: Mirrored, access_hash: AccessHash, *, reading: Reading = "history") -> TopCheck:
        """Store the newest page, because differences may miss changes in it."""
        page = await self._pages.fetch(channel, access_hash, 0)
        stored = await self._store_top(channel, access_hash, page, reading=reading)
        return TopCheck(stored, page.pts, min(page_ids(page), default=1))

    async def _store_top(
        self,
        channel: Mirrored,
        access_hash: AccessHash,
        page: HistoryPage,
        *,
        pts: int | None = None,
        reading: Reading = "history",
        exclusive: bool = False,
    ) -> StoredCounts:
        newest = next(iter(page_ids(page)), 0)
        if not newest:
            await self._mark_confirmed_missing(channel, access_hash, channel.top_id)
            return await self._ingest.store_page(channel, page, proven=None, pts=pts, reading=reading)
        step = plan_top(page, newest=newest, floor_id=channel.floor_id, window_start=channel.window_start)
        if reading == "audit" and newest < channel.top_id and page.pts >= (channel.pts or 0):
            # Either the archived messages above the newest one are deleted, or the page is wrong.
            await self._mark_confirmed_missing(channel, access_hash, channel.top_id, lo=newest + 1, shown=page.messages)
        return await self._ingest.store_page(
            channel,
            step.page,
            proven=step.proven,
            pts=pts,
            top_id=newest,
            floor_id=step.floor_id,
            reading=reading,
            exclusive=exclusive,
        )

    async def run(
        self,
        channel_id: ChannelId,
        access_hash: AccessHash,
        *,
        pages: int | None = None,
        stop: Callable[[], bool] = lambda: False,
        progress: Callable[[StoredCounts, int], None] | None = None,
    ) -> bool:
        """Fill the gaps, newest first: all of them, or up to `pages` pages. True if there is more to do.

        `stop` is called after each page; `progress` with each page's changes and the number of ids left. Raises
        Outdated if the archive overtakes the pages more than MAX_OVERTAKEN times in a row.
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
                        # Finish a run of older messages: only its end shows what it means, and it is short.
                        if stop() or (pages is not None and pages <= 0 and not step.older.number):
                            return await self._next_gap(channel_id) is not None
            except Outdated:
                overtaken += 1
                if overtaken > MAX_OVERTAKEN:
                    raise
        return False

    async def run_exclusive(
        self,
        channel_id: ChannelId,
        access_hash: AccessHash,
        *,
        progress: Callable[[StoredCounts, int], None] | None = None,
    ) -> bool:
        """Read one page. The caller holds the channel's lock, so that nothing else of it is stored meanwhile."""
        if (planned := await self._next_gap(channel_id)) is None:
            return False
        async with aclosing(self._walk(planned, access_hash, ahead=False)) as steps:
            async for step, left in steps:
                stored = await self._store(planned.channel, access_hash, step, exclusive=True)
                if progress:
                    progress(stored, left)
                if not step.older.number:
                    break
        return await self._next_gap(channel_id) is not None

    async def has_gap(self, channel_id: ChannelId) -> bool:
        """Whether some of the history is not covered yet."""
        return await self._next_gap(channel_id) is not None

    async def _next_gap(self, channel_id: ChannelId) -> PlannedGap | None:
        channel = await self._database.read(find_channel, channel_id)
        if channel is None or channel.pts is None:
            return None
        covered = await self._database.read(list_coverage, channel_id, channel.generation)
        before = await self._database.read(list_coverage, channel_id, BEFORE) if channel.generation > 1 else ()
        gap = ids.next_gap(covered, before, channel.lowest_wanted, channel.top_id, newest=RECENT)
        if gap is None:
            return None
        ends_above = channel.floor_id or ids.contains(covered, gap[0] - 1)
        return PlannedGap(channel, gap, None if ends_above else channel.window_start)

    async def _store(
        self, channel: Mirrored, access_hash: AccessHash, step: Step, *, exclusive: bool = False
    ) -> StoredCounts:
        if not step.page.messages and not step.floor_id and not step.older.number and step.proven:
            await self._mark_confirmed_missing(channel, access_hash, step.proven[1])
        return await self._ingest.store_page(
            channel, step.page, proven=step.proven, floor_id=step.floor_id, exclusive=exclusive
        )

    async def _steps(
        self, planned: PlannedGap, access_hash: AccessHash, pages: int | None
    ) -> AsyncGenerator[tuple[Step, int], None]:
        """Yield the steps that fill a gap, each with the number of ids left."""
        gap, at_once = planned.gap, self._source.at_once
        if at_once > 1 and planned.window_start is not None:
            # Only the end of the window has to be found page by page; what is surely inside is read concurrently.
            oldest = await self._pages.find_older(planned.channel, access_hash, planned.window_start)
            gap = max(gap[0], oldest + 1), gap[1]
        if at_once == 1 or gap[0] > gap[1]:
            steps = self._walk(planned, access_hash)
        else:
            steps = walk_windows(self._reading(planned, access_hash, gap[0]), gap, at_once=at_once, pages=pages)
        async with aclosing(steps):
            async for step, left in steps:
                yield step, left

    def _reading(
        self, planned: PlannedGap, access_hash: AccessHash, lowest: int
    ) -> Callable[[Interval], Awaitable[Step]]:
        async def read(part: Interval) -> Step:
            page = await self._pages.fetch(planned.channel, access_hash, part[1] + 1)
            return plan_page(planned.cut(page, lowest), gap=part, window_start=None)

        return read

    async def _walk(
        self, planned: PlannedGap, access_hash: AccessHash, *, ahead: bool = True
    ) -> AsyncGenerator[tuple[Step, int], None]:
        """Yield the same steps, reading one page at a time. `ahead`: fetch the next while the last is written."""
        walk = Walk(planned)

        def fetch() -> asyncio.Task[HistoryPage]:
            return asyncio.create_task(
                self._pages.fetch(planned.channel, access_hash, walk.offset_id), name="backfill page"
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
                coming.exception()  # already raised, or of a page that is no longer needed

    async def _end_window(self, walk: Walk, step: Step, access_hash: AccessHash) -> Step:
        """End the window at a run of older messages, unless the server shows some of the window below it."""
        channel, start = walk.planned.channel, walk.planned.window_start
        assert start is not None
        assert step.next_offset is not None
        reach = await self._pages.find_reach(channel, access_hash, start, lowest=step.next_offset)
        return walk.end_window(step) if reach >= step.next_offset else walk.extend_window(step, reach)

    async def _mark_confirmed_missing(
        self, channel: Mirrored, access_hash: AccessHash, hi: int, *, lo: int = 1, shown: Sequence[Message] = ()
    ) -> None:
        how: dict[str, Any] = {"access_hash": access_hash, "within": (lo, hi), "shown": shown}
        await mark_confirmed_missing(self._source, self._database, self._ingest, channel, **how)
