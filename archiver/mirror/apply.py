"""Apply an answer to the archive: the changes that `reconcile` found, and the events of a difference.

Every function runs inside the transaction opened by `ingest`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import archiver.store.channel as channels
import archiver.store.message as messages
from archiver.ids import ChannelId
from archiver.mirror.insert_new import insert_new
from archiver.mirror.known import keep_known
from archiver.model.coverage import Interval
from archiver.model.document import to_document
from archiver.model.reconcile import Changes, find_overtaken, reconcile
from archiver.model.record import Deleted, Difference, Edited, Event, Held, HistoryCleared, Message, Pinned, Posted
from archiver.model.rich_whole import begins_with, keep_names
from archiver.store import rich
from archiver.store.channel import Mirrored
from archiver.store.claimed import list_claimed
from archiver.store.counter import keep_counters
from archiver.store.database import Writer
from archiver.store.file import fill_files, has_files, revive_gone
from archiver.store.held import list_held
from archiver.store.import_parts import forget_filled, keep_filled
from archiver.store.imported import keep_raw
from archiver.store.imported_files import carry_files
from archiver.store.message import Sighting, has_stubs
from archiver.store.outbox import enqueue
from archiver.store.revision import keep_late_revisions, keep_revisions
from archiver.store.server_count import find_counted_pts
from search.exact import writer


@dataclass(frozen=True, slots=True)
class StoredCounts:
    """How many messages an answer changed, and how."""

    inserted: int = 0
    updated: int = 0
    revised: int = 0
    missing: int = 0
    redated: int = 0
    """Those of `updated` whose date differs from the one held."""
    denied: int = 0
    """Messages that only an import had, in other words or although they are not there."""

    @property
    def differs(self) -> bool:
        """Whether messages, contents or dates differed from those held; counters do not matter."""
        return bool(self.inserted or self.revised or self.missing or self.redated or self.denied)

    def __add__(self, other: StoredCounts) -> StoredCounts:
        return StoredCounts(
            inserted=self.inserted + other.inserted,
            updated=self.updated + other.updated,
            revised=self.revised + other.revised,
            missing=self.missing + other.missing,
            redated=self.redated + other.redated,
            denied=self.denied + other.denied,
        )


def apply_page(
    conn: Writer, channel: Mirrored, seen: Sequence[Message], proven: Interval | None, sighting: Sighting
) -> StoredCounts:
    """Apply the messages of a page. `proven`: the ids it fully accounts for; `sighting.pts`: its pts."""
    ids: list[int] = [m.message_id for m in seen]
    if proven:
        ids.extend(proven)
    held = list_held(conn, channel.channel_id, min(ids), max(ids)) if ids else {}
    seen = keep_known(conn, seen, held)
    # An audit reads ids that are already covered, one page at a time.
    changes = reconcile(seen, held, proven=proven, pts=sighting.pts, asked_after=sighting.origin == "audit")
    return _apply(conn, channel, changes, sighting)


def apply_difference(conn: Writer, channel: Mirrored, difference: Difference, sighting: Sighting) -> StoredCounts:
    """Apply a difference: new messages first, then all other events in order.

    A new message may be shown as posted or as it is now, but never in a state older than the pts asked from.
    """
    events = [_cap_pts(difference.pts, event) for event in difference.events]
    counted_pts = find_counted_pts(conn, channel.channel_id)
    deleted = {one for event in events if isinstance(event, Deleted) for one in event.message_ids}
    # If a history page was served after all these events, they do not bring back messages that it left out.
    all_past = counted_pts is not None and difference.pts <= counted_pts

    def is_past(message_id: int) -> bool:
        return all_past or message_id in deleted

    stored = StoredCounts()
    if posted := [event.message for event in events if isinstance(event, Posted)]:
        ids = [message.message_id for message in posted]
        held = list_held(conn, channel.channel_id, min(ids), max(ids))
        # Ids ascend, so nothing new can be below the window, where no audit would ever verify it.
        floor_id = channel.floor_id or 0
        posted = [message for message in posted if message.message_id > floor_id or message.message_id in held]
        stored = _apply(conn, channel, reconcile(keep_known(conn, posted, held), held, is_past=is_past), sighting)
    return stored + _apply_events(conn, channel, events, sighting, is_past)


def _cap_pts(pts: int, event: Event) -> Event:
    """The event, with its pts capped at that of the whole difference."""
    return replace(event, pts=min(event.pts, pts)) if isinstance(event, Edited) and event.pts else event


def _apply_events(
    conn: Writer, channel: Mirrored, events: Sequence[Event], sighting: Sighting, is_past: Callable[[int], bool]
) -> StoredCounts:
    edits = [event.message for event in events if isinstance(event, Edited)]
    held: dict[int, Held] = {}
    for message_id, times in Counter(message.message_id for message in edits).items():
        if times > 1:
            held |= list_held(conn, channel.channel_id, message_id, message_id)
    overtaken = {id(edits[place]) for place in find_overtaken(edits, held)}
    stored = StoredCounts()
    for event in events:
        late = isinstance(event, Edited) and id(event.message) in overtaken
        stored += _apply_event(conn, channel, event, sighting, overtaken=late, is_past=is_past)
    return stored


def apply_missing(conn: Writer, channel: Mirrored, message_ids: Iterable[int], sighting: Sighting) -> StoredCounts:
    """Mark these messages as missing; ids that are not held are ignored."""
    known = messages.list_known(conn, channel.channel_id, message_ids)
    return _apply(conn, channel, Changes(missing=known), sighting)


def note_stubs(conn: Writer, channel: Mirrored, seen: Sequence[Message], now: int) -> None:
    """Set the channel's state to `needs_newer_layer` for as long as it has messages this version cannot read."""
    if any(message.kind == "stub" for message in seen):
        reason = "some of its messages need a newer telekeep; what can be read of them is kept."
        channels.set_state(conn, channel.channel_id, "needs_newer_layer", now=now, reason=reason)
    elif channel.state == "needs_newer_layer" and not has_stubs(conn, channel.channel_id):
        channels.set_state(conn, channel.channel_id, "active", now=now)


