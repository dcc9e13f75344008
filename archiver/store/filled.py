"""What imports filled in messages that Telegram showed. Rows name it, so that it is not attributed to Telegram."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from archiver.ids import ChannelId
from archiver.model.imported import FILLED_KEY, IMPORTED
from archiver.model.row import StoredMessage
from archiver.store.database import Reader
from archiver.store.soundness import is_damage

_SPREAD: Final = 4
"""Scan a range if it has at most this many ids per wanted message, which is cheaper than looking each one up."""
_FILLED: Final = (
    "SELECT message_id, json_extract(differs, '$.filled') FROM imported WHERE channel_id = ? AND {within}"
    " AND differs IS NOT NULL AND json_type(differs, '$.filled') IS NOT NULL ORDER BY message_id, import_id"
)
_COLUMNS: Final = {"reply_to_msg_id": "reply_to"}
"""Columns that have another key in rows."""


def mark_filled(conn: Reader, messages: Sequence[StoredMessage]) -> Sequence[StoredMessage]:
    """The messages, with the keys that an import filled listed in `extra`."""
    try:
        if conn.execute("SELECT 1 FROM imported LIMIT 1").fetchone() is None:
            return messages
        filled = _list_filled(conn, messages)
    except sqlite3.Error as exc:
        if not is_damage(exc):
            raise
        return messages  # an unreadable list must not cost the messages
    return [_marked(one, filled.get((one.channel_id, one.message_id))) for one in messages] if filled else messages


def _list_filled(conn: Reader, messages: Sequence[StoredMessage]) -> dict[tuple[int, int], dict[str, Any]]:
    by_channel: dict[ChannelId, list[int]] = {}
    for one in messages:
        if one.layer != IMPORTED:
            by_channel.setdefault(one.channel_id, []).append(one.message_id)
    found: dict[tuple[int, int], dict[str, Any]] = {}
    for channel_id, ids in by_channel.items():
        low, high = min(ids), max(ids)
        if high - low < _SPREAD * len(ids):
            rows = conn.execute(_FILLED.format(within="message_id BETWEEN ? AND ?"), (channel_id, low, high))
        else:
            asked = orjson.dumps(ids).decode()
            within = "message_id IN (SELECT value FROM json_each(?))"
            rows = conn.execute(_FILLED.format(within=within), (channel_id, asked))
        for message_id, values in rows:
            found.setdefault((channel_id, message_id), {}).update(orjson.loads(values))
    return found


def _marked(message: StoredMessage, filled: Mapping[str, Any] | None) -> StoredMessage:
    if not filled or message.layer == IMPORTED or message.kind == "stub":
        return message
    names = [_COLUMNS.get(name, name) for name, value in filled.items() if _is_held(message, name, value)]
    if not names:
        return message
    extra = orjson.loads(message.extra) if message.extra else {}
    return message._replace(extra=orjson.dumps({**extra, FILLED_KEY: sorted(set(names))}).decode())


def _is_held(message: StoredMessage, name: str, value: Any) -> bool:
    """Whether the value is still the import's: Telegram may have shown another one since."""
    return name in _COLUMNS or getattr(message, name, None) == value
