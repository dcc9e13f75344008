"""Mirror one channel: look up its access hash, take a snapshot, catch up, backfill.

Only one task at a time catches up a channel. Its history may be read meanwhile, because `ingest` rejects outdated
pages. A failing channel raises ChannelError, ServerFault or UnreadableObject; `Outdated` means: plan again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from archiver.clock import Clock
from archiver.errors import (
    ChannelError,
    ChannelInaccessible,
    Error,
    LostState,
    NotFound,
    ServerFault,
    StaleAccess,
    UnreadableObject,
)
from archiver.ids import AccessHash, ChannelId
from archiver.mirror.access import look_up_again
from archiver.mirror.backfill import Backfill
from archiver.mirror.comparison import Comparison, compare
from archiver.mirror.difference import ask_difference
from archiver.mirror.ingest import Ingest, Outdated, Removed
from archiver.mirror.recent_failures import RecentFailures
from archiver.mirror.reread import Progress
from archiver.mirror.source import Source
from archiver.mirror.write_changes import StoredCounts
from archiver.model.record import Difference
from archiver.pacing.scheduler import Priority
from archiver.store.accounts.access import find_access
from archiver.store.channels.channel import Mirrored, find_channel
from archiver.store.database import Database

LATER = "Try again later."
MAX_ROUNDS = 5
"""Maximum rounds per sync if the server keeps resetting the history."""
MAX_DIFFERENCES, MAX_EMPTY_DIFFERENCES = 1_000, 5
"""How many differences in a row may be non-final, and how many of those may be empty, before the server is considered
at fault. The server keeps about 100,000 events and returns up to 100 per difference."""

log = logging.getLogger(__name__)

T = TypeVar("T")


def _ignore(stored: StoredCounts, left: int) -> None:
    pass


class Mirror:
    """Mirrors the channels of one account."""

    def __init__(
        self,
        source: Source,
        database: Database,
        ingest: Ingest,
        *,
        account: str = "default",
        clock: Clock | None = None,
    ) -> None:
        self._source = source
        self._database = database
        self._ingest = ingest
        self._account = account
        self._locks: dict[ChannelId, asyncio.Lock] = {}
        self._failures = RecentFailures(clock or Clock())

    async def sync_channel(self, channel_id: ChannelId, *, progress: Progress) -> Comparison:
        """Fetch everything new and everything missing in the window, then compare the newest page and the count.

        A result that is not settled means: all is fetched, but the channel kept changing during the comparison. Raises
        ChannelError, and errors that stop the account.
        """
        outdated: Outdated | None = None
        floor_id = (await self._get(channel_id)).floor_id
        for _ in range(MAX_ROUNDS):
            try:
                found = await self._round(channel_id, progress, floor_id)
            except Outdated as exc:
                outdated = exc
                continue
            if found and found.settled:
                return found
            outdated = None
        if outdated:
            raise ServerFault(
                "its history is older than the state the server reported; the outdated pages were not stored.",
                hint=LATER,
            ) from outdated
        if self._failures.reads_history_instead(channel_id):
            raise ServerFault("its updates cannot be fetched; only its newest messages were read.", hint=LATER)
        if await self._has_gap(channel_id):
            raise ServerFault("it changes faster than it can be read.", hint="Run the sync again in a quieter hour.")
        return Comparison(settled=False, surplus=None)

    async def _round(self, channel_id: ChannelId, progress: Progress, floor_id: int | None) -> Comparison | None:
        """Catch up, backfill and compare a channel; None if its history has to be walked again."""
        await self.catch_up(channel_id, progress=progress)
        while await self.backfill(channel_id, progress=progress):
            pass
        if await self.catch_up(channel_id, progress=progress):
            return None
        return await self._compare(channel_id, progress, floor_id)

    async def _compare(self, channel_id: ChannelId, progress: Progress, floor_id: int | None) -> Comparison:
        async def act(access_hash: AccessHash) -> Comparison:
            source, channel = self._source.at(Priority.AUDIT), await self._get(channel_id)
            how: dict[str, Any] = {"access_hash": access_hash, "progress": progress, "floor_id": floor_id}
            return await compare(source, self._database, self._ingest, channel, **how)

        async with self._lock(channel_id):
            return await self._with_access(channel_id, act)

    async def _has_gap(self, channel_id: ChannelId) -> bool:
        return await Backfill(self._source, self._database, self._ingest).has_gap(channel_id)

    async def catch_up(
        self,
        channel_id: ChannelId,
        *,
        priority: Priority = Priority.LIVE,
        top_id: int = 0,
        progress: Progress = _ignore,
    ) -> bool:
        """Catch up from the stored pts. True if the history has new gaps to backfill.

        `top_id`: id of the newest message the server has reported; if no difference brings it, read the newest page.
        """

        async def act(access_hash: AccessHash) -> bool:
            gaps = await self._apply_differences(channel_id, access_hash, priority, progress)
            channel = await self._get(channel_id)
            if channel.top_id >= top_id:
                return gaps
            backfill = Backfill(self._source.at(priority), self._database, self._ingest)
            progress((await backfill.check_top(channel, access_hash)).stored, 0)
            return True

        async with self._lock(channel_id):
            return await self._with_access(channel_id, act)

    async def backfill(
        self,
        channel_id: ChannelId,
        *,
        pages: int | None = None,
        stop: Callable[[], bool] = lambda: False,
        priority: Priority = Priority.BACKFILL,
        progress: Progress = _ignore,
    ) -> bool:
        """Read uncovered history, newest first: all of it, or up to `pages` pages. True if there is more to read.

        Raises StaleAccess if the channel has to be looked up again; that may take hours, and `catch_up` does it.
        """
        backfill = Backfill(self._source.at(priority), self._database, self._ingest)
        access_hash = await self.access(await self._get(channel_id))
        try:
            return await backfill.run(channel_id, access_hash, pages=pages, stop=stop, progress=progress)
        except Outdated:
            # Either the archive keeps overtaking the pages, or the server reports a wrong pts with them. Read one page
            # while nothing else can be stored.
            async with self._lock(channel_id):
                return await backfill.run_exclusive(channel_id, access_hash, progress=progress)

    def is_difference_due(self, channel_id: ChannelId) -> bool:
        """Whether it is time to retry a difference that failed."""
        return self._failures.is_difference_due(channel_id)

    async def access(self, channel: Mirrored) -> AccessHash:
        """The account's access hash of a channel. Raises StaleAccess if it has none yet."""
        access_hash = await self._database.read(find_access, account=self._account, channel_id=channel.channel_id)
        if access_hash is None:
            raise StaleAccess("this account has not looked it up yet.")
        return access_hash

    def forget(self, kept: set[ChannelId]) -> None:
        """Drop the state of channels that are no longer mirrored."""
        self._locks = {key: lock for key, lock in self._locks.items() if key in kept or lock.locked()}
        self._failures.forget(kept)

    async def _apply_differences(
        self, channel_id: ChannelId, access_hash: AccessHash, priority: Priority, progress: Progress
    ) -> bool:
        source = self._source.at(priority)
        backfill = Backfill(source, self._database, self._ingest)
        gaps, empty = False, 0
        for _ in range(MAX_DIFFERENCES):
            channel = await self._get(channel_id)
            if channel.pts is None:
                progress(await backfill.snapshot(channel, access_hash), channel.top_id)
                return True
            if self._failures.reads_history_instead(channel_id):
                return await self._read_top(backfill, channel, access_hash, progress)
            try:
                difference = await self._fetch_difference(source, channel, access_hash, channel.pts)
            except (ChannelInaccessible, ServerFault, UnreadableObject) as exc:
                # The history shows whether the channel is unreadable, or only its differences.
                return await self._read_top(backfill, channel, access_hash, progress, instead_of=exc)
            self._failures.note_difference(channel_id)
            if difference is None:
                await self._ingest.start_generation(channel)
                continue
            if difference.unread_posts:
                progress((await backfill.check_top(channel, access_hash)).stored, 0)
                gaps = True
            progress(await self._ingest.store_difference(channel, difference), 0)
            if difference.final:
                return gaps
            empty = empty + 1 if not difference.events else 0
            if difference.pts <= channel.pts or empty == MAX_EMPTY_DIFFERENCES:
                raise ServerFault("the server repeats the same events.", hint=LATER)
        raise ServerFault("the server's list of events has no end.", hint=LATER)

    async def _fetch_difference(
        self, source: Source, channel: Mirrored, access_hash: AccessHash, pts: int
    ) -> Difference | None:
        """The events since `pts`; None if only walking the history again can show them.

        That is so if the server says "too long", or if an event is unreadable, since it may have been anything. In a
        channel where this keeps happening (too busy, or on a newer layer), walks are limited to a few a day; between
        them the newest page brings its posts, and the audit its edits.
        """
        try:
            difference = await ask_difference(source, channel, access_hash, pts)
        except LostState as exc:
            if self._failures.walks_too_soon(channel.channel_id, "lost state"):
                raise ServerFault("the server rejects a pts that it returned itself.") from exc
            return None
        if difference.too_long:
            if self._failures.walks_too_soon(channel.channel_id, "too long"):
                raise ServerFault("the server repeatedly has too many events to list.", hint=LATER)
            return None
        if difference.unread_events:
            if not self._failures.walks_too_soon(channel.channel_id, "unread event"):
                return None
            log.info("%s: this version cannot read some events; the audit will catch their effects", channel.name)
        return difference

    async def _read_top(
        self,
        backfill: Backfill,
        channel: Mirrored,
        access_hash: AccessHash,
        progress: Progress,
        *,
        instead_of: Error | None = None,
    ) -> bool:
        """Read the newest page because the difference failed: it shows new posts, and the state of the last 100.

        The pts is left alone, so that no event is lost once differences work again. `instead_of` is the error of the
        difference; it is raised if the history cannot be read either.
        """
        try:
            progress(await backfill.read_top(channel, access_hash), 0)
        except (ChannelError, ServerFault, UnreadableObject):
            if instead_of is None:
                self._failures.note_difference(channel.channel_id)
                raise
            raise instead_of from None
        if instead_of is not None:
            log.info("%s: no difference (%s); reading the newest page instead", channel.name, instead_of.args[0])
            self._failures.note_failed_difference(channel.channel_id)
        await self._ingest.note_quiet([channel.channel_id])
        return await backfill.has_gap(channel.channel_id)

    async def _with_access(self, channel_id: ChannelId, act: Callable[[AccessHash], Awaitable[T]]) -> T:
        """Call `act` with the access hash; if it is missing or stale, look the channel up by name and retry once."""
        try:
            return await act(await self.access(await self._get(channel_id)))
        except StaleAccess:
            return await act(await look_up_again(self._source, self._ingest, await self._get(channel_id)))

    async def _get(self, channel_id: ChannelId) -> Mirrored:
        channel = await self._database.read(find_channel, channel_id)
        if channel is None:
            raise NotFound(f"channel {channel_id} is not mirrored.", hint="`telekeep channels` lists those that are.")
        if channel.state == "removed":
            raise Removed("the channel has been removed.")
        return channel

    def _lock(self, channel_id: ChannelId) -> asyncio.Lock:
        return self._locks.setdefault(channel_id, asyncio.Lock())
