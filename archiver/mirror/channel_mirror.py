"""Bringing one channel to the present: access, snapshot, catching up, backfill.

One channel is caught up by one task at a time; its history may be read at the same moment, because `ingest` refuses
what a page shows of the past. Errors of one channel are ChannelError, ServerFault, UnreadableObject; `Outdated` means
that the work is to be planned anew.
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
from archiver.mirror.access import look_up_again
from archiver.mirror.apply import StoredCounts
from archiver.mirror.backfill import Backfill
from archiver.mirror.comparison import Comparison, compare
from archiver.mirror.difference import ask_difference
from archiver.mirror.ingest import Ingest, Outdated, Removed
from archiver.mirror.reread import Progress
from archiver.mirror.setbacks import Setbacks
from archiver.mirror.source import Source
from archiver.model.record import Difference
from archiver.pacing.scheduler import Priority
from archiver.store.access import find_access
from archiver.store.channel import Mirrored, find_channel
from archiver.store.database import Database

LATER = "Try again later."
ROUNDS = 5
"""How often one sync walks a history that begins anew under its hands."""
DIFFERENCES, IDLE = 1_000, 5
"""How many differences in a row may not be final, and how many of these may tell nothing: then the server is at fault.
The server keeps about 100,000 events, and a difference tells up to 100."""

log = logging.getLogger(__name__)

T = TypeVar("T")


def _ignore(stored: StoredCounts, left: int) -> None:
    """Nobody listens."""


class Mirror:
    """Mirrors channels of one account."""

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
        self._locks: dict[int, asyncio.Lock] = {}
        self._setbacks = Setbacks(clock or Clock())

    async def sync_channel(self, channel_id: int, *, progress: Progress) -> Comparison:
        """Fetch all that is missing within the window, and all that is new, then compare the newest page and the count.

        Not settled: all is fetched, but the channel kept changing while it was compared. Raises ChannelError and what
        stops all.
        """
        outdated: Outdated | None = None
        floor_id = (await self._get(channel_id)).floor_id
        for _ in range(ROUNDS):
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
                "its history shows an earlier state than the server told of; nothing of that was stored.", hint=LATER
            ) from outdated
        if self._setbacks.reads_history_instead(channel_id):
            raise ServerFault("what happened in it cannot be had; its newest messages were read.", hint=LATER)
        if await self._has_gap(channel_id):
            raise ServerFault("more happens in it than can be read.", hint="Run the sync again in a quieter hour.")
        return Comparison(settled=False, surplus=None)

    async def _round(self, channel_id: int, progress: Progress, floor_id: int | None) -> Comparison | None:
        """Bring a channel to the present and compare it; None when its history is to be walked again."""
        await self.catch_up(channel_id, progress=progress)
        while await self.fill(channel_id, progress=progress):
            pass
        if await self.catch_up(channel_id, progress=progress):
            return None
        return await self._compare(channel_id, progress, floor_id)

    async def _compare(self, channel_id: int, progress: Progress, floor_id: int | None) -> Comparison:
        async def act(access_hash: int) -> Comparison:
            source, channel = self._source.at(Priority.AUDIT), await self._get(channel_id)
            how: dict[str, Any] = {"access_hash": access_hash, "progress": progress, "floor_id": floor_id}
            return await compare(source, self._database, self._ingest, channel, **how)

        async with self._lock(channel_id):
            return await self._with_access(channel_id, act)

    async def _has_gap(self, channel_id: int) -> bool:
        return await Backfill(self._source, self._database, self._ingest).has_gap(channel_id)

    async def catch_up(
        self,
        channel_id: int,
        *,
        priority: Priority = Priority.LIVE,
        top_id: int = 0,
        progress: Progress = _ignore,
    ) -> bool:
        """From the stored pts to the present. True when there are new gaps in the history, which are to be filled.

        `top_id`: of the newest message that the server has spoken of; if no difference tells of it, it is looked for.
        """

        async def act(access_hash: int) -> bool:
            gaps = await self._differences(channel_id, access_hash, priority, progress)
            channel = await self._get(channel_id)
            if channel.top_id >= top_id:
                return gaps
            backfill = Backfill(self._source.at(priority), self._database, self._ingest)
            progress((await backfill.check_top(channel, access_hash)).stored, 0)
            return True

        async with self._lock(channel_id):
            return await self._with_access(channel_id, act)

    async def fill(
        self,
        channel_id: int,
        *,
        pages: int | None = None,
        stop: Callable[[], bool] = lambda: False,
        priority: Priority = Priority.BACKFILL,
        progress: Progress = _ignore,
    ) -> bool:
        """Read pages of the uncovered history, newest first, all or so many. True when there is more to read.

        Raises StaleAccess where the channel is to be looked up again: that may take hours, and catching up does it.
        """
        backfill = Backfill(self._source.at(priority), self._database, self._ingest)
        access_hash = await self.access(await self._get(channel_id))
        try:
            return await backfill.run(channel_id, access_hash, pages=pages, stop=stop, progress=progress)
        except Outdated:
            # Pages are overtaken again and again, or the server does not say truly when they were served: read one
            # while nothing else can be stored.
            async with self._lock(channel_id):
                return await backfill.run_alone(channel_id, access_hash, progress=progress)

    def owes_difference(self, channel_id: int) -> bool:
        """Whether a difference could not be had, and it is time to ask for it again."""
        return self._setbacks.owes_difference(channel_id)

    async def access(self, channel: Mirrored) -> int:
        """The account's access hash of a channel. Raises StaleAccess where it has none yet."""
        access_hash = await find_access(self._database.connection, account=self._account, channel_id=channel.channel_id)
        if access_hash is None:
            raise StaleAccess("this account has not looked it up yet.")
        return access_hash

    def forget(self, kept: set[int]) -> None:
        """Drop what is remembered of channels that are no longer mirrored."""
        self._locks = {key: lock for key, lock in self._locks.items() if key in kept or lock.locked()}
        self._setbacks.forget(kept)

    async def _differences(self, channel_id: int, access_hash: int, priority: Priority, progress: Progress) -> bool:
        source = self._source.at(priority)
        backfill = Backfill(source, self._database, self._ingest)
        gaps, idle = False, 0
        for _ in range(DIFFERENCES):
            channel = await self._get(channel_id)
            if channel.pts is None:
                progress(await backfill.snapshot(channel, access_hash), channel.top_id)
                return True
            if self._setbacks.reads_history_instead(channel_id):
                return await self._read_top(backfill, channel, access_hash, progress)
            try:
                difference = await self._difference(source, channel, access_hash, channel.pts)
            except (ChannelInaccessible, ServerFault, UnreadableObject) as exc:
                # Is it the channel that cannot be read, or only its differences?
                return await self._read_top(backfill, channel, access_hash, progress, instead_of=exc)
            self._setbacks.note_difference(channel_id)
            if difference is None:
                await self._ingest.start_generation(channel)
                continue
            if difference.unread_posts:
                progress((await backfill.check_top(channel, access_hash)).stored, 0)
                gaps = True
            progress(await self._ingest.store_difference(channel, difference), 0)
            if difference.final:
                return gaps
            idle = idle + 1 if not difference.events else 0
            if difference.pts <= channel.pts or idle == IDLE:
                raise ServerFault("the server repeats the same events.", hint=LATER)
        raise ServerFault("the server never comes to an end of what happened.", hint=LATER)

    async def _difference(self, source: Source, channel: Mirrored, access_hash: int, pts: int) -> Difference | None:
        """What happened since `pts`; None when the history has to be walked again to know.

        So it has when the server says so, and when an event could not be read: it may have been anything. But where
        that happens again and again, in a channel that is too busy or has gone over to a newer layer, a few walks a day
        are enough: between them its posts come by the newest page, and edits by the audit.
        """
        try:
            difference = await ask_difference(source, channel, access_hash, pts)
        except LostState as exc:
            if self._setbacks.walks_too_soon(channel.channel_id, "lost state"):
                raise ServerFault("the server does not accept the pts that it gave itself.") from exc
            return None
        if difference.too_long:
            if self._setbacks.walks_too_soon(channel.channel_id, "too long"):
                raise ServerFault("again and again too much happened for the server to say what.", hint=LATER)
            return None
        if difference.unread_events:
            if not self._setbacks.walks_too_soon(channel.channel_id, "unread event"):
                return None
            log.info("%s: events that this version cannot read are left to the audit", channel.name)
        return difference

    async def _read_top(
        self,
        backfill: Backfill,
        channel: Mirrored,
        access_hash: int,
        progress: Progress,
        *,
        instead_of: Error | None = None,
    ) -> bool:
        """Read the newest page in place of a difference that cannot be had: posts, and what became of the last 100.

        The pts stays, so that all events are told when differences can be had again. Raises `instead_of`, why there is
        no difference, when the history cannot be read either.
        """
        try:
            progress(await backfill.read_top(channel, access_hash), 0)
        except (ChannelError, ServerFault, UnreadableObject):
            if instead_of is None:
                self._setbacks.note_difference(channel.channel_id)
                raise
            raise instead_of from None
        if instead_of is not None:
            log.info("%s: its differences cannot be had (%s); the history is read", channel.name, instead_of.args[0])
            self._setbacks.note_failed_difference(channel.channel_id)
        await self._ingest.note_quiet([channel.channel_id])
        return await backfill.has_gap(channel.channel_id)

    async def _with_access(self, channel_id: int, act: Callable[[int], Awaitable[T]]) -> T:
        """Act with the access hash; one that is missing or not accepted is asked for by the channel's name, once."""
        try:
            return await act(await self.access(await self._get(channel_id)))
        except StaleAccess:
            return await act(await look_up_again(self._source, self._ingest, await self._get(channel_id)))

    async def _get(self, channel_id: int) -> Mirrored:
        channel = await find_channel(self._database.connection, channel_id)
        if channel is None:
            raise NotFound(f"channel {channel_id} is not mirrored.", hint="`telekeep channels` lists those that are.")
        if channel.state == "removed":
            raise Removed("it was removed meanwhile.")
        return channel

    def _lock(self, channel_id: int) -> asyncio.Lock:
        return self._locks.setdefault(channel_id, asyncio.Lock())
