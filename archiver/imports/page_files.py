"""The stored files of a page of an import: whose they are, and which slots they settle."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

import orjson

from archiver.ids import MessageId
from archiver.imports.adopt import StoredFile, made_up_id
from archiver.imports.import_target import ImportTarget
from archiver.imports.later_import import Known
from archiver.imports.places import FileOf, find_earlier, find_own, find_place
from archiver.imports.source import ImportedMessage
from archiver.model.imported import FILE_ORIGIN, IMPORTED
from archiver.model.media_file import FileKey, find_key
from archiver.model.record import Media, Message
from archiver.store.database import Writer
from archiver.store.imports.imported_content import fill_columns
from archiver.store.imports.imported_files import fits_captured
from archiver.store.media.annotation import Annotation, put_missing
from archiver.store.media.file import fill_files, find_file, keep_blob, settle_downloaded
from archiver.store.messages.message import put_media, read_messages_of
from archiver.store.messages.revision import put_imported_media, read_revisions
from search.exact import writer

Files = Mapping[tuple[MessageId, int], StoredFile]
"""The stored files of a page, by message and slot."""
NO_FILES: Final[Files] = MappingProxyType({})
LostFiles: TypeAlias = Mapping[tuple[MessageId, int], str]
"""Why other files are not stored, as a sentence."""


class SettledFiles(NamedTuple):
    """What became of the stored files of a page."""

    new: int = 0
    """Files that were not stored before, or not shown."""
    filled: Sequence[Message] = ()
    """Messages with a slot that was filled, in their current or an earlier content."""


NO_FILES_SETTLED: Final = SettledFiles()


def with_files(one: ImportedMessage, files: Files) -> ImportedMessage:
    """A new message whose stored files have an id: formats of other programs have none."""
    if not one.files:
        return one
    message = one.message
    media = tuple(identified(slot, files.get((message.message_id, slot.slot))) for slot in message.media)
    return one if media == message.media else replace(one, message=replace(message, media=media))


def identified(slot: Media, file: StoredFile | None) -> Media:
    """A medium with an id made of the bytes of its stored file, unless it has one."""
    if file is None or slot.id is not None:
        return slot
    return replace(slot, id=made_up_id(file.sha256), size=file.size if slot.size is None else slot.size)


def known_with_files(known: Known, files: Files) -> Known:
    """The same for a message that is held: it may replace it, or fill its media."""
    one, held, decision = known
    found = with_files(one, files)
    if found is not one and "media" in decision.filled:
        decision = replace(decision, filled={**decision.filled, "media": found.message.media})
    return found, held, decision


def settle_files(
    conn: Writer, target: ImportTarget, files: Files, page: Sequence[ImportedMessage], *, now: int
) -> SettledFiles:
    """Record the stored files, and fill the slots that show them, unless they have others.

    A captured message gets no files from an export that contradicts it, or that has other words. What shows none of
    them keeps the bytes all the same: they are listed as stored.
    """
    ids = sorted({number for number, _ in files})
    said = {one.message_id: one.message for one in page if one.files}
    held = {one.message_id: one for one in read_messages_of(conn, target.channel_id, ids)}
    captured: dict[MessageId, list[Message]] = {}
    for one, _ in read_revisions(conn, list(held.values())):
        if one.layer != IMPORTED:
            captured.setdefault(one.message_id, []).append(one)
    filled: set[MessageId] = set()
    refilled: set[MessageId] = set()
    settled: set[FileKey] = set()
    mended = 0
    for (number, at), file in files.items():
        found = FileOf(said[number], at, file)
        own = find_own(conn, found, held[number], target.import_id)
        place, earlier = own or find_place(found, held[number]), find_earlier(conn, found)
        is_late = place is not None and _is_late(conn, place, settled)
        mended += own is not None or is_late
        if place is not None and (is_late or place not in held[number].media):
            held[number] = _with_slot(held[number], place)
            filled.add(number)
        if earlier is not None and earlier.filled is not None:
            put_imported_media(conn, target.channel_id, number, earlier.filled)
            writer.forget_revision(conn, (target.channel_id, number), earlier.filled.revision)
            refilled.add(number)
        places = (place, *(find_place(found, one) for one in captured.get(number, ())))
        shown = [find_key(one.kind, one.id) for one in places if one is not None]
        keys = {key for key in (*shown, earlier and earlier.key) if key is not None}
        settled |= {key for key in keys if settle_file(conn, key, file, now=now)}
        keep_blob(conn, sha256=file.sha256, size=file.size, now=now)
    put_media(conn, fill_files(conn, [held[number] for number in sorted(filled)]))
    for number in filled:
        fill_columns(conn, target.channel_id, number, {"media_kind": held[number].media_kind})
    return SettledFiles(len(settled) + mended, fill_files(conn, [held[number] for number in sorted(filled | refilled)]))


def _is_late(conn: Writer, slot: Media, settled: Collection[FileKey]) -> bool:
    """Whether a slot does not say that its file is stored, as earlier versions of telekeep could leave it.

    `settled`: the files stored just now.
    """
    key = find_key(slot.kind, slot.id) if slot.sha256 is None else None
    return key is not None and key not in settled and find_file(conn, key).status == "downloaded"


def _with_slot(message: Message, changed: Media) -> Message:
    return replace(message, media=tuple(changed if slot.slot == changed.slot else slot for slot in message.media))


def settle_file(conn: Writer, key: FileKey, file: StoredFile, *, now: int) -> bool:
    """Record that a file is stored; return whether that is new."""
    if find_file(conn, key).status == "downloaded" or not fits_captured(conn, key, file.size):
        return False
    settle_downloaded(conn, key, sha256=file.sha256, size=file.size, now=now, origin=FILE_ORIGIN)
    return True


def keep_texts(conn: Writer, page: Sequence[ImportedMessage]) -> int:
    """Keep what programs made of files that are stored, unless a program of ours did; return how many were new."""
    made = [Annotation(**asdict(text), reason=None, seconds=0.0) for one in page for text in one.texts]
    return put_missing(conn, made) if made else 0


def note_lost(page: list[ImportedMessage], lost: LostFiles) -> list[ImportedMessage]:
    """The messages, with the reason in each attachment whose file was not imported."""
    return [_noted(one, lost) if one.files else one for one in page] if lost else page


def _noted(one: ImportedMessage, lost: LostFiles) -> ImportedMessage:
    media = tuple(
        slot if why is None else replace(slot, extra=_with_reason(slot.extra, why))
        for slot in one.message.media
        for why in [lost.get((one.message_id, slot.slot))]
    )
    return replace(one, message=replace(one.message, media=media))


def _with_reason(extra: str | None, why: str) -> str:
    return orjson.dumps({**(orjson.loads(extra) if extra else {}), "not_imported": why}).decode()
