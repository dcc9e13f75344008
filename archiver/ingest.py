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
    Event,
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
from archiver.store.database import Database, Writer
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

    async def add_channel(
        self, channel: Channel, *, window_start: int | None = None, keep_window: bool = False, alias: str | None = None
    ) -> bool:
        """Begin to mirror a channel, or go on after `remove`; True when it is new to the archive.

        `keep_window` leaves the far end of a known channel where it is.
        """
        now = int(self._clock())

        def act(conn: Writer) -> bool:
            known = channels.get_generation(conn, channel.channel_id) is not None
            self._observe_channel(conn, channel, now)
            if not (known and keep_window):
                channels.set_window(conn, channel.channel_id, window_start)
            if alias:
                channels.set_alias(conn, channel.channel_id, alias)
            if known:
                channels.set_state(conn, channel.channel_id, "active", now=now)
            return not known

        return await self._database.write(act)

    async def observe_channel(self, channel: Channel) -> None:
        """Write what a channel says of itself now."""
        now = int(self._clock())
        await self._database.write(lambda conn: self._observe_channel(conn, channel, now))

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

        def act(conn: Writer) -> Stored:
            _expect_generation(conn, channel)
            self._follow_names(conn, channel, page.channel, sight.now)
            changes = _reconcile(conn, channel, page.messages, proven)
            _apply(conn, channel, changes, sight, how="history")
            if proven:
                cover(conn, channel.channel_id, channel.generation, *proven)
            channels.set_progress(conn, channel.channel_id, pts=pts, top_id=top_id, floor_id=floor_id)
            if page.exact:
                channels.set_server_count(conn, channel.channel_id, page.count, now=sight.now)
            append_capture(conn, self._capture(channel, sight, "history", proven, len(page.messages)))
            return _summary(changes)

        return await self._database.write(act)

    async def store_absence(self, channel: Mirrored, message_ids: Sequence[int]) -> Stored:
        """Store that the server named these ids as empty, one by one."""
        sight = self._sight(channel, "history")

        def act(conn: Writer) -> Stored:
            _expect_generation(conn, channel)
            changes = Changes(missing=messages.list_known(conn, channel.channel_id, message_ids))
            _apply(conn, channel, changes, sight, how="history")
            return _summary(changes)

        return await self._database.write(act)

    async def store_difference(self, channel: Mirrored, difference: Difference) -> Stored:
        """Store what happened since the channel's pts: new messages first, then the rest in its order."""
        sight = self._sight(channel, "update")
        posted = [event.message for event in difference.events if isinstance(event, Posted)]
        top_id = max((m.message_id for m in posted), default=0)
        # The events came without a hole, so every id between the old top and the new one is told.
        proven = (channel.top_id + 1, top_id) if top_id > channel.top_id else None

        def act(conn: Writer) -> Stored:
            _expect_generation(conn, channel)
            self._follow_names(conn, channel, difference.channel, sight.now)
            stored = _observe(conn, channel, posted, sight)
            for event in difference.events:
                stored = _sum(stored, _happen(conn, channel, event, sight))
            if proven:
                cover(conn, channel.channel_id, channel.generation, *proven)
            channels.set_progress(conn, channel.channel_id, pts=difference.pts, top_id=top_id)
            if difference.events:
                append_capture(conn, self._capture(channel, sight, "difference", proven, len(posted)))
            if difference.final:
                channels.set_synced(conn, channel.channel_id, now=sight.now)
            return stored

        return await self._database.write(act)

    async def start_generation(self, channel: Mirrored) -> None:
        """What was covered no longer counts: the server would not tell what happened since."""
        await self._database.write(lambda conn: channels.start_generation(conn, channel.channel_id))

    async def set_state(self, channel_id: int, state: channels.State, reason: str | None = None) -> None:
        """Move a channel to a state; nothing that is held changes with it."""
        now = int(self._clock())
        await self._database.write(lambda conn: channels.set_state(conn, channel_id, state, now=now, reason=reason))

    def _observe_channel(self, conn: Writer, channel: Channel, now: int) -> None:
        channels.upsert_channel(conn, channel, now=now)
        channels.set_access(
            conn, account=self._account, channel_id=channel.channel_id, access_hash=channel.access_hash, now=now
        )

    @staticmethod
    def _follow_names(conn: Writer, channel: Mirrored, seen: Channel | None, now: int) -> None:
        """A new title or name is noticed by the way: every answer describes its channel."""
        if seen and (seen.title, seen.username) != (channel.title, channel.username):
            channels.upsert_channel(conn, seen, now=now)

    def _sight(self, channel: Mirrored, origin: Origin) -> Sight:
        return Sight(now=int(self._clock()), origin=origin, generation=channel.generation)

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


