"""Write the changes that `reconcile` found: rows, revisions, files, search tables and outbox, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import archiver.store.messages.message as messages
from archiver.ids import ChannelId
from archiver.mirror.insert_new import insert_new
from archiver.model.document import to_document
from archiver.model.reconcile import Changes
from archiver.model.record import Message
from archiver.store.database import Writer
from archiver.store.imports.claimed import list_claimed
from archiver.store.imports.contradicted import note_contradicted
from archiver.store.imports.import_parts import forget_filled, keep_filled
from archiver.store.imports.imported import keep_raw
from archiver.store.imports.imported_files import carry_files
from archiver.store.index.outbox import enqueue
from archiver.store.media.file import fill_files, has_files, revive_gone
from archiver.store.messages import rich
from archiver.store.messages.counter import keep_counters
from archiver.store.messages.message import Sighting
from archiver.store.messages.revision import keep_late_revisions, keep_revisions
from archiver.store.search.index_revisions import index_revisions
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


def write_changes(conn: Writer, channel_id: ChannelId, changes: Changes, sighting: Sighting) -> StoredCounts:
    """Write what an answer changes in a channel."""
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
    _update_search(conn, channel_id, changes, revised, sighting)
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
    if changes.confirmed or changes.revise:
        note_contradicted(conn, channel_id, [*changes.confirmed, *changes.revise])
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
    conn: Writer, channel_id: ChannelId, changes: Changes, revised: Sequence[int], sighting: Sighting
) -> None:
    """Update the embedded engine now, and the index through the outbox. `revised`: the new revisions' numbers."""
    if written := [*changes.update, *changes.revise]:
        numbers = dict(zip(_keys(channel_id, [m.message_id for m in changes.revise]), revised, strict=True))
        counts = writer.upsert(conn, list(map(to_document, written)), numbers, unedited=list_claimed(conn, numbers))
        if counts.moved:  # an import had another date
            index_revisions(
                conn, messages.read_messages_of(conn, channel_id, sorted(number for _, number in counts.moved))
            )
    if changes.returned:
        writer.mark_missing(conn, _keys(channel_id, changes.returned), missing=False)
    if changes.missing or changes.still_missing:
        writer.mark_missing(conn, _keys(channel_id, (*changes.missing, *changes.still_missing)), missing=True)
    changed: set[int] = {
        m.message_id for m in (*changes.insert, *changes.revise, *changes.completed, *changes.confirmed)
    }
    changed.update(changes.missing, changes.returned)
    if changed:
        later = sighting.origin != "update"  # a page of the past does not hold up the news
        enqueue(conn, channel_id, sorted(changed), now=sighting.now, later=later)


def _keys(channel_id: ChannelId, message_ids: Iterable[int]) -> list[tuple[int, int]]:
    return [(channel_id, message_id) for message_id in message_ids]