def apply_whole(conn: Writer, channel: Mirrored, whole: Message, sighting: Sighting, *, retry_at: int) -> StoredCounts:
    """Apply the complete rich message of one held in part.

    `retry_at` (unix seconds): when to ask again if this does not complete the current edit.
    """
    key = (channel.channel_id, whole.message_id)
    held = list_held(conn, channel.channel_id, whole.message_id, whole.message_id)
    if not held:
        return StoredCounts()
    [present] = messages.read_messages(conn, channel.channel_id, after=whole.message_id - 1, limit=1)
    whole = keep_names(whole, present)
    completes = begins_with(whole, present)
    # If the message is marked as missing, this answer does not undo that.
    changes = reconcile([whole], held, is_past=lambda _: True, completes=completes)
    # The answer has no pts: take that of the part.
    stored = _apply(conn, channel, changes, replace(sighting, pts=held[whole.message_id].seen_pts))
    if rich.is_open(conn, *key):
        rich.note_attempt(conn, *key, retry_at=retry_at)
    return stored


def _apply_event(
    conn: Writer,
    channel: Mirrored,
    event: Event,
    sighting: Sighting,
    *,
    overtaken: bool,
    is_past: Callable[[int], bool],
) -> StoredCounts:
    match event:
        case Edited(message):
            held = list_held(conn, channel.channel_id, message.message_id, message.message_id)
            if not held and channel.window_start is not None and message.date.timestamp() < channel.window_start:
                return StoredCounts()  # older than the window, and never held
            changes = reconcile(
                keep_known(conn, [message], held), held, overtaken=overtaken, is_past=is_past, pts=event.pts
            )
            return _apply(conn, channel, changes, replace(sighting, pts=event.pts or sighting.pts))
        case Deleted(message_ids):
            return apply_missing(conn, channel, message_ids, sighting)
        case HistoryCleared(available_min_id):
            return apply_missing(conn, channel, list_held(conn, channel.channel_id, 1, available_min_id), sighting)
        case Pinned(message_ids, pinned):
            messages.set_pinned(conn, channel.channel_id, message_ids, pinned=pinned)
            writer.mark_pinned(conn, _keys(channel, message_ids), pinned=pinned)
    return StoredCounts()


