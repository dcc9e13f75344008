"""Read ids of one channel again, a page at a time.

A message is only marked as missing if the answer skips it between messages that exist, or reports it as empty next to
one that exists: an inaccessible channel looks empty, too.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeAlias

from archiver.ids import AccessHash, ChannelId
from archiver.mirror.confirm_absence import mark_confirmed_missing
from archiver.mirror.ingest import Ingest, Outdated
from archiver.mirror.pages import Pages
from archiver.mirror.source import Source
from archiver.mirror.step import plan_page
from archiver.mirror.write_changes import StoredCounts
from archiver.model import coverage
from archiver.model.coverage import Interval
from archiver.store.channels.channel import Mirrored, find_channel
from archiver.store.channels.coverage import list_coverage
from archiver.store.channels.extent import list_claims
from archiver.store.channels.review import WindowCount, find_surplus
from archiver.store.channels.server_count import note_unexplained
from archiver.store.database import Database, Writer

Progress: TypeAlias = Callable[[StoredCounts, int], None]
"""Called with the changes of each stored answer, and the number of ids left to read."""

TRIES = 3
"""How often a page may be outdated before it is left for another time."""
MOST_PAGES = 5_000
"""Pages that one sync reads again because of a differing count: an hour and a half at one per second."""
SMALL = 2_000
"""Channels up to this many ids are read again at every sync while their count differs; larger ones only until the
difference is accepted."""


class Rereader:
    """Reads pages of one channel again."""

    def __init__(
        self, source: Source, database: Database, ingest: Ingest, channel_id: ChannelId, access_hash: AccessHash
    ) -> None:
        self._source = source
        self._database = database
        self._ingest = ingest
        self._pages = Pages(source)
        self._channel_id = channel_id
        self._access_hash = access_hash
        self._stored = StoredCounts()
        """Changes of the last page."""
        self._changed = False
        """Whether a page changed something since the counts were last compared."""
        self._window: WindowCount | None = None
        """The server's count within the window, if the channel has one."""

    async def read(self, lo: int, hi: int) -> Interval | None:
        """Read a page of the newest ids of [lo, hi]; None if the channel cannot be reviewed now.

        Returns the ids that are done; those not covered are left to backfill. Raises Outdated if the page is outdated
        TRIES times.
        """
        tries = 0
        while True:
            channel = await self._database.read(find_channel, self._channel_id)
            if channel is None or channel.state == "removed" or channel.pts is None:
                return None
            covered = await self._database.read(list_coverage, self._channel_id, channel.generation)
            parts = coverage.clip(covered, lo, hi)
            if not parts:
                return lo, hi
            try:
                return await self._read_part(channel, parts[-1]), hi
            except Outdated:
                tries += 1
                if tries == TRIES:
                    raise

    async def _read_part(self, channel: Mirrored, part: Interval) -> int:
        """Store a page of the newest ids of a covered part; return the lowest id it accounts for."""
        page = await self._pages.fetch(channel, self._access_hash, part[1] + 1)
        proven = plan_page(page, gap=part, window_start=None).proven or part
        lo, hi = max(part[0], proven[0]), part[1]
        shown = tuple(message for message in page.messages if lo <= message.message_id <= hi)
        if not shown:
            await mark_confirmed_missing(
                self._source,
                self._database,
                self._ingest,
                channel,
                access_hash=self._access_hash,
                within=(lo, hi),
                shown=page.messages,
                reading="audit",
            )
        self._stored = await self._ingest.store_page(
            channel, replace(page, messages=shown), proven=(lo, hi), reading="audit"
        )
        return lo

    async def follow_changes(self, channel: Mirrored, hi: int, progress: Progress) -> None:
        """Read downwards from `hi` until a page agrees with the archive."""
        await self._read_down(channel, hi, progress, until=self._is_as_held)

    async def explain_count(self, channel: Mirrored, progress: Progress, *, counted: int | None = None) -> int | None:
        """How many more messages the server counts than it shows; a new difference has everything read again first.

        None if that cannot be compared: not all is fetched, or the channel changed meanwhile. `counted`: the server's
        count within the window, if the channel has one.
        """
        if channel.floor_id:
            self._window = None if counted is None else WindowCount(counted, channel.floor_id, channel.pts or 0)
        await self._settle_claims(channel, progress)
        surplus = await self._find_surplus()
        if not surplus or (surplus == channel.accepted_count and channel.top_id > SMALL):
            return surplus
        if not await self._read_down(channel, channel.top_id, progress, until=self._is_explained):
            return await self._find_surplus()

        def act(conn: Writer) -> int | None:
            left = find_surplus(conn, self._channel_id, self._window)
            if left is not None:
                note_unexplained(conn, self._channel_id, left or None)
            return left

        return await self._database.write(act)

    async def _settle_claims(self, channel: Mirrored, progress: Progress) -> None:
        """Read the pages again that had no message where an import of an export made later has one."""
        lowest, hi = channel.lowest_wanted, channel.top_id
        for _ in range(MOST_PAGES):
            claims = await self._database.read(list_claims, self._channel_id, lowest, hi)
            if not claims or (read := await self.read(lowest, claims[-1][1])) is None:
                return
            progress(self._stored, read[0] - lowest)
            hi = read[0] - 1

    async def _read_down(
        self, channel: Mirrored, hi: int, progress: Progress, *, until: Callable[[], Awaitable[bool]]
    ) -> bool:
        """Read everything covered up to `hi`, newest first, at most MOST_PAGES; False if it ended early."""
        lowest = channel.lowest_wanted
        for _ in range(MOST_PAGES):
            if hi < lowest:
                return True
            read = await self.read(lowest, hi)
            if read is None:
                return False
            progress(self._stored, read[0] - lowest)
            if await until():
                return False
            hi = read[0] - 1
        return True

    async def _is_as_held(self) -> bool:
        return not self._stored.differs

    async def _is_explained(self) -> bool:
        """Whether the counts agree now, and the last page showed no more changes."""
        if self._stored.differs:
            self._changed = True
            return False
        if not self._changed:
            return False
        self._changed = False
        return await self._find_surplus() == 0

    async def _find_surplus(self) -> int | None:
        return await self._database.write(find_surplus, self._channel_id, self._window)
