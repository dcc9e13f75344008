"""The stored files of a page of an import: whose they are, and which slots they settle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from types import MappingProxyType
from typing import Final, TypeAlias

import orjson

from archiver.ids import ChannelId, MessageId
from archiver.imports.adopt import StoredFile, made_up_id
from archiver.imports.source import ImportedMessage
from archiver.model.compare_import import is_contradicted
from archiver.model.imported import FILE_ORIGIN, IMPORTED
from archiver.model.media_file import find_key
from archiver.model.record import Media
from archiver.store.annotation import Annotation, put_missing
from archiver.store.database import Writer
from archiver.store.file import find_file, settle_downloaded
from archiver.store.imported_content import set_media_id
from archiver.store.imported_files import fits_captured
from archiver.store.message import read_messages_of

Files = Mapping[tuple[MessageId, int], StoredFile]
"""The stored files of a page, by message and slot."""
NO_FILES: Final[Files] = MappingProxyType({})
LostFiles: TypeAlias = Mapping[tuple[MessageId, int], str]
"""Why other files are not stored, as a sentence."""


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


def settle_files(
    conn: Writer, channel_id: ChannelId, files: Files, page: Sequence[ImportedMessage], *, now: int
) -> int:
    """Record the stored files for the slots that show them, unless they have others; return how many were new.

    A captured message gets no files from an export that contradicts it.
    """
    ids = sorted({number for number, _ in files})
    said = {one.message_id: one.message for one in page if one.files}
    held = {
        one.message_id: one
        for one in read_messages_of(conn, channel_id, ids)
        if one.layer == IMPORTED or not is_contradicted(said[one.message_id], one)
    }
    settled = 0
    for (number, slot_number), file in files.items():
        slot = next((one for one in held[number].media if one.slot == slot_number), None) if number in held else None
        if slot is None or (slot.size is not None and slot.size != file.size):
            continue
        if slot.id is None:
            slot = replace(slot, id=made_up_id(file.sha256))
            set_media_id(conn, channel_id, number, slot_number, str(slot.id), size=file.size)
        key = find_key(slot.kind, slot.id)
        if key is None or find_file(conn, key).status == "downloaded":
            continue
        if fits_captured(conn, key, file.size):
            settle_downloaded(conn, key, sha256=file.sha256, size=file.size, now=now, origin=FILE_ORIGIN)
            settled += 1
    return settled


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