def _apply(conn: Writer, channel: Mirrored, changes: Changes, sighting: Sighting) -> StoredCounts:
    channel_id = channel.channel_id
    if has_files(conn):
        carry_files(conn, [*changes.confirmed, *changes.revise], now=sighting.now)
        _fill_files(conn, changes, sighting)
    _settle_imports(conn, channel_id, changes)
    marks = messages.list_missing_marks(conn, channel_id, changes.still_missing) if changes.still_missing else []
    if changes.counted:
        keep_counters(conn, changes.counted, now=sighting.now)
    revised: list[int] = []
    if changes.revise:
        revised = keep_revisions(conn, channel_id, [m.message_id for m in changes.revise], now=sighting.now)
    if changes.insert:
        insert_new(conn, channel_id, changes.insert, sighting)
    kept = _with_part_counters(conn, channel_id, changes.kept) if changes.kept else []
    replaced = [*changes.update, *changes.revise, *kept]
    if replaced:
        messages.update_messages(conn, replaced, sighting)
    # An outdated answer does not change the content, but it does show that the message existed.
    if present := [m.message_id for m in (*changes.seen, *changes.stale)]:
        messages.mark_seen(conn, channel_id, present, sighting)
    _note_parts(conn, channel_id, changes, now=sighting.now)
    late = keep_late_revisions(conn, changes.stale, now=sighting.now) if changes.stale else []
    if changes.returned:
        messages.mark_returned(conn, channel_id, changes.returned, now=sighting.now)
    if marks:
        messages.restore_missing_marks(conn, channel_id, marks)
    if changes.missing:
        # How a deletion is noticed and how a message is received use the same names.
        messages.mark_missing(conn, channel_id, changes.missing, now=sighting.now, how=sighting.origin)
    writer.upsert(conn, [to_document(message) for message in kept])
    _update_search(conn, channel, changes, revised, sighting)
    writer.add_revisions(conn, [(to_document(message), number) for message, number in late])
    return StoredCounts(
        inserted=len(changes.insert),
        updated=len(changes.update),
        revised=len(changes.revise) - changes.denied_words + len(late),
        missing=len(changes.missing) - changes.denied,
        redated=len(changes.redated),
        denied=changes.denied_words + changes.denied,
    )


def _settle_imports(conn: Writer, channel_id: ChannelId, changes: Changes) -> None:
    """Keep what imports say of messages about to be written."""
    if changes.confirmed:
        keep_raw(conn, channel_id, [m.message_id for m in changes.confirmed])
    if replaced := [m.message_id for m in (*changes.confirmed, *changes.revise)]:
        forget_filled(conn, channel_id, replaced)
    if changes.update:
        changes.update[:] = keep_filled(conn, channel_id, changes.update)


def _fill_files(conn: Writer, changes: Changes, sighting: Sighting) -> None:
    """Give the messages about to be written what is known of their files."""
    revive_gone(conn, [*changes.insert, *changes.revise], now=sighting.now)
    for written in (changes.insert, changes.update, changes.revise):
        written[:] = fill_files(conn, written)


def _with_part_counters(conn: Writer, channel_id: ChannelId, parts: Iterable[Message]) -> list[Message]:
    """The complete rich messages held, with the counters of their parts, which were just seen."""
    found = []
    for part in parts:
        [whole] = messages.read_messages(conn, channel_id, after=part.message_id - 1, limit=1)
        counters = {name: getattr(part, name) for name in ("views", "forwards", "replies", "reactions", "pinned")}
        found.append(replace(whole, **counters))
    return found


def _note_parts(conn: Writer, channel_id: ChannelId, changes: Changes, *, now: int) -> None:
    """Record which rich messages are held in part, and which no longer are."""
    if shown := [m for m in (*changes.seen, *changes.update, *changes.kept) if m.partial]:
        rich.doubt_refusals(conn, shown, now=now)
    if parts := [m for m in (*changes.insert, *changes.update, *changes.revise) if m.partial]:
        rich.put_parts(conn, parts, now=now)
    if changes.wanted:
        rich.put_parts(conn, changes.wanted, now=now)
    wanted = {m.message_id for m in changes.wanted}
    if settled := [m for m in changes.kept if m.message_id not in wanted]:
        rich.put_parts(conn, settled, now=now, completed_at=now)
    if changes.whole:
        rich.close_parts(conn, changes.whole, now=now)
    if changes.returned:
        rich.reopen(conn, channel_id, changes.returned, now=now)


def _update_search(
    conn: Writer, channel: Mirrored, changes: Changes, revised: Sequence[int], sighting: Sighting
) -> None:
    """Update the embedded engine now, and the index through the outbox. `revised`: the new revisions' numbers."""
    if written := [*changes.update, *changes.revise]:
        numbers = dict(zip(_keys(channel, [m.message_id for m in changes.revise]), revised, strict=True))
        writer.upsert(conn, list(map(to_document, written)), numbers, unedited=list_claimed(conn, numbers))
    if changes.returned:
        writer.mark_missing(conn, _keys(channel, changes.returned), missing=False)
    if changes.missing or changes.still_missing:
        writer.mark_missing(conn, _keys(channel, (*changes.missing, *changes.still_missing)), missing=True)
    changed: set[int] = {
        m.message_id for m in (*changes.insert, *changes.revise, *changes.completed, *changes.confirmed)
    }
    changed.update(changes.missing, changes.returned)
    if changed:
        later = sighting.origin != "update"  # a page of the past does not hold up the news
        enqueue(conn, channel.channel_id, sorted(changed), now=sighting.now, later=later)


def _keys(channel: Mirrored, message_ids: Iterable[int]) -> list[tuple[int, int]]:
    return [(channel.channel_id, message_id) for message_id in message_ids]
