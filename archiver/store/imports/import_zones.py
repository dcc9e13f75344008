"""On which time zones the dates of imported messages rest, and what changes with another one."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import orjson

from archiver.ids import ChannelId, MessageId
from archiver.model.imported import EXACT_DATE
from archiver.model.record import Message
from archiver.store.database import Reader
from archiver.store.imports.import_parts import NOT_EARLIER
from archiver.store.imports.imported_content import follow_last_seen

_NO_OTHER_DATE: Final = f"((i.differs IS NULL OR i.differs ->> '$.other.date' IS NULL) AND {NOT_EARLIER})"
_ASSUMED: Final = f"""
    SELECT m.message_id FROM message AS m
    WHERE m.channel_id = :channel_id AND m.layer = 0 AND m.message_id IN (SELECT value FROM json_each(:ids))
        AND EXISTS (
            SELECT 1 FROM imported AS i JOIN import_source AS s USING (import_id)
            WHERE i.channel_id = m.channel_id AND i.message_id = m.message_id AND i.payload_sha256 = m.payload_sha256
                AND s.zone IS NOT NULL AND {_NO_OTHER_DATE}
                AND NOT (s.format = 'desktop-json' AND instr(m.raw, :exact)))
        AND NOT EXISTS (
            SELECT 1 FROM imported AS i JOIN import_source AS s USING (import_id)
            WHERE i.channel_id = m.channel_id AND i.message_id = m.message_id AND s.zone IS NULL AND {_NO_OTHER_DATE})
"""


class PieceNote(NamedTuple):
    """What is kept of a piece beside it."""

    message_id: MessageId
    import_id: int
    payload_sha256: bytes
    differs: str | None


def list_assumed(conn: Reader, channel_id: ChannelId, message_ids: Sequence[int]) -> set[MessageId]:
    """The imported messages among these whose dates rest on an assumed zone, and no import has an exact one."""
    asked = {"channel_id": channel_id, "ids": json.dumps(list(message_ids)), "exact": EXACT_DATE}
    return {row[0] for row in conn.execute(_ASSUMED, asked)}


def list_notes(conn: Reader, channel_id: ChannelId, message_ids: Sequence[int]) -> list[PieceNote]:
    """What is kept beside the pieces of these messages, those of all imports."""
    rows = conn.execute(
        "SELECT message_id, import_id, payload_sha256, differs FROM imported WHERE channel_id = ?"
        " AND message_id IN (SELECT value FROM json_each(?))",
        (channel_id, json.dumps(list(message_ids))),
    )
    return [PieceNote(*row) for row in rows]


def put_notes(conn: sqlite3.Connection, channel_id: ChannelId, notes: Iterable[PieceNote]) -> None:
    """Replace what is kept beside pieces."""
    conn.executemany(
        "UPDATE imported SET differs = ? WHERE channel_id = ? AND message_id = ? AND import_id = ?"
        " AND payload_sha256 = ?",
        [(one.differs, channel_id, one.message_id, one.import_id, one.payload_sha256) for one in notes],
    )


def put_dates(conn: sqlite3.Connection, dated: Sequence[tuple[Message, Message]]) -> None:
    """Write the dates of messages: as they were, as they are now. What imports say of them is compared again."""
    if not dated:
        return
    conn.executemany(
        "UPDATE message SET date = ?, edit_date = ?, fwd_from = ? WHERE channel_id = ? AND message_id = ?",
        [(_unix(one.date), _unix(one.edit_date), one.fwd_from, one.channel_id, one.message_id) for _, one in dated],
    )
    moved = {now.message_id: (_unix(was.date), _unix(now.date)) for was, now in dated if was.date != now.date}
    channel_id = dated[0][1].channel_id
    notes = list_notes(conn, channel_id, list(moved))
    put_notes(
        conn, channel_id, [one._replace(differs=moved_note(one.differs, *moved[one.message_id])) for one in notes]
    )


def _unix(date: object) -> int | None:
    return None if date is None else int(date.timestamp())  # type: ignore[attr-defined]


def moved_note(differs: str | None, was: int | None, now: int | None) -> str | None:
    """What is kept of a piece once the message has another date."""
    found = {} if differs is None else orjson.loads(differs)
    other = found.pop("other", {})
    claim = other.pop("date", {}).get("imported", was)
    if claim != now:
        other["date"] = {"held": now, "imported": claim}
    return note_of({**found, "other": other})


def note_of(found: dict[str, object]) -> str | None:
    """As it is kept; None if there is nothing."""
    kept = {name: value for name, value in found.items() if value is not None and value != {}}
    return orjson.dumps(kept).decode() if kept else None


def move_seen(
    conn: sqlite3.Connection, channel_id: ChannelId, message_ids: Iterable[int], *, was: int, now: int
) -> None:
    """Record that an export is older or newer than it seemed."""
    message_ids = list(message_ids)
    conn.executemany(
        "UPDATE message SET first_seen = CASE first_seen WHEN ?1 THEN ?2 ELSE first_seen END,"
        " last_seen = CASE last_seen WHEN ?1 THEN ?2 ELSE last_seen END WHERE channel_id = ?3 AND message_id = ?4",
        [(was, now, channel_id, number) for number in message_ids],
    )
    follow_last_seen(conn, channel_id, message_ids)


def move_edits(conn: sqlite3.Connection, messages: Iterable[Message]) -> None:
    """Write the edit dates of earlier contents that are these pieces."""
    conn.executemany(
        "UPDATE revision SET edit_date = ? WHERE channel_id = ? AND message_id = ? AND payload_sha256 = ? AND layer = 0"
        " AND edit_date IS NOT NULL",
        [
            (_unix(one.edit_date), one.channel_id, one.message_id, one.payload_sha256)
            for one in messages
            if one.edit_date is not None
        ],
    )


def set_zone(conn: sqlite3.Connection, import_id: int, zone: str) -> None:
    """Record the zone of an import, unless it has one."""
    conn.execute("UPDATE import_source SET zone = ? WHERE import_id = ? AND zone IS NULL", (zone, import_id))


def reopen(conn: sqlite3.Connection, import_id: int) -> None:
    """Record that an import is under way again."""
    conn.execute("UPDATE import_source SET finished_at = NULL WHERE import_id = ?", (import_id,))
