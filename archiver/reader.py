"""Reading ids of one channel again, a page at a time.

Only what an answer leaves out among messages that exist, or names as empty beside one that exists, is believed to be
gone: a lost channel looks empty, too.
"""

from __future__ import annotations

from dataclasses import replace

from archiver import coverage
from archiver.backfill import PAGE, Backfill, plan_page
from archiver.coverage import Interval
from archiver.errors import ServerFault
from archiver.ingest import Ingest, Outdated
from archiver.record import HistoryPage, Message
from archiver.source import Source
from archiver.store.channel import Mirrored, find_channel
from archiver.store.coverage import list_coverage
from archiver.store.database import Database
from archiver.store.message import list_present_ids

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
            await self._expect_nothing_there(channel, (lo, hi), page)
        await self._ingest.store_page(channel, replace(page, messages=shown), proven=(lo, hi), reading="audit")
        return lo

    async def _expect_nothing_there(self, channel: Mirrored, within: Interval, page: HistoryPage) -> None:
        """A page without any of the ids that it was asked for proves nothing, so all that is held is asked for by name.

        It is believed to be gone when the same answer shows a message that exists. Raises ServerFault otherwise.
        """
        conn = self._database.connection
        lo, hi = within
        while held := [i for i in await list_present_ids(conn, self._channel_id, hi, PAGE - 1) if i >= lo]:
            newest = page.messages or await self._newest()
            if newest:
                asked = (*held, newest[0].message_id)
                there, empty = await self._source.get_messages(self._channel_id, self._access_hash, asked)
                if there and empty.issuperset(held):
                    await self._ingest.store_absence(channel, held, reading="audit")
                    continue
            raise ServerFault(
                "the server answered with an empty page where messages exist; nothing was changed.",
                hint="Try again later.",
            )

    async def _newest(self) -> tuple[Message, ...]:
        page = await self._source.get_history(self._channel_id, self._access_hash, offset_id=0, limit=1)
        return page.messages
