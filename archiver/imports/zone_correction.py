"""The same file imported again with another time zone: what the first one gave is corrected, and stays beside.

Nothing that was captured changes, nor a date that another import knows exactly: of those only what this import says of
them does. Each piece names its zone until the import is finished, so that one that was killed can be continued, or
taken back with the first zone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

import orjson

import archiver.store.imports.import_zones as zones
import archiver.store.messages.message as messages
from archiver.imports.import_target import ImportTarget
from archiver.model.imported import is_day_only, rests_on_zone
from archiver.model.record import Message
from archiver.store.database import Reader, Writer


class Correction(NamedTuple):
    """What another zone changes in a message."""

    piece: Message
    """As the import has it now."""
    held: Message
    row: Message
    """What the row becomes: equal to `held` if it does not change."""
    differs: str | None
    """What is kept beside the piece."""
    is_own: bool
    """Whether the date of the row is that of the piece."""
    is_change: bool
    """Whether any time is another one."""


def plan_corrections(conn: Reader, target: ImportTarget, again: Sequence[Message]) -> list[Correction]:
    """Compare messages that the same import brought before with what its zone makes of them now."""
    if target.corrects is None or target.zone is None or not again:
        return []
    ids = [one.message_id for one in again]
    held = {one.message_id: one for one in messages.read_messages_of(conn, target.channel_id, ids)}  # type: ignore[arg-type]
    notes = {
        (one.message_id, one.payload_sha256): one.differs
        for one in zones.list_notes(conn, target.channel_id, ids)
        if one.import_id == target.import_id
    }
    assumed = zones.list_assumed(conn, target.channel_id, ids)
    found = []
    for one in again:
        if not rests_on_zone(target.format, target.zone, one.raw):
            continue
        row = held[one.message_id]
        is_own = one.message_id in assumed and row.payload_sha256 == one.payload_sha256
        note = notes.get((one.message_id, one.payload_sha256))
        found.append(_correct(one, row, {} if note is None else orjson.loads(note), target, is_own=is_own))
    return [one for one in found if one is not None]


def _correct(
    one: Message, held: Message, note: dict[str, Any], target: ImportTarget, *, is_own: bool
) -> Correction | None:
    other, filled = dict(note.get("other", {})), dict(note.get("filled", {}))
    was = other.get("date", {}).get("imported", _unix(held.date))
    row = _own_row(one, held) if is_own else _filled_row(one, held, filled)
    if not is_own:
        _compare(one, held, other)
    is_change = row != held or other != note.get("other", {}) or filled != note.get("filled", {})
    mark = dict(note.get("assumed", {}))
    if not is_change and mark.get("tz", target.zone) == target.zone and target.seen == target.seen_before:
        return None
    if _unix(one.date) != was:
        mark["before"] = {"tz": mark.get("tz", target.corrects), "date": was}
    mark["tz"] = target.zone
    kept = zones.note_of({**note, "other": other, "filled": filled, "assumed": mark})
    return Correction(one, held, row, kept, is_own, is_change)


def _own_row(one: Message, held: Message) -> Message:
    edit = held.edit_date if held.edit_date is None or one.edit_date is None else one.edit_date
    origin = one.fwd_from if _undated(one.fwd_from) == _undated(held.fwd_from) else held.fwd_from
    return replace(held, date=one.date, edit_date=edit, fwd_from=origin)


def _filled_row(one: Message, held: Message, filled: dict[str, Any]) -> Message:
    """The row with what this import filled in; `filled` is brought up to date."""
    row = held
    if one.edit_date is not None and filled.get("edit_date") == _unix(held.edit_date) is not None:
        row, filled["edit_date"] = replace(row, edit_date=one.edit_date), _unix(one.edit_date)
    if one.fwd_from is not None and filled.get("fwd_from") == held.fwd_from is not None:
        row, filled["fwd_from"] = replace(row, fwd_from=one.fwd_from), one.fwd_from
    return row


def _compare(one: Message, held: Message, other: dict[str, Any]) -> None:
    """Bring up to date what the import has otherwise."""
    pairs = {"date": (held.date, one.date), "edit_date": (held.edit_date, one.edit_date)}
    for name, (ours, theirs) in pairs.items():
        if ours is None or theirs is None or (name == "date" and is_day_only(one.extra)):
            continue
        other.pop(name, None)
        if _unix(ours) != _unix(theirs):
            other[name] = {"held": _unix(ours), "imported": _unix(theirs)}


def _undated(origin: str | None) -> Any:
    return None if origin is None else {**orjson.loads(origin), "date": None}


def _unix(date: datetime | None) -> int | None:
    return None if date is None else int(date.timestamp())


def correct(conn: Writer, target: ImportTarget, corrections: Sequence[Correction]) -> list[Message]:
    """Write corrections; return the messages whose rows are others now."""
    changed = [(one.held, one.row) for one in corrections if one.row != one.held]
    zones.put_dates(conn, changed)
    zones.put_notes(
        conn,
        target.channel_id,
        [
            zones.PieceNote(one.piece.message_id, target.import_id, one.piece.payload_sha256, one.differs)
            for one in corrections
        ],
    )
    zones.move_edits(conn, [one.piece for one in corrections])
    if target.seen != target.seen_before:
        own = [one.piece.message_id for one in corrections if one.is_own]
        zones.move_seen(conn, target.channel_id, own, was=target.seen_before, now=target.seen)
    return [row for _, row in changed]


def note_zone(conn: Writer, target: ImportTarget, *, is_correction: bool) -> None:
    """Record on which zone the import rests, with its first page; and that it is under way if it corrects another."""
    if is_correction:
        zones.reopen(conn, target.import_id)
    elif target.zone is not None:
        zones.set_zone(conn, target.import_id, target.zone)
