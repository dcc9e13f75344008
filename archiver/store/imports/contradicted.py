"""Where imports differ from content that replaces theirs: kept in `imported`.

Telegram shows a message that only they had, or another archive has it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from archiver.ids import ChannelId
from archiver.model.compare_import import compare_import, read_compared
from archiver.model.imported import IMPORTED, is_day_only
from archiver.model.other_files import describe_file, list_other_files
from archiver.model.other_values import FILE
from archiver.model.record import Message
from archiver.store.messages.message import read_messages_of

_IMPORTED = (
    "SELECT message_id FROM message WHERE channel_id = ? AND layer = 0"
    " AND message_id IN (SELECT value FROM json_each(?)) ORDER BY message_id"
)
_PIECES = (
    "SELECT import_id, payload_sha256, differs ->> '$.other' FROM imported WHERE channel_id = ? AND message_id = ?"
)
_PUT = (
    "UPDATE imported SET differs = nullif(CASE WHEN ?1 IS NULL THEN json_remove(differs, '$.other')"
    " ELSE json_set(coalesce(differs, '{}'), '$.other', json(?1)) END, '{}')"
    " WHERE channel_id = ?2 AND message_id = ?3 AND import_id = ?4 AND payload_sha256 = ?5"
)


def note_contradicted(conn: sqlite3.Connection, channel_id: ChannelId, seen: Sequence[Message]) -> None:
    """Record what the imports of these messages have otherwise. Call it before the messages are written."""
    shown = {one.message_id: one for one in seen}
    ids = [row[0] for row in conn.execute(_IMPORTED, (channel_id, json.dumps(list(shown))))]
    for held in read_messages_of(conn, channel_id, ids) if ids else ():
        now = shown[held.message_id]
        pieces = conn.execute(_PIECES, (channel_id, held.message_id)).fetchall()
        for import_id, digest, before in pieces:
            other = {**_date_of(held), **orjson.loads(before or "{}")}
            found = list_beside(now, other, held if digest == held.payload_sha256 else None)
            kept = orjson.dumps(found).decode() if found else None
            conn.execute(_PUT, (kept, channel_id, held.message_id, import_id, digest))


def list_beside(now: Message, other: Mapping[str, Any], claimed: Message | None) -> dict[str, Any]:
    """What a piece has otherwise than the message has now.

    `other`: what it had otherwise than another content; `claimed`: that content, if it was made of this piece.
    """
    found = _against(now, other)
    if claimed is not None:
        files = dict(list_other_files(claimed, now))
        if now.layer == IMPORTED:  # its format may not tell of files
            files = {name: both for name, both in files.items() if both["held"] is not None}
        found |= {**compare_import(claimed, now).other, **files}
    return found


def _date_of(held: Message) -> dict[str, Any]:
    """The date that all pieces of a message have which have no other one."""
    return {} if is_day_only(held.extra) else {"date": {"imported": read_compared("date", held)}}


def _against(now: Message, other: Mapping[str, Any]) -> dict[str, Any]:
    """Other values, compared with those of a message; those that are the same are left out."""
    found = {}
    for name, both in other.items():
        held = both.get("held")
        if name == FILE:
            held = describe_file(next((slot for slot in now.media if slot.slot == 0), None))
        elif not name.startswith(FILE):
            held = read_compared(name, now)
        if held != both.get("imported"):
            found[name] = {"held": held, "imported": both.get("imported")}
    return found
