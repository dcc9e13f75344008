"""The messages of a page of an import that the archive does not have: their rows, written at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

import archiver.store.message as messages
from archiver.ids import MessageId
from archiver.imports.import_target import ImportTarget
from archiver.imports.quick_message import QuickMessage
from archiver.imports.source import ImportedMessage
from archiver.model.coverage import Interval
from archiver.model.document import to_document
from archiver.model.language import recall_language
from archiver.model.record import Media, Message
from archiver.store import imported as store
from archiver.store.capture import WAYS, find_absence_proofs
from archiver.store.coverage import list_coverage
from archiver.store.database import Writer
from archiver.store.file import fill_files
from archiver.store.import_parts import with_part
from archiver.store.imported_content import set_seen
from archiver.store.message import Sighting
from archiver.store.new_messages import insert_contents
from archiver.store.outbox import enqueue
from archiver.store.revision import keep_late_revisions
from archiver.store.usual_entry import usual_entry
from search.exact import writer
from search.exact.add_new import NewEntry, add_new, new_entry


class _New(NamedTuple):
    """A new message as it is written."""

    of: ImportedMessage
    columns: tuple[Any, ...]
    """Id, content in the order of CONTENT_NAMES, and language."""
    media: Sequence[Media]
    record: Message | None
    """None: it is made of the columns if it is needed."""


def insert_new(conn: Writer, target: ImportTarget, new: Sequence[ImportedMessage], *, now: int) -> int:
    """Store new messages; return how many of them are known to be deleted."""
    channel_id = target.channel_id
    sighting = Sighting(now=target.seen, origin="import", generation=target.generation)
    made = list(_made(new, fill_files(conn, [one.message for one in new if not isinstance(one, QuickMessage)])))
    insert_contents(conn, channel_id, [one.columns for one in made], sighting)
    messages.put_slots(conn, channel_id, [(one.columns[0], slot) for one in made if one.media for slot in one.media])
    if seen := [(one.seen, one.message_id) for one in new if one.seen]:
        # No other telekeep saw it after we got its file.
        times = [(min(one.first_seen, target.at), min(one.last_seen, target.at), number) for one, number in seen]
        set_seen(conn, channel_id, times)
    store.put_new_pieces(conn, channel_id, target.import_id, list(_pieces(target, made)))
    missing = _mark_missing(conn, target, new)
    add_new(conn, channel_id, [_entry(target, one, missing) for one in made])
    keep_earlier(conn, new)
    enqueue(conn, channel_id, [one.message_id for one in new], now=now, later=True)
    return len(missing)


def _made(new: Sequence[ImportedMessage], whole: Sequence[Message]) -> Iterator[_New]:
    """`whole`: the records of those that are not quick."""
    records = iter(whole)
    for one in new:
        if isinstance(one, QuickMessage):
            yield _New(one, (*one.columns, recall_language(one.columns[messages.TEXT])), one.media, None)
        else:
            record = next(records)
            columns = (record.message_id, *messages.content_of(record), messages.language_of(record))
            yield _New(one, columns, record.media, record)


def _pieces(target: ImportTarget, made: Sequence[_New]) -> Iterator[tuple[int, bytes, str | None]]:
    """The id, the hash, and what is kept of each piece."""
    for one in made:
        digest = one.columns[messages.PAYLOAD_SHA256]
        yield one.columns[0], digest, with_part(target.mark(None, one.of), one.of.part)


def _entry(target: ImportTarget, one: _New, missing: Collection[int]) -> NewEntry:
    is_missing = one.columns[0] in missing
    found = usual_entry(target.channel_id, one.columns, one.media, is_missing=is_missing)
    if found is not None:
        return found
    record = one.of.message if one.record is None else one.record
    return new_entry(to_document(record, is_missing=is_missing, lang=one.columns[-1]))


def _mark_missing(conn: Writer, target: ImportTarget, new: Sequence[ImportedMessage]) -> set[MessageId]:
    """Mark what Telegram no longer showed when these ids were read, and what another telekeep knew to be deleted."""
    covered = list_coverage(conn, target.channel_id, target.generation)
    absent = [one.message_id for one in new if _is_within(one.message_id, covered)] if covered else []
    proofs = find_absence_proofs(conn, target.channel_id, target.generation, absent)
    # An export that is newer than the answer shows that the message was there after it.
    marks = [(number, at, WAYS.get(method, "history")) for number, at, method in proofs if at >= target.seen]
    known = {number for number, _, _ in marks}
    marks += [
        (one.message_id, min(one.seen.missing_since, target.at), "import")
        for one in new
        if one.seen and one.seen.missing_since is not None and one.message_id not in known
    ]
    for number, at, how in marks:
        messages.mark_missing(conn, target.channel_id, [number], now=at, how=how)
    return {number for number, _, _ in marks}


def _is_within(message_id: int, covered: Sequence[Interval]) -> bool:
    return any(lo <= message_id <= hi for lo, hi in covered)


def keep_earlier(conn: Writer, new: Sequence[ImportedMessage]) -> None:
    """Keep the earlier contents of messages as revisions."""
    for one in new:
        for earlier in one.earlier:
            late = keep_late_revisions(conn, [earlier.message], now=earlier.first_seen)
            writer.add_revisions(conn, [(to_document(message), number) for message, number in late])
