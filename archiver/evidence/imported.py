"""Imported messages and revisions, checked against the pieces of the exports that they were made from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from archiver.errors import Error
from archiver.evidence.contents import HASH
from archiver.ids import ChannelId, MessageId
from archiver.model.imported import hash_of, text_hash
from archiver.model.record import Media, Message
from archiver.store.imports.import_parts import is_earlier
from archiver.store.messages.message import CONTENT_NAMES, content_of
from archiver.store.verify.checked import MEDIA_NAMES, Row
from archiver.store.verify.custody import ImportLog
from search.query.dates import parse_zone

NO_PIECE = "no import has its piece"


class StoredPiece(NamedTuple):
    """A row of `imported` after the message's id."""

    import_id: int
    payload_sha256: bytes
    raw: bytes | None
    differs: str | None


def row_as_message(channel_id: ChannelId, row: Row, media: Iterable[Row]) -> Message:
    """The record that a row of `message` holds. `row`: id and content."""
    values = dict(zip(CONTENT_NAMES, row[1 : 1 + len(CONTENT_NAMES)], strict=True))
    del values["media_kind"]
    for name in ("date", "edit_date"):
        values[name] = None if values[name] is None else datetime.fromtimestamp(values[name], UTC)
    for flag in ("noforwards", "pinned", "silent"):
        values[flag] = bool(values[flag])
    slots = tuple(Media(**dict(zip(MEDIA_NAMES, one[: len(MEDIA_NAMES)], strict=True))) for one in media)
    return Message(channel_id=channel_id, message_id=MessageId(row[0]), media=slots, **values)


def check_import(record: Message, pieces: Sequence[StoredPiece], imports: Mapping[int, ImportLog]) -> Iterator[str]:
    """Check an imported message. `pieces`: those of all imports that have the message."""
    if sha256(record.raw).digest() != record.payload_sha256:
        yield HASH
        return
    if record.content_hash != hash_of(record):
        yield "content_hash does not match its text"
    words = record.text or orjson.loads(record.extra or "{}").get("rich_text", "")
    found = _find_piece(record.payload_sha256, pieces, imports)
    date = int(record.date.timestamp())
    note = _note_of(record.payload_sha256, pieces)
    is_from_other = note.get("other", {}).get("date", {}).get("held") == date  # an exact date of another import
    yield from _compare_piece(record.raw, _zoned(found, note), words, None if is_from_other else date)


def check_imported_revision(
    kept: Mapping[str, Any], pieces: Sequence[StoredPiece], imports: Mapping[int, ImportLog]
) -> Iterator[str]:
    """Check an imported revision. `kept`: its row."""
    if sha256(kept["raw"]).digest() != kept["payload_sha256"]:
        yield HASH
        return
    rich = orjson.loads(kept["extra"] or "{}").get("rich_text", "")
    if kept["content_hash"] != text_hash(kept["text"], "" if kept["text"] else rich):
        yield "content_hash does not match its text"
    if is_earlier(next((one.differs for one in pieces if one.payload_sha256 == kept["payload_sha256"]), None)):
        yield from _compare_row(kept["raw"], kept["text"] or rich)
    elif found := _find_piece(kept["payload_sha256"], pieces, imports):
        yield from _compare_piece(kept["raw"], found, kept["text"] or rich, None)


def check_pieces(pieces: Iterable[StoredPiece], imports: Mapping[int, ImportLog]) -> Iterator[str]:
    """Check the pieces that are stored beside a message."""
    for one in pieces:
        if one.import_id not in imports:
            yield "a piece belongs to no import"
        if one.raw is not None and sha256(one.raw).digest() != one.payload_sha256:
            yield f"its piece of import {one.import_id} {HASH}"


def without_filled(row: Row, record: Message, pieces: Iterable[StoredPiece]) -> Row:
    """A row of a captured message as it was captured: without the values that imports filled.

    `record`: what its payload says. What it says itself was captured, also where an import had filled it before.
    """
    filled: dict[str, list[Any]] = {}
    for one in pieces:
        if one.differs is not None:
            for name, value in orjson.loads(one.differs).get("filled", {}).items():
                filled.setdefault(name, []).append(value)
    if not filled:
        return row
    captured = content_of(record)
    there = {
        at
        for at, name in enumerate(CONTENT_NAMES, 1)
        if name in filled and captured[at - 1] is None and row[at] in filled[name]
    }
    return tuple(None if at in there else value for at, value in enumerate(row))


def is_import_time(at: object, imports: Mapping[int, ImportLog]) -> bool:
    """Whether an import may have given a message this time: none is later than the import itself."""
    return isinstance(at, int) and any(at <= one.at for one in imports.values() if one.format != "telekeep")


def _find_piece(digest: bytes, pieces: Iterable[StoredPiece], imports: Mapping[int, ImportLog]) -> ImportLog | None:
    return next((imports.get(one.import_id) for one in pieces if one.payload_sha256 == digest), None)


def _note_of(digest: bytes, pieces: Iterable[StoredPiece]) -> Mapping[str, Any]:
    """What is kept beside a piece."""
    kept = next((one.differs for one in pieces if one.payload_sha256 == digest), None)
    return {} if kept is None else orjson.loads(kept)


def _zoned(of: ImportLog | None, note: Mapping[str, Any]) -> ImportLog | None:
    """The import with the zone of the piece, which another one replaces while it is corrected."""
    zone = note.get("assumed", {}).get("tz")
    return of if of is None or zone is None else of._replace(zone=zone)


def _compare_piece(raw: bytes, of: ImportLog | None, words: str, date: int | None) -> Iterator[str]:
    if of is None:
        yield NO_PIECE
        return
    from archiver.imports.detect import derive_of

    derive = derive_of(of.format)
    if derive is None:
        return
    piece = derive(raw, _zone(of.zone))
    if piece is None:
        yield "its piece cannot be read"
        return
    if piece.text != words:
        yield "text does not match its piece"
    if date is not None and piece.date is not None and int(piece.date.timestamp()) != date:
        yield "date does not match its piece"


def _compare_row(raw: bytes, words: str) -> Iterator[str]:
    """Check an earlier content in a row of telekeep, in a file of any format."""
    from archiver.imports.sources.exported_rows import derive_row

    piece = derive_row(raw, None)
    if piece is None:
        yield "its piece cannot be read"
    elif piece.text != words:
        yield "text does not match its piece"


@lru_cache(maxsize=16)
def _zone(name: str | None) -> tzinfo | None:
    try:
        return None if name is None else parse_zone(name)
    except Error:
        return None
