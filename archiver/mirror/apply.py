"""Apply an answer to the archive: the changes that `reconcile` found, and the events of a difference.

Every function runs inside the transaction opened by `ingest`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import archiver.store.channels.channel as channels
import archiver.store.messages.message as messages
from archiver.mirror.known import keep_known
from archiver.mirror.write_changes import StoredCounts, write_changes
from archiver.model.coverage import Interval
from archiver.model.reconcile import Changes, find_overtaken, reconcile
from archiver.model.record import Deleted, Difference, Edited, Event, Held, HistoryCleared, Message, Pinned, Posted
from archiver.model.rich_whole import begins_with, keep_names
from archiver.store.channels.channel import Mirrored
from archiver.store.channels.server_count import find_counted_pts
from archiver.store.database import Writer
from archiver.store.messages import rich
from archiver.store.messages.held import list_held
from archiver.store.messages.message import Sighting, has_stubs
from search.exact import writer


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
    return write_changes(conn, channel.channel_id, changes, sighting)


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
        changes = reconcile(keep_known(conn, posted, held), held, is_past=is_past)
        stored = write_changes(conn, channel.channel_id, changes, sighting)
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
            known = keep_known(conn, [message], held)
            changes = reconcile(known, held, overtaken=overtaken, is_past=is_past, pts=event.pts)
            return write_changes(conn, channel.channel_id, changes, replace(sighting, pts=event.pts or sighting.pts))
        case Deleted(message_ids):
            return apply_missing(conn, channel, message_ids, sighting)
        case HistoryCleared(available_min_id):
            return apply_missing(conn, channel, list_held(conn, channel.channel_id, 1, available_min_id), sighting)
        case Pinned(message_ids, pinned):
            messages.set_pinned(conn, channel.channel_id, message_ids, pinned=pinned)
            writer.mark_pinned(conn, [(channel.channel_id, one) for one in message_ids], pinned=pinned)
    return StoredCounts()


def apply_missing(conn: Writer, channel: Mirrored, message_ids: Iterable[int], sighting: Sighting) -> StoredCounts:
    """Mark these messages as missing; ids that are not held are ignored."""
    known = messages.list_known(conn, channel.channel_id, message_ids)
    return write_changes(conn, channel.channel_id, Changes(missing=known), sighting)


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
    stored = write_changes(conn, channel.channel_id, changes, replace(sighting, pts=held[whole.message_id].seen_pts))
    if rich.is_open(conn, *key):
        rich.note_attempt(conn, *key, retry_at=retry_at)
    return stored
