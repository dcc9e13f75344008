"""Reading the history: newest first, by uncovered interval, resumable at every page.

`plan_page` decides what a page proves (pure); `walk` fetches the next page while the last one is being written, one
request at a time. https://core.telegram.org/api/offsets
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import NamedTuple

import archiver.coverage as ids
from archiver.absence import expect_nothing_there
from archiver.apply import Stored
from archiver.coverage import Interval
from archiver.errors import Implausible, ServerFault
from archiver.ingest import Ingest, Outdated, Reading
from archiver.mirror.pages import Pages
from archiver.model.plausible import page_ids
from archiver.record import HistoryPage
from archiver.source import Source
from archiver.store.channel import Mirrored, find_channel
from archiver.store.coverage import BEFORE, list_coverage
from archiver.store.database import Database
from archiver.takeout.windows import walk_windows

RECENT = 1000
"""Ids below the top that are read again at once when the server would not tell what happened to them."""
OVERTAKEN = 3
"""How often in a row pages may come too late."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one page means: what to store, which ids it proves, where the window ends, where to go on."""

    page: HistoryPage
    proven: Interval | None
    floor_id: int | None
    """The highest id seen that is older than the window; None while the window goes on."""
    next_offset: int | None
    """Where the next page of this walk begins; None at its end."""


class Look(NamedTuple):
    """What came of reading the newest page."""

    stored: Stored
    pts: int
    """The channel's state that the page shows."""
    lowest: int
    """The lowest id of the page."""


def plan_page(page: HistoryPage, *, gap: Interval, window_start: int | None) -> Step:
    """Read a page that was asked for with offset_id = gap.hi + 1, to fill `gap`.

    The ids that came drive it: from the lowest of them up to the gap's upper end, each id is either in the page or
    absent now. A short page is no end; an empty one is.
    """
    lo, hi = gap
    if not page.messages and not page.empty_ids:
        return Step(page, (1, hi), None, None)
    lowest = page_ids(page)[-1]
    if lowest > hi:
        raise Implausible("answered with messages that were not asked for")
    older = _older_than_window(page, window_start)
    if older:
        kept = replace(page, messages=tuple(m for m in page.messages if m.message_id > older))
        return Step(kept, (older + 1, hi) if older < hi else None, older, None)
    return Step(page, (lowest, hi), None, lowest if lowest > lo else None)


def _older_than_window(page: HistoryPage, window_start: int | None) -> int | None:
    """The highest id of the run of too old messages at the page's old end; None when its oldest is in the window."""
    if window_start is None:
        return None
    older = None
    for message in sorted(page.messages, key=lambda m: m.message_id):
        # The date of a stub is a guess, and 1970 is none: they never end the window.
        if message.kind == "stub" or not 0 < message.date.timestamp() < window_start:
            break
        older = message.message_id
    return older


