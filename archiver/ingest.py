"""The one door: every answer enters the archive here, in one transaction, or not at all.

Messages, revisions, media, coverage, pts, search rows and the outbox commit together; after a crash at most one answer
is asked for again, and writing the same answer twice changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import archiver.store.channel as channels
import archiver.store.message as messages
from archiver.coverage import Interval
from archiver.document import to_document
from archiver.errors import Error
from archiver.reconcile import Changes, reconcile
from archiver.record import (
    Channel,
    Deleted,
    Difference,
    Edited,
    HistoryCleared,
    HistoryPage,
    Message,
    Origin,
    Pinned,
    Posted,
)
from archiver.store.capture import Capture, append_capture
from archiver.store.channel import Mirrored
from archiver.store.coverage import cover
from archiver.store.database import Connection, Database
from archiver.store.message import Sight
from archiver.store.outbox import enqueue
from archiver.version import version
from search import exact


class GenerationChanged(Error):
    """The channel's history began anew while an answer of the old one was under way: the answer is dropped."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What an answer changed."""

    inserted: int = 0
    updated: int = 0
    revised: int = 0
    missing: int = 0


class Ingest:
    """Writes what the source tells. `account` is the account's label, never its number."""

    def __init__(
        self,
        database: Database,
        *,
        layer: int,
        account: str = "default",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._layer = layer
        self._account = account
        self._clock = clock

    async def add_channel(self, channel: Channel, *, window_start: int | None, alias: str | None = None) -> bool:
        """Begin to mirror a channel, or go on after `remove`; True when it is new to the archive."""
        now = int(self._clock())
        async with self._database.transaction() as conn:
            known = await channels.find_channel(conn, channel.channel_id)
            await channels.upsert_channel(conn, channel, now=now, window_start=window_start)
            await channels.set_access(
                conn,
                account=self._account,
                channel_id=channel.channel_id,
                access_hash=channel.access_hash,
                now=now,
            )
            if alias:
                await channels.set_alias(conn, channel.channel_id, alias)
            if known:
                await channels.set_window(conn, channel.channel_id, window_start)
                await channels.set_state(conn, channel.channel_id, "active", now=now)
        return known is None

    async def observe_channel(self, channel: Channel) -> None:
        """Write what a channel says of itself now."""
        now = int(self._clock())
        async with self._database.transaction() as conn:
            await channels.upsert_channel(conn, channel, now=now)
            await channels.set_access(
                conn,
                account=self._account,
                channel_id=channel.channel_id,
                access_hash=channel.access_hash,
                now=now,
            )

    async def store_page(
        self,
        channel: Mirrored,
        page: HistoryPage,
        *,
        proven: Interval | None,
        pts: int | None = None,
        top_id: int = 0,
        floor_id: int | None = None,
    ) -> Stored:
        """Store a page of the history.

        `proven`: the ids of which it tells all; `pts` and `top_id`: of a walk's first page; `floor_id`: the highest id
        that is older than the window.
        """
        sight = self._sight(channel, "history")
        async with self._database.transaction() as conn:
            await self._expect_generation(conn, channel)
            changes = await self._reconcile(conn, channel, page.messages, proven)
            await self._apply(conn, channel, changes, sight, how="history")
            if proven:
                await cover(conn, channel.channel_id, channel.generation, *proven)
            await channels.set_progress(conn, channel.channel_id, pts=pts, top_id=top_id, floor_id=floor_id)
            if page.exact:
                await channels.set_server_count(conn, channel.channel_id, page.count, now=sight.now)
            await append_capture(conn, self._capture(channel, sight, "history", proven, len(page.messages)))
        return _summary(changes)

    async def store_difference(self, channel: Mirrored, difference: Difference) -> Stored:
        """Store what happened since the channel's pts: new messages first, then the rest in its order."""
        sight = self._sight(channel, "update")
        posted = [event.message for event in difference.events if isinstance(event, Posted)]
        stored = Stored()
        async with self._database.transaction() as conn:
            await self._expect_generation(conn, channel)
            stored = _sum(stored, await self._observe(conn, channel, posted, sight))
            for event in difference.events:
                match event:
                    case Edited(message):
                        if channel.window_start is None or message.date.timestamp() >= channel.window_start:
                            stored = _sum(stored, await self._observe(conn, channel, [message], sight))
                    case Deleted(message_ids):
                        stored = _sum(stored, await self._lose(conn, channel, message_ids, sight))
                    case HistoryCleared(available_min_id):
                        held = await messages.list_held(conn, channel.channel_id, 1, available_min_id)
                        stored = _sum(stored, await self._lose(conn, channel, tuple(held), sight))
                    case Pinned(message_ids, pinned):
                        await messages.set_pinned(conn, channel.channel_id, message_ids, pinned=pinned)
                        await exact.mark_pinned(conn, _keys(channel, message_ids), pinned=pinned)
                    case _:
                        pass
            top_id = max((m.message_id for m in posted), default=0)
            # The events came without a hole, so every id between the old top and the new one is told.
            proven = (channel.top_id + 1, top_id) if top_id > channel.top_id else None
            if proven:
                await cover(conn, channel.channel_id, channel.generation, *proven)
            await channels.set_progress(conn, channel.channel_id, pts=difference.pts, top_id=top_id)
            if difference.events:
                await append_capture(conn, self._capture(channel, sight, "difference", proven, len(posted)))
            if difference.final:
                await channels.set_synced(conn, channel.channel_id, now=sight.now)
        return stored

    async def start_generation(self, channel: Mirrored) -> None:
        """What was covered no longer counts: the server would not tell what happened since."""
        async with self._database.transaction() as conn:
            await channels.start_generation(conn, channel.channel_id)

    async def set_state(self, channel_id: int, state: channels.State, reason: str | None = None) -> None:
        """Move a channel to a state; nothing that is held changes with it."""
        async with self._database.transaction() as conn:
            await channels.set_state(conn, channel_id, state, now=int(self._clock()), reason=reason)

    def _sight(self, channel: Mirrored, origin: Origin) -> Sight:
        return Sight(now=int(self._clock()), origin=origin, generation=channel.generation)

    async def _expect_generation(self, conn: Connection, channel: Mirrored) -> None:
        now = await channels.find_channel(conn, channel.channel_id)
        if now is None or now.generation != channel.generation:
            raise GenerationChanged("the channel's history began anew meanwhile.")

    async def _reconcile(
        self, conn: Connection, channel: Mirrored, seen: Sequence[Message], proven: Interval | None
    ) -> Changes:
        ids = [m.message_id for m in seen]
        if proven:
            ids.extend(proven)
        held = await messages.list_held(conn, channel.channel_id, min(ids), max(ids)) if ids else {}
        return reconcile(seen, held, proven=proven)

    async def _observe(self, conn: Connection, channel: Mirrored, seen: Sequence[Message], sight: Sight) -> Stored:
        if not seen:
            return Stored()
        changes = await self._reconcile(conn, channel, seen, None)
        await self._apply(conn, channel, changes, sight, how="update")
        return _summary(changes)

    async def _lose(self, conn: Connection, channel: Mirrored, message_ids: Sequence[int], sight: Sight) -> Stored:
        changes = Changes(missing=sorted(message_ids))
        await self._apply(conn, channel, changes, sight, how="update")
        return _summary(changes)

    async def _apply(self, conn: Connection, channel: Mirrored, changes: Changes, sight: Sight, *, how: str) -> None:
        if changes.revise:
            await messages.keep_revisions(
                conn, channel.channel_id, [m.message_id for m in changes.revise], now=sight.now
            )
        if changes.insert:
            await messages.insert_messages(conn, changes.insert, sight)
        replaced = [*changes.update, *changes.revise]
        if replaced:
            await messages.update_messages(conn, replaced, sight)
        if changes.seen:
            await messages.mark_seen(conn, channel.channel_id, [m.message_id for m in changes.seen], sight)
        if changes.missing:
            await messages.mark_missing(conn, channel.channel_id, changes.missing, now=sight.now, how=how)
        await self._tell_finders(conn, channel, changes, sight)

    async def _tell_finders(self, conn: Connection, channel: Mirrored, changes: Changes, sight: Sight) -> None:
        """The embedded engine in the same transaction, the index through the outbox."""
        written = [*changes.insert, *changes.update, *changes.revise]
        if written:
            await exact.upsert(conn, [to_document(message) for message in written])
        if changes.returned:
            await exact.mark_missing(conn, _keys(channel, changes.returned), missing=False)
        if changes.missing:
            await exact.mark_missing(conn, _keys(channel, changes.missing), missing=True)
        changed = {m.message_id for m in (*changes.insert, *changes.revise)}
        changed.update(changes.missing, changes.returned)
        if changed:
            await enqueue(conn, channel.channel_id, sorted(changed), now=sight.now)

    def _capture(self, channel: Mirrored, sight: Sight, method: str, proven: Interval | None, count: int) -> Capture:
        lo, hi = proven or (None, None)
        return Capture(
            channel_id=channel.channel_id,
            at=sight.now,
            method=method,
            lo=lo,
            hi=hi,
            count=count,
            generation=channel.generation,
            version=version(),
            layer=self._layer,
            account=self._account,
        )


def _keys(channel: Mirrored, message_ids: Iterable[int]) -> list[tuple[int, int]]:
    return [(channel.channel_id, message_id) for message_id in message_ids]


def _summary(changes: Changes) -> Stored:
    return Stored(
        inserted=len(changes.insert),
        updated=len(changes.update),
        revised=len(changes.revise),
        missing=len(changes.missing),
    )


def _sum(first: Stored, second: Stored) -> Stored:
    return Stored(
        inserted=first.inserted + second.inserted,
        updated=first.updated + second.updated,
        revised=first.revised + second.revised,
        missing=first.missing + second.missing,
    )
