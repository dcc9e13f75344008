"""Write the new messages of a page of an import, all rows at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import archiver.store.messages.message as messages
from archiver.ids import MessageId
from archiver.imports.import_target import ImportTarget
from archiver.imports.ready import Ready, ReadyMessage, has_ids, ready_of
from archiver.imports.source import ImportedMessage, Seen
from archiver.model.coverage import Interval
from archiver.store.channels.capture import WAYS, find_absence_proofs
from archiver.store.channels.coverage import list_coverage
from archiver.store.database import Reader, Writer
from archiver.store.imports.import_parts import earlier_note, with_part
from archiver.store.imports.imported import PieceRow, put_new_pieces, put_pieces
from archiver.store.index.outbox import enqueue
from archiver.store.media.file import fill_files, has_files
from archiver.store.messages.message import Sighting
from archiver.store.messages.new_messages import insert_contents, insert_slots
from archiver.store.messages.revision import keep_late_revisions
from archiver.store.search.index_revisions import index_revisions
from search.exact.add_new import NewEntry, add_new
from search.flags import MISSING

NOTHING_READY: Final[Ready] = {}


def insert_new(
    conn: Writer, target: ImportTarget, new: Sequence[ImportedMessage], ready: Ready = NOTHING_READY, *, now: int
) -> int:
    """Store new messages; return how many are known to be deleted. `ready`: prepared rows for some of them."""
    channel_id = target.channel_id
    sighting = Sighting(now=target.seen, origin="import", generation=target.generation)
    made = _made(conn, new, ready)
    insert_contents(conn, channel_id, [one.columns for one in made], sighting, _times(target, new, made))
    insert_slots(conn, channel_id, [(one.columns[0], slot) for one in made if one.media for slot in one.media])
    put_new_pieces(conn, channel_id, target.import_id, _pieces(target, new, made))
    missing = _mark_missing(conn, target, new)
    add_new(conn, channel_id, _entries(made, missing))
    keep_earlier(conn, target, new)
    enqueue(conn, channel_id, [one.columns[0] for one in made], now=now, later=True)
    return len(missing)


def _times(target: ImportTarget, new: Sequence[ImportedMessage], made: Sequence[ReadyMessage]) -> list[tuple[int, int]]:
    """When each was first and last seen, if another telekeep knows: never after we got its file.

    Also where a message is newer than what the file's ends showed, as of files that are in no order.
    """
    dates = [one.columns[messages.DATE] for one in made]
    if not any(one.seen for one in new) and max(dates) <= target.seen:
        return []
    return [_times_of(target, one.seen, date) for one, date in zip(new, dates, strict=True)]


def _times_of(target: ImportTarget, seen: Seen | None, date: int) -> tuple[int, int]:
    if seen is not None:
        return min(seen.first_seen, target.at), min(seen.last_seen, target.at)
    own = max(target.seen, min(date, target.at))
    return own, own


def _last_seen(target: ImportTarget, one: ImportedMessage) -> int:
    return _times_of(target, one.seen, int(one.message.date.timestamp()))[1]


def _made(conn: Writer, new: Sequence[ImportedMessage], ready: Ready) -> list[ReadyMessage]:
    # A first file may have become known since, through this import or a concurrent sync.
    keyed = has_files(conn)
    found = [None if keyed and has_ids(one) else ready.get(one.message_id) for one in new]
    rest = [one.message for one, made in zip(new, found, strict=True) if made is None]
    records = iter(fill_files(conn, rest) if rest else ())
    return [ready_of(next(records)) if made is None else made for made in found]


def _pieces(
    target: ImportTarget, new: Sequence[ImportedMessage], made: Sequence[ReadyMessage]
) -> list[tuple[int, bytes, str | None]]:
    """Each piece's id, hash, and what is kept of it."""
    digests = [(one.columns[0], one.columns[messages.PAYLOAD_SHA256]) for one in made]
    if target.marks_none:
        return [(*digest, with_part(None, one.part)) for digest, one in zip(digests, new, strict=True)]
    return [(*digest, with_part(target.mark(None, one), one.part)) for digest, one in zip(digests, new, strict=True)]


def _entries(made: Sequence[ReadyMessage], missing: Collection[int]) -> list[NewEntry]:
    if not missing:
        return [one.entry for one in made]
    return [
        one.entry._replace(flags=one.entry.flags | MISSING) if one.columns[0] in missing else one.entry for one in made
    ]


def _mark_missing(conn: Writer, target: ImportTarget, new: Sequence[ImportedMessage]) -> set[MessageId]:
    marks = list_gone(conn, target, new)
    for number, at, how in marks:
        messages.mark_missing(conn, target.channel_id, [number], now=at, how=how)
    return {number for number, _, _ in marks}


def list_gone(conn: Reader, target: ImportTarget, new: Sequence[ImportedMessage]) -> list[tuple[MessageId, int, str]]:
    """What Telegram no longer showed when these ids were read, or what another telekeep found deleted: when, how."""
    covered = list_coverage(conn, target.channel_id, target.generation)
    absent = {one.message_id: one for one in new if _is_within(one.message_id, covered)} if covered else {}
    proofs = find_absence_proofs(conn, target.channel_id, target.generation, absent)
    # An export newer than the answer, or a telekeep that saw it later, says that the message was there after it.
    marks = [
        (number, at, WAYS.get(method, "history"))
        for number, at, method in proofs
        if at >= _last_seen(target, absent[number])
    ]
    known = {number for number, _, _ in marks}
    marks += [
        (one.message_id, min(one.seen.missing_since, target.at), "import")
        for one in new
        if one.seen and one.seen.missing_since is not None and one.message_id not in known
    ]
    return marks


def _is_within(message_id: int, covered: Sequence[Interval]) -> bool:
    return any(lo <= message_id <= hi for lo, hi in covered)


def keep_earlier(conn: Writer, target: ImportTarget, new: Sequence[ImportedMessage]) -> int:
    """Keep the earlier contents of messages as revisions, each with its origin; return how many are new."""
    count = 0
    for one in new:
        for earlier in one.earlier:
            seen = min(earlier.first_seen, target.at), min(earlier.last_seen, target.at)
            late = keep_late_revisions(conn, [earlier.message], now=target.at, seen=seen)
            note = with_part(earlier_note(earlier.claimed_by, earlier.claimed_sha256), one.part)
            pieces = [PieceRow(kept.message_id, kept.payload_sha256, None, note) for kept, _ in late]
            put_pieces(conn, target.channel_id, target.import_id, pieces)
            count += len(late)
    ids = sorted(one.message_id for one in new if one.earlier)
    if count:
        index_revisions(conn, messages.read_messages_of(conn, target.channel_id, ids))
    return count
