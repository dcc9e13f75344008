"""Reading ids of one channel again, a page at a time.

Only what an answer leaves out among messages that exist, or names as empty beside one that exists, is believed to be
gone: a lost channel looks empty, too.
"""

from __future__ import annotations

from dataclasses import replace

from archiver import coverage
from archiver.absence import expect_nothing_there
from archiver.backfill import Backfill, plan_page
from archiver.coverage import Interval
from archiver.ingest import Ingest, Outdated
from archiver.source import Source
from archiver.store.channel import Mirrored, find_channel
from archiver.store.coverage import list_coverage
from archiver.store.database import Database

TRIES = 3
"""How often a page may come too late before it is left for another time."""


class Reader:
    """Reads pages of one channel again."""

    def __init__(self, source: Source, database: Database, ingest: Ingest, channel_id: int, access_hash: int) -> None:
        self._source = source
        self._database = database
        self._ingest = ingest
        self._backfill = Backfill(source, database, ingest)
        self._channel_id = channel_id
        self._access_hash = access_hash

    async def read(self, lo: int, hi: int) -> Interval | None:
        """Look at the newest ids of [lo, hi], a page of them; None when the channel cannot be reviewed now.

        Returns the ids that need not be looked at any more; those that are not covered are left to backfill. Raises
        Outdated when the page comes too late again and again.
        """
        tries = 0
        while True:
            channel = await find_channel(self._database.connection, self._channel_id)
            if channel is None or channel.state == "removed" or channel.pts is None:
                return None
            covered = await list_coverage(self._database.connection, self._channel_id, channel.generation)
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
        """Store a page of covered ids, the newest of this part; down to which id it tells all."""
        page = await self._backfill.fetch(channel, self._access_hash, part[1] + 1)
        proven = plan_page(page, gap=part, window_start=None).proven or part
        lo, hi = max(part[0], proven[0]), part[1]
        shown = tuple(message for message in page.messages if lo <= message.message_id <= hi)
        if not shown:
            await expect_nothing_there(
                self._source,
                self._database,
                self._ingest,
                channel,
                access_hash=self._access_hash,
                within=(lo, hi),
                shown=page.messages,
                reading="audit",
            )
        await self._ingest.store_page(channel, replace(page, messages=shown), proven=(lo, hi), reading="audit")
        return lo
