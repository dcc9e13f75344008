"""The pieces of imports into another archive, taken over with its messages."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final, cast

import orjson

from archiver.ids import ChannelId
from archiver.model.compare_import import fill
from archiver.model.merging import CURRENT
from archiver.store.imports.contradicted import list_beside
from archiver.store.imports.import_parts import forget_filled, take_filled, without_filled
from archiver.store.imports.import_zones import list_notes, moved_note, note_of, put_notes
from archiver.store.merging.foreign_page import PIECE_NAMES, Row
from archiver.store.merging.foreign_record import to_compared
from archiver.store.merging.merge_plan import PlannedMessage
from archiver.store.messages.message import CONTENT_NAMES
from archiver.store.verify.checked import REVISION_NAMES

_PUT: Final = (
    "INSERT INTO imported (channel_id, message_id, import_id, payload_sha256, raw, differs)"
    " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)


def put_pieces(
    conn: sqlite3.Connection,
    channel_id: ChannelId,
    planned: Sequence[PlannedMessage],
    mark_of: Callable[[int | None], int],
    zones: Mapping[int, str],
) -> None:
    """Add the pieces that we lack. `mark_of`: ours for their `import_id`; `zones`: theirs where we have others.

    What imports filled belongs to the content: it comes with the one that is taken, and goes with the one replaced.
    """
    forget_filled(conn, channel_id, [one.theirs.message_id for one in planned if one.ours is not None and one.replaces])
    for one in planned:
        if one.ours is not None and one.replaces and one.ours.is_imported and one.theirs.is_imported:
            _date_ours(conn, channel_id, one, zones)
        if not one.theirs.pieces:
            continue
        key, is_taken = (channel_id, one.theirs.message_id), one.ours is None or one.replaces
        rows = [
            (
                *key,
                mark_of(piece[_OF]),
                piece[_DIGEST],
                _find_raw(one, piece),
                _dated(channel_id, one, piece, zones, is_taken=is_taken),
            )
            for piece in one.pieces
        ]
        conn.executemany(_PUT, rows)
        if one.ours is not None and one.replaces:
            take_filled(conn, *key, [(piece[_DIGEST], piece[_DIFFERS]) for piece in one.theirs.pieces])
        if one.filled and one.ours is not None:
            goes = one.ours if one.replaces else one.theirs
            take_filled(conn, *key, [(goes.content[_NOW_DIGEST], orjson.dumps({"filled": one.filled}).decode())])


def _date_ours(conn: sqlite3.Connection, channel_id: ChannelId, one: PlannedMessage, zones: Mapping[int, str]) -> None:
    """Say of our piece that theirs is made of, too, on which zone its date rests, if it has the date of theirs now."""
    assert one.ours is not None, "it is replaced"
    own = next((row for row in one.theirs.pieces if row[_DIGEST] == one.theirs.content[_NOW_DIGEST]), None)
    if own is None or one.ours.content[_DATE] == one.theirs.content[_DATE]:
        return
    found = orjson.loads(own[_DIFFERS] or "{}")
    notes = []
    for note in list_notes(conn, channel_id, [one.theirs.message_id]):
        if note.payload_sha256 == own[_DIGEST]:
            kept = {**orjson.loads(note.differs or "{}"), "other": found.get("other"), "assumed": found.get("assumed")}
            notes.append(note._replace(differs=_with_zone(note_of(kept), zones.get(own[_OF]))))
    put_notes(conn, channel_id, notes)


def _dated(
    channel_id: ChannelId, one: PlannedMessage, piece: Row, zones: Mapping[int, str], *, is_taken: bool
) -> str | None:
    """What is kept beside a piece of theirs: it is compared with what the message is here."""
    differs = _with_zone(_differs(piece, is_taken=is_taken), zones.get(piece[_OF]))
    if is_taken or one.ours is None or (one.ours.content, one.media) == (one.theirs.content, one.theirs.media):
        return differs
    was, now = one.theirs.content[_DATE], one.ours.content[_DATE]
    found = orjson.loads((differs if was == now else moved_note(differs, was, now)) or "{}")
    theirs = to_compared(channel_id, one.theirs)
    is_own = one.theirs.is_imported and piece[_DIGEST] == one.theirs.content[_NOW_DIGEST]
    taken = {row[0] for row in one.media if row not in one.ours.media}
    digests = one.ours.digests | {slot: digest for slot, digest in one.theirs.digests.items() if slot in taken}
    now_here = fill(to_compared(channel_id, replace(one.ours, media=one.media, digests=digests)), one.filled)
    other = list_beside(now_here, found.get("other", {}), theirs if is_own else None)
    return note_of({**found, "other": other})


def _with_zone(differs: str | None, zone: str | None) -> str | None:
    """The note with the zone of its archive, unless it names its own."""
    if zone is None:
        return differs
    return orjson.dumps({"assumed": {"tz": zone}, **orjson.loads(differs or "{}")}).decode()


def _differs(piece: Row, *, is_taken: bool) -> str | None:
    return cast("str | None", piece[_DIFFERS]) if is_taken else without_filled(piece[_DIFFERS])


def _find_raw(one: PlannedMessage, piece: Row) -> bytes | None:
    """The bytes of a piece of theirs; None if a row or a revision of ours has them."""
    theirs, ours, merged = one.theirs, one.ours, one.merged
    if piece[_RAW] is not None or ours is None:
        return cast("bytes | None", piece[_RAW])
    rows = {CURRENT: (theirs.content[_NOW_DIGEST], theirs.content[_NOW_RAW])}
    rows.update((place, (row[_KEPT_DIGEST], row[_KEPT_RAW])) for place, row in enumerate(theirs.revisions))
    held = {row[_KEPT_DIGEST] for row in ours.revisions} | {rows[place][0] for place in merged.adds}
    if one.replaces:
        held.add(theirs.content[_NOW_DIGEST])
    if merged.keeps or not one.replaces:
        held.add(ours.content[_NOW_DIGEST])
    digest = piece[_DIGEST]
    return None if digest in held else next((raw for known, raw in rows.values() if known == digest), None)


_KEPT_DIGEST, _KEPT_RAW = (REVISION_NAMES.index(name) for name in ("payload_sha256", "raw"))
_NOW_DIGEST, _NOW_RAW = (CONTENT_NAMES.index(name) for name in ("payload_sha256", "raw"))
_DATE: Final = CONTENT_NAMES.index("date")
_OF, _DIGEST, _RAW, _DIFFERS = range(len(PIECE_NAMES))