class Backfill:
    """Brings a channel's history in until nothing below its top is uncovered."""

    def __init__(self, source: Source, database: Database, ingest: Ingest) -> None:
        self._source = source
        self._pages = Pages(source)
        self._database = database
        self._ingest = ingest

    async def snapshot(self, channel: Mirrored, access_hash: int) -> Stored:
        """The newest page of a channel that has no pts yet. Its pts is where the differences begin."""
        page = await self._pages.fetch(channel, access_hash, 0)
        return await self._store_top(channel, access_hash, page, pts=page.pts)

    async def read_top(self, channel: Mirrored, access_hash: int) -> Stored:
        """The newest page of a channel whose differences cannot be had, for a caller who keeps others from storing.

        Raises ServerFault when it shows nothing.
        """
        page = await self._pages.fetch(channel, access_hash, 0)
        if not page_ids(page):
            raise ServerFault("the server shows nothing of it.", hint="Try again later.")
        return await self._store_top(channel, access_hash, page, alone=True)

    async def look_at_top(self, channel: Mirrored, access_hash: int, *, reading: Reading = "history") -> Look:
        """The newest page, because differences may not tell of all that happened there."""
        page = await self._pages.fetch(channel, access_hash, 0)
        stored = await self._store_top(channel, access_hash, page, reading=reading)
        return Look(stored, page.pts, min(page_ids(page), default=1))

    async def _store_top(
        self,
        channel: Mirrored,
        access_hash: int,
        page: HistoryPage,
        *,
        pts: int | None = None,
        reading: Reading = "history",
        alone: bool = False,
    ) -> Stored:
        newest = next(iter(page_ids(page)), 0)
        if not newest:
            await self._expect_nothing_there(channel, access_hash, channel.top_id)
            return await self._ingest.store_page(channel, page, proven=None, pts=pts, reading=reading)
        step = plan_page(page, gap=(1, newest), window_start=channel.window_start)
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
        progress: Callable[[Stored, int], None] | None = None,
    ) -> bool:
        """Fill the gaps, newest first: all, or so many pages. True when there is more to do.

        `stop` is asked after each page; `progress` hears of each page and how many ids are left to look at. Raises
        Outdated when the archive learns faster than the pages come, three times in a row.
        """
        overtaken = 0
        while (planned := await self._next_gap(channel_id)) is not None:
            channel, gap = planned
            try:
                async with aclosing(self._steps(channel, access_hash, gap, pages)) as steps:
                    async for step, left in steps:
                        stored = await self._store(channel, access_hash, step)
                        overtaken = 0
                        if progress:
                            progress(stored, left)
                        pages = None if pages is None else pages - 1
                        if stop() or pages == 0:
                            return await self._next_gap(channel_id) is not None
            except Outdated:
                overtaken += 1
                if overtaken > OVERTAKEN:
                    raise
        return False

    async def run_alone(
        self, channel_id: int, access_hash: int, *, progress: Callable[[Stored, int], None] | None = None
    ) -> bool:
        """One page, for a caller who sees to it that nothing else of the channel is stored meanwhile."""
        if (planned := await self._next_gap(channel_id)) is None:
            return False
        channel, gap = planned
        page = await self._pages.fetch(channel, access_hash, gap[1] + 1)
        step = plan_page(page, gap=gap, window_start=channel.window_start)
        stored = await self._store(channel, access_hash, step, alone=True)
        if progress:
            progress(stored, (step.next_offset or gap[0]) - gap[0])
        return await self._next_gap(channel_id) is not None

    async def has_gap(self, channel_id: int) -> bool:
        """Whether there is history to read."""
        return await self._next_gap(channel_id) is not None

    async def _next_gap(self, channel_id: int) -> tuple[Mirrored, Interval] | None:
        channel = await find_channel(self._database.connection, channel_id)
        if channel is None or channel.pts is None:
            return None
        covered = await list_coverage(self._database.connection, channel_id, channel.generation)
        before = await list_coverage(self._database.connection, channel_id, BEFORE) if channel.generation > 1 else ()
        gap = ids.next_gap(covered, before, channel.lowest_wanted, channel.top_id, newest=RECENT)
        return (channel, gap) if gap else None

    async def _store(self, channel: Mirrored, access_hash: int, step: Step, *, alone: bool = False) -> Stored:
        if not step.page.messages and not step.floor_id and step.proven:
            await self._expect_nothing_there(channel, access_hash, step.proven[1])
        return await self._ingest.store_page(
            channel, step.page, proven=step.proven, floor_id=step.floor_id, alone=alone
        )

    def _steps(
        self, channel: Mirrored, access_hash: int, gap: Interval, pages: int | None
    ) -> AsyncGenerator[tuple[Step, int], None]:
        """The steps that fill a gap, and how many ids of it are left then."""
        if self._source.at_once == 1:
            return self._walk(channel, access_hash, gap)

        async def read(part: Interval) -> Step:
            page = await self._pages.fetch(channel, access_hash, part[1] + 1)
            return plan_page(page, gap=part, window_start=channel.window_start)

        return walk_windows(read, gap, at_once=self._source.at_once, pages=pages)

    async def _walk(self, channel: Mirrored, access_hash: int, gap: Interval) -> AsyncGenerator[tuple[Step, int], None]:
        """The same, one page after the other; the next one is on its way while the consumer writes the last."""
        lo, hi = gap
        coming = asyncio.create_task(self._pages.fetch(channel, access_hash, hi + 1), name="backfill page")
        try:
            while True:
                step = plan_page(await coming, gap=(lo, hi), window_start=channel.window_start)
                if step.next_offset is not None:
                    hi = step.next_offset - 1
                    coming = asyncio.create_task(
                        self._pages.fetch(channel, access_hash, step.next_offset), name="backfill page"
                    )
                yield step, (step.next_offset or lo) - lo
                if step.next_offset is None:
                    return
        finally:
            coming.cancel()
            await asyncio.wait([coming])
            if not coming.cancelled():
                coming.exception()  # told already, or of a page that nobody waits for any more

    async def _expect_nothing_there(self, channel: Mirrored, access_hash: int, hi: int) -> None:
        await expect_nothing_there(
            self._source, self._database, self._ingest, channel, access_hash=access_hash, within=(1, hi)
        )