def _expect_generation(conn: Writer, channel: Mirrored) -> None:
    if channels.get_generation(conn, channel.channel_id) != channel.generation:
        raise GenerationChanged("the channel's history began anew meanwhile.")


def _happen(conn: Writer, channel: Mirrored, event: Event, sight: Sight) -> Stored:
    """Apply one event of a difference; posts were applied before all others."""
    match event:
        case Edited(message):
            old = channel.window_start is not None and message.date.timestamp() < channel.window_start
            if old and not messages.list_known(conn, channel.channel_id, [message.message_id]):
                return Stored()  # older than the window, and never held
            return _observe(conn, channel, [message], sight)
        case Deleted(message_ids):
            return _lose(conn, channel, messages.list_known(conn, channel.channel_id, message_ids), sight)
        case HistoryCleared(available_min_id):
            held = messages.list_held(conn, channel.channel_id, 1, available_min_id)
            return _lose(conn, channel, [known.message_id for known in held.values()], sight)
        case Pinned(message_ids, pinned):
            messages.set_pinned(conn, channel.channel_id, message_ids, pinned=pinned)
            exact.mark_pinned(conn, _keys(channel, message_ids), pinned=pinned)
    return Stored()


def _observe(conn: Writer, channel: Mirrored, seen: Sequence[Message], sight: Sight) -> Stored:
    if not seen:
        return Stored()
    changes = _reconcile(conn, channel, seen, None)
    _apply(conn, channel, changes, sight, how="update")
    return _summary(changes)


def _lose(conn: Writer, channel: Mirrored, message_ids: Sequence[int], sight: Sight) -> Stored:
    changes = Changes(missing=sorted(message_ids))
    _apply(conn, channel, changes, sight, how="update")
    return _summary(changes)


def _reconcile(conn: Writer, channel: Mirrored, seen: Sequence[Message], proven: Interval | None) -> Changes:
    ids = [m.message_id for m in seen]
    if proven:
        ids.extend(proven)
    held = messages.list_held(conn, channel.channel_id, min(ids), max(ids)) if ids else {}
    return reconcile(seen, held, proven=proven)


def _apply(conn: Writer, channel: Mirrored, changes: Changes, sight: Sight, *, how: str) -> None:
    channel_id = channel.channel_id
    if changes.revise:
        messages.keep_revisions(conn, channel_id, [m.message_id for m in changes.revise], now=sight.now)
    if changes.insert:
        messages.insert_messages(conn, changes.insert, sight)
    replaced = [*changes.update, *changes.revise]
    if replaced:
        messages.update_messages(conn, replaced, sight)
    # A late answer does not change the content, but it does show that the message was there.
    present = [m.message_id for m in (*changes.seen, *changes.stale)]
    if present:
        messages.mark_seen(conn, channel_id, present, sight)
    if changes.returned:
        messages.mark_returned(conn, channel_id, changes.returned, now=sight.now)
    if changes.missing:
        messages.mark_missing(conn, channel_id, changes.missing, now=sight.now, how=how)
    _tell_finders(conn, channel, changes, sight)


def _tell_finders(conn: Writer, channel: Mirrored, changes: Changes, sight: Sight) -> None:
    """The embedded engine in the same transaction, the index through the outbox."""
    written = [*changes.insert, *changes.update, *changes.revise]
    if written:
        exact.upsert(conn, [to_document(message) for message in written])
    if changes.returned:
        exact.mark_missing(conn, _keys(channel, changes.returned), missing=False)
    if changes.missing:
        exact.mark_missing(conn, _keys(channel, changes.missing), missing=True)
    changed = {m.message_id for m in (*changes.insert, *changes.revise)}
    changed.update(changes.missing, changes.returned)
    if changed:
        enqueue(conn, channel.channel_id, sorted(changed), now=sight.now)


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
