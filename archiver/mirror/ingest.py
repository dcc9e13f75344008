"""The only way into the archive: each answer is written here, in one transaction, or not at all.

Messages, revisions, media, coverage, pts, search rows and the outbox commit together. After a crash at most one answer
is fetched again, and writing the same answer twice changes nothing.

Workers fetch concurrently, so an answer may be outdated when it arrives: it is discarded with `Outdated`. A history
page carries the channel's pts at the time it was served; below the stored pts it may show messages known to be deleted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import archiver.store.channels.channel as channels
from archiver.errors import ChannelError, Error
from archiver.ids import ChannelId
from archiver.mirror.apply import apply_difference, apply_missing, apply_page, apply_whole, note_stubs
from archiver.mirror.write_changes import StoredCounts
from archiver.model.coverage import Interval
from archiver.model.plausible import proven_posts, shown_ids
from archiver.model.record import Channel, Difference, HistoryPage, Message, Origin, Posted
from archiver.store.accounts.access import set_access
from archiver.store.accounts.account import pin_channel
from archiver.store.channels import server_count
from archiver.store.channels.capture import Capture, append_capture
from archiver.store.channels.channel import Mirrored
from archiver.store.channels.checkpoint import find_checkpoint
from archiver.store.channels.coverage import cover, retire
from archiver.store.database import Database, Writer
from archiver.store.imports.imported_channel import set_imported_only
from archiver.store.messages.message import Sighting
from archiver.version import version

Reading: TypeAlias = Literal["history", "audit"]
"""Why a page was read: for the first time, or to find edits and deletions."""


class Outdated(Error):
    """The archive is already newer than this answer; discard it and fetch again."""


class Removed(ChannelError):
    """The channel was removed from the mirror in the meantime."""


class Ingest:
    """Writes the source's answers. `account` is the account's label, never its phone number."""

    def __init__(
        self,
        database: Database,
        *,
        layer: int,
        account: str = "default",
        clock: Callable[[], float] = time.time,
        count: Callable[[StoredCounts], None] = lambda _: None,
        ahead: Callable[[], float | None] = lambda: None,
    ) -> None:
        """`count` is called for each stored answer; `ahead` returns how many seconds our clock leads the server's."""
        self._database = database
        self._layer = layer
        self._account = account
        self._clock = clock
        self._count, self._ahead = count, ahead

    async def add_channel(
        self, channel: Channel, *, window_start: int | None = None, keep_window: bool = False, alias: str | None = None
    ) -> bool:
        """Start mirroring a channel, or resume after `remove`; True if it is new to the archive.

        A new channel is pinned to this account. `keep_window` leaves the start date of a known channel as it is.
        """
        now = int(self._clock())

        def act(conn: Writer) -> bool:
            known = channels.find_channel(conn, channel.channel_id)
            is_new = known is None or known.imported_only
            self._observe_channel(conn, channel, now)
            if is_new or not keep_window:
                channels.set_window(conn, channel.channel_id, window_start)
            if alias:
                channels.set_alias(conn, channel.channel_id, alias)
            if known:
                channels.set_state(conn, channel.channel_id, "active", now=now)
                channels.mark_reached(conn, channel.channel_id, now=now)
            if is_new:
                set_imported_only(conn, channel.channel_id, only=False)
                pin_channel(conn, channel.channel_id, self._account)
            return is_new

        return await self._database.write(act)

    async def observe_channel(self, channel: Channel) -> None:
        """Store a channel's current attributes."""
        now = int(self._clock())

        def act(conn: Writer) -> None:
            self._observe_channel(conn, channel, now)
            channels.mark_reached(conn, channel.channel_id, now=now)

        await self._database.write(act)

    async def note_access(self, channel: Channel) -> None:
        """Store a channel's access hash from a look-up, which does not prove that the account can read it."""
        now = int(self._clock())
        await self._database.write(self._observe_channel, channel, now)

    async def store_page(
        self,
        channel: Mirrored,
        page: HistoryPage,
        *,
        proven: Interval | None,
        reading: Reading = "history",
        pts: int | None = None,
        top_id: int = 0,
        floor_id: int | None = None,
        exclusive: bool = False,
    ) -> StoredCounts:
        """Store a history page. Raises Outdated, Removed.

        `proven`: the ids it fully accounts for; `pts` and `top_id`: of a walk's first page; `floor_id`: the highest id
        older than the window; `exclusive`: nothing else can have been stored since it was requested.
        """
        sighting = self._sighting(channel, reading, page.pts)

        def act(conn: Writer) -> StoredCounts:
            _require_current(conn, channel, None if exclusive else page.pts)
            if not exclusive and page.pts < (server_count.find_counted_pts(conn, channel.channel_id) or 0):
                raise _outdated()  # a page served later is already stored
            self._reach(conn, channel, page.channel, sighting.now)
            if pts is not None:
                # A walk starts because the state was lost.
                server_count.forget_later_states(conn, channel.channel_id, pts)
            stored = apply_page(conn, channel, page.messages, proven, sighting)
            note_stubs(conn, channel, page.messages, sighting.now)
            if proven:
                cover(conn, channel.channel_id, channel.generation, *proven)
            channels.set_progress(conn, channel.channel_id, pts=pts, top_id=top_id, floor_id=floor_id)
            if page.exact:
                server_count.set_server_count(conn, channel.channel_id, page.count, pts=page.pts, now=sighting.now)
            append_capture(conn, self._capture(channel, sighting, reading, proven, len(page.messages)))
            return stored

        return await self._store(act)

    async def store_absence(
        self, channel: Mirrored, message_ids: Sequence[int], *, reading: Reading = "history"
    ) -> StoredCounts:
        """Mark messages as missing whose ids the server reported as empty. Raises Outdated, Removed."""
        sighting = self._sighting(channel, reading)

        def act(conn: Writer) -> StoredCounts:
            _require_current(conn, channel, None)
            return apply_missing(conn, channel, message_ids, sighting)

        return await self._store(act)

    async def store_whole(self, channel: Mirrored, whole: Message, *, retry_at: int) -> StoredCounts:
        """Store the complete rich message of one held in part. Raises Outdated, Removed.

        `retry_at` (unix seconds): when to ask again if it is not the complete one.
        """

        def act(conn: Writer) -> StoredCounts:
            _require_current(conn, channel, None)
            sighting = self._sighting(channel, "audit")
            append_capture(conn, self._capture(channel, sighting, "rich", None, 1))
            return apply_whole(conn, channel, whole, sighting, retry_at=retry_at)

        return await self._store(act)

    async def store_difference(self, channel: Mirrored, difference: Difference) -> StoredCounts:
        """Store the events since the channel's pts, in their order. Raises Outdated, Removed."""
        sighting = self._sighting(channel, "update", channel.pts)
        posted = [event.message for event in difference.events if isinstance(event, Posted)]
        top_id = max(shown_ids(difference), default=0)
        proven = proven_posts(difference, top_id, known_top=channel.top_id)

        def act(conn: Writer) -> StoredCounts:
            _require_current(conn, channel, channel.pts)
            self._reach(conn, channel, difference.channel, sighting.now)
            stored = apply_difference(conn, channel, difference, sighting)
            if proven:
                cover(conn, channel.channel_id, channel.generation, *proven)
            channels.set_progress(conn, channel.channel_id, pts=difference.pts, top_id=top_id)
            if difference.events:
                append_capture(conn, self._capture(channel, sighting, "difference", proven, len(posted)))
            if difference.final:
                channels.set_synced(conn, channel.channel_id, now=sighting.now)
                if difference.pts < (channel.server_count_pts or 0):
                    # That count was served before this difference, so its pts was never reached.
                    server_count.forget_later_states(conn, channel.channel_id, difference.pts)
            return stored

        return await self._store(act)

    async def _store(self, act: Callable[[Writer], StoredCounts]) -> StoredCounts:
        stored = await self._database.write(act)
        self._count(stored)
        return stored

    async def note_quiet(self, channel_ids: Sequence[ChannelId]) -> None:
        """Record that these channels are up to date: the server reported no new events."""
        now = int(self._clock())

        def act(conn: Writer) -> None:
            for channel_id in channel_ids:
                channels.set_synced(conn, channel_id, now=now)

        await self._database.write(act)

    async def start_generation(self, channel: Mirrored) -> None:
        """Discard the coverage, because the server cannot list the events since."""

        def act(conn: Writer) -> None:
            checkpoint = find_checkpoint(conn, channel.channel_id)
            if checkpoint is not None:
                retire(conn, channel.channel_id, checkpoint.generation)
                channels.start_generation(conn, channel.channel_id)

        await self._database.write(act)

    async def set_state(self, channel_id: ChannelId, state: channels.ChannelState, reason: str | None = None) -> None:
        """Set a channel's state; its messages stay as they are."""
        now = int(self._clock())
        await self._database.write(channels.set_state, channel_id, state, now=now, reason=reason)

    async def back_off(
        self, channel_id: ChannelId, *, seconds: float, error: str, state: channels.ChannelState | None = None
    ) -> None:
        """Do not retry a channel for some seconds. `state`: only if the error implies one."""
        now = int(self._clock())

        def act(conn: Writer) -> None:
            checkpoint = find_checkpoint(conn, channel_id)
            if checkpoint is None or checkpoint.state == "removed":
                return
            channels.start_back_off(conn, channel_id, retry_at=now + int(seconds), error=error)
            if state:
                channels.set_state(conn, channel_id, state, now=now, reason=error)

        await self._database.write(act)

    async def end_back_off(self, channel_ids: Sequence[ChannelId]) -> None:
        """Let these channels be retried now."""
        now = int(self._clock())

        def act(conn: Writer) -> None:
            for channel_id in channel_ids:
                channels.end_back_off(conn, channel_id, now=now)

        await self._database.write(act)

    def _observe_channel(self, conn: Writer, channel: Channel, now: int) -> None:
        channels.upsert_channel(conn, channel, now=now)
        set_access(conn, account=self._account, channel_id=channel.channel_id, access_hash=channel.access_hash, now=now)

    @staticmethod
    def _reach(conn: Writer, channel: Mirrored, seen: Channel | None, now: int) -> None:
        """Record that the channel answered, and its title and names, which come with every answer."""
        if seen:
            channels.upsert_channel(conn, seen, now=now)
        channels.mark_reached(conn, channel.channel_id, now=now)

    def _sighting(self, channel: Mirrored, origin: Origin, pts: int | None = None) -> Sighting:
        return Sighting(now=int(self._clock()), origin=origin, generation=channel.generation, pts=pts)

    def _capture(
        self, channel: Mirrored, sighting: Sighting, method: str, proven: Interval | None, count: int
    ) -> Capture:
        return Capture(
            channel_id=channel.channel_id,
            at=sighting.now,
            method=method,
            lo=proven[0] if proven else None,
            hi=proven[1] if proven else None,
            count=count,
            generation=channel.generation,
            version=version(),
            layer=self._layer,
            account=self._account,
            clock_ahead=self._ahead(),
        )


def _require_current(conn: Writer, channel: Mirrored, pts: int | None) -> None:
    """Reject an answer older than the archive. `pts`: of the answer, if it has one."""
    checkpoint = find_checkpoint(conn, channel.channel_id)
    if checkpoint is None or checkpoint.state == "removed":
        raise Removed("the channel has been removed.")
    is_earlier = pts is not None and checkpoint.pts is not None and pts < checkpoint.pts
    if is_earlier or checkpoint.generation != channel.generation:
        raise _outdated()


def _outdated() -> Outdated:
    return Outdated("the archive is already newer than this answer; it was discarded.", hint="Fetch it again.")
